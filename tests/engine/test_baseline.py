"""A baseline: what is known does not fail, what is new does, and what is mended leaves it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_dagguard.engine import baseline
from pytest_dagguard.model.errors import ConfigurationError
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.verdict import Verdict

FIRST = Finding("missing-retries", "a has no retries", "a", "dags/a.py", 2)
SECOND = Finding("missing-retries", "b has no retries", "b", "dags/a.py", 3)
RULE = Verdict("rule", "missing-retries", "fail", "dags/a.py", "d", findings=(FIRST, SECOND))
SCENARIO = Verdict(
    "scenario", "killed", "fail", "dags/a.py", "d", "a", findings=(Finding("lost", "x", "s3://a/b", "dags/a.py", 2),)
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "a.py").write_text("with DAG():\n    a = task()\n    b = task()\n")
    return tmp_path


def written(root: Path, *verdicts: Verdict) -> baseline.Baseline:
    baseline.write(root / "known.json", verdicts, root)
    return baseline.read(root / "known.json", "known.json")


@pytest.mark.parametrize("verdict", [RULE, SCENARIO], ids=["rule", "scenario"])
def test_what_is_known_passes(root: Path, verdict: Verdict) -> None:
    applied = written(root, verdict).apply(verdict, root)
    assert (applied.verdict, applied.findings) == ("pass", ())
    assert "in the baseline" in applied.notes[0]


def test_what_is_new_fails(root: Path) -> None:
    known = written(root, replace(RULE, findings=(FIRST,)))
    applied = known.apply(RULE, root)
    assert (applied.verdict, applied.findings) == ("fail", (SECOND,))
    other = replace(RULE, dag_id="another")
    assert known.apply(other, root) == other


def test_one_known_finding_does_not_cover_two(root: Path) -> None:
    twice = replace(SCENARIO, findings=SCENARIO.findings * 2)
    assert len(written(root, SCENARIO).apply(twice, root).findings) == 1


def test_lines_above_may_come_and_go(root: Path) -> None:
    known = written(root, RULE)
    file = root / "dags" / "a.py"
    file.write_text("# a comment\n" + file.read_text())
    moved = replace(RULE, findings=tuple(replace(each, line=each.line + 1) for each in RULE.findings))
    assert known.apply(moved, root).verdict == "pass"
    file.write_text(file.read_text().replace("b = task()", "b = task(x=1)"))
    assert [each.resource for each in known.apply(moved, root).findings] == ["b"]


def test_it_says_how_many_are_new(root: Path) -> None:
    path = root / "known.json"
    assert baseline.write(path, [replace(RULE, findings=(FIRST,))], root) == 1
    assert baseline.write(path, [RULE, SCENARIO], root) == 2


def test_what_was_not_judged_stays_and_what_passes_goes(root: Path) -> None:
    written(root, RULE, SCENARIO)
    known = written(root, replace(SCENARIO, verdict="inconclusive", findings=()))
    assert len(known.known) == 2
    known = written(root, replace(SCENARIO, verdict="pass", findings=()))
    assert [place[3] for place in known.known] == ["missing-retries"]
    known = written(root, Verdict("rule", "rules", "pass", "dags/a.py"))
    assert known.known == {}


def test_the_item_for_all_kept_rules_and_one_that_fails_are_of_one_run(root: Path) -> None:
    kept = Verdict("rule", "rules", "pass", "dags/a.py")
    for order in ([RULE, kept], [kept, RULE]):
        assert [place[3] for place in written(root, *order).known] == ["missing-retries"]


@pytest.mark.parametrize(
    ("text", "said"), [(None, "there is no such baseline"), ("{", "not a baseline"), ('{"version": 9}', "version 9")]
)
def test_a_file_that_cannot_be_used_is_said(root: Path, text: str | None, said: str) -> None:
    if text is not None:
        (root / "known.json").write_text(text)
    with pytest.raises(ConfigurationError, match=f"known.json: .*{said}"):
        baseline.read(root / "known.json", "known.json")
