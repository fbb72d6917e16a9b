"""What a clean run takes, measured on real tasks, and told with the first verdict on them."""

from __future__ import annotations

from laboratory import Laboratory
from pytest_dagguard.engine.session import Session
from pytest_dagguard.model.dag import Dag
from pytest_dagguard.model.rule import Choice
from pytest_dagguard.model.verdict import Verdict


def verdicts(lab: Laboratory, body: str, choice: Choice, *names: str, measures: bool = True) -> list[Verdict]:
    path = lab.task(body)
    session = Session(lab.session.options, lab.session.terms, {}, "tests/dagguard", choice)
    session._lab, session.measures = lab.lab, measures
    try:
        (dag,) = session.load(path).dags
        assert isinstance(dag, Dag)
        return [session.verdict(path, dag, dag.tasks[0], name) for name in names or ("twice",)]
    finally:
        session._walk = None


HEAVY = """
    import tiny
    for number in range(3):
        tiny.put(f"out/{number}", b"x")
    kept = bytearray(64 << 20)
    return "x" * 60_000
"""


def test_a_heavy_task_is_told_once(lab: Laboratory) -> None:
    values = {"task-memory-or-time": {"megabytes": 40, "operations": 2}}
    first, second = verdicts(lab, HEAVY, Choice(values=values), "twice", "killed")
    assert first.verdict == "warn"
    assert [each.cls for each in first.findings] == ["task-memory-or-time", "xcom-size"]
    assert "MB of memory (the budget is 40) and 3 requests" in first.findings[0].message
    assert first.findings[0].file.startswith("dags/")
    assert (second.verdict, second.findings) == ("pass", ())


def test_the_same_task_is_kept_within_the_usual_budgets(lab: Laboratory) -> None:
    (first,) = verdicts(lab, HEAVY, Choice(ignore=("xcom-size",)))
    assert (first.verdict, first.findings) == ("pass", ())


def test_nothing_is_told_where_rules_are_not_asked_for(lab: Laboratory) -> None:
    (first,) = verdicts(lab, HEAVY, Choice(), measures=False)
    assert (first.verdict, first.findings) == ("pass", ())


def test_severity_and_ignores_hold_for_them_too(lab: Laboratory) -> None:
    choice = Choice(severity={"xcom-size": "error"})
    (first,) = verdicts(lab, HEAVY, choice)
    assert first.verdict == "fail"
    (first,) = verdicts(lab, HEAVY, Choice(per_file={"dags/*": ("measured",)}))
    assert first.verdict == "pass"
