"""The run of rules: what is active, what is ignored and by whom, and what a rule that breaks comes to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from pytest_dagguard.engine.hygiene import Hygiene
from pytest_dagguard.engine.sources import Sources
from pytest_dagguard.model import registry
from pytest_dagguard.model.dag import Dag, DagFile, Task
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import Choice, Rule, Subject

SOURCE = """
from airflow.sdk import DAG

with DAG("d"):
    a = task()
    b = task()  # dagguard: ignore[probe] it is meant so
    c = task()  # dagguard: ignore[probe]
    d = task()  # dagguard: ignore[other] of another rule
    e = other()  # dagguard: ignore[probe] nothing to find here
    f = other()  # dagguard: ignore[prob] mistyped
"""


def probe(subject: Subject) -> Iterator[Finding]:
    assert subject.source is not None
    for number, line in enumerate(subject.source.text.splitlines(), start=1):
        if "task()" in line:
            yield Finding("probe", "a task", line=number)


def broken(subject: Subject) -> Iterator[Finding]:
    yield Finding("broken", "before it breaks")
    raise ValueError("no such thing")


def whole(subject: Subject) -> Iterator[Finding]:
    yield Finding(
        "whole", f"{len(subject.repository.files)} {subject.repository.complete} {len(subject.repository.owners)}"
    )


def unused(subject: Subject) -> Iterator[Finding]:
    for each in subject.unused:
        yield Finding("unused-ignore", ", ".join(each.names), line=each.line)


RULES = {
    "probes": (
        Rule("probe", "file", "error", "", "", probe),
        Rule("other", "file", "warning", "", "", lambda subject: ()),
        Rule("quiet", "file", "info", "", "", probe),
        Rule("switched-off", "file", "off", "", "", probe),
    ),
    "others": (
        Rule("broken", "dag", "error", "", "", broken),
        Rule("whole", "dag", "error", "", "", whole, whole=True),
        Rule("unused-ignore", "file", "warning", "", "", unused, whole=True),
        Rule("at-large", "repository", "error", "", "", whole),
    ),
}


@pytest.fixture
def hygiene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Hygiene:
    monkeypatch.setattr(registry, "collect", lambda package, attribute: RULES)
    (tmp_path / "dags").mkdir()
    file = tmp_path / "dags" / "a.py"
    file.write_text(dedent(SOURCE))
    made = Hygiene(tmp_path, getattr(request, "param", Choice()), Sources(tmp_path), {}, lambda: frozenset({str(file)}))
    made.add(DagFile(str(file), (Dag("d", 4, (Task("t", "x.Y", 5),)),)))
    return made


def path(hygiene: Hygiene) -> str:
    return next(iter(hygiene.files))


def active(hygiene: Hygiene) -> dict[str, str]:
    return {name: each.severity for name, each in hygiene.active.items()}


DEFAULT = {
    "probe": "error",
    "other": "warning",
    "quiet": "info",
    "broken": "error",
    "whole": "error",
    "unused-ignore": "warning",
    "at-large": "error",
}


@pytest.mark.parametrize(
    ("hygiene", "expected"),
    [
        (Choice(), DEFAULT),
        (Choice(select=("probes",)), {"probe": "error", "other": "warning", "quiet": "info"}),
        (Choice(select=("switched-off",)), {"switched-off": "warning"}),
        (Choice(select=("probes",), ignore=("probe",)), {"other": "warning", "quiet": "info"}),
        (Choice(ignore=("probes", "others")), {}),
        (Choice(select=("probe", "others"), ignore=("probes", "others")), {"probe": "error"}),
        (Choice(severity={"switched-off": "error"}), {**DEFAULT, "switched-off": "error"}),
        (
            Choice(select=("probes",), severity={"probes": "info", "probe": "off"}),
            {"other": "info", "quiet": "info", "switched-off": "info"},
        ),
    ],
    indirect=["hygiene"],
)
def test_select_ignore_and_severity(hygiene: Hygiene, expected: dict[str, str]) -> None:
    assert active(hygiene) == expected


def test_findings_weigh_what_the_severity_says(hygiene: Hygiene) -> None:
    weights = {name: hygiene.judge(name, path(hygiene)).verdict for name in ("probe", "other", "quiet")}
    assert weights == {"probe": "fail", "other": "pass", "quiet": "pass"}
    assert hygiene.judge("quiet", path(hygiene)).findings, "a note is kept for the reports"


def test_an_ignore_with_a_reason_silences_its_rule_on_its_line(hygiene: Hygiene) -> None:
    verdict = hygiene.judge("probe", path(hygiene))
    assert [each.line for each in verdict.findings] == [5, 7, 8]
    assert verdict.notes == ("ignored in dags/a.py:6, because: it is meant so",)
    assert {each.file for each in verdict.findings} == {"dags/a.py"}


def test_ignores_that_ignore_nothing_are_told(hygiene: Hygiene) -> None:
    found = hygiene.judge("unused-ignore", path(hygiene)).findings
    assert {each.line: each.message for each in found} == {8: "other", 9: "probe", 10: "prob"}


@pytest.mark.parametrize("hygiene", [Choice(ignore=("probe",))], indirect=True)
def test_an_ignore_of_a_rule_that_is_not_looked_for_may_be_used(hygiene: Hygiene) -> None:
    assert 9 not in [each.line for each in hygiene.judge("unused-ignore", path(hygiene)).findings]


@pytest.mark.parametrize("hygiene", [Choice(per_file={"dags/*": ("probes",), "lib/*": ("broken",)})], indirect=True)
def test_rules_are_not_looked_for_in_files_that_are_spared(hygiene: Hygiene) -> None:
    assert [name for name, _ in hygiene.of_file(path(hygiene), whole=False)] == ["broken"]


def test_a_rule_that_breaks_is_inconclusive_and_says_where(hygiene: Hygiene) -> None:
    dag = hygiene.files[path(hygiene)].dags[0]
    verdict = hygiene.judge("broken", path(hygiene), dag)
    assert (verdict.verdict, verdict.findings) == ("inconclusive", ())
    assert verdict.reason is not None
    assert "ValueError: no such thing (test_hygiene.py:" in verdict.reason


def test_a_finding_without_a_line_is_about_the_dag(hygiene: Hygiene) -> None:
    dag = hygiene.files[path(hygiene)].dags[0]
    (finding,) = hygiene.judge("whole", path(hygiene), dag).findings
    assert (finding.file, finding.line) == ("dags/a.py", 4)


def test_rules_on_all_files_know_whether_these_are_all(hygiene: Hygiene) -> None:
    assert hygiene.judge("at-large").findings[0].message == "1 True 1"
    hygiene.all_files = lambda: frozenset({path(hygiene), "/another.py"})
    hygiene.add(DagFile(str(hygiene.root / "dags" / "b.py")))
    dag = hygiene.files[path(hygiene)].dags[0]
    assert hygiene.judge("whole", path(hygiene), dag).findings[0].message == "2 False 1"
