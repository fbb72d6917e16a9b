"""The figures of a clean run, and what rules say of them beside what a scenario found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pytest_dagguard.engine.walk import Baseline
from pytest_dagguard.model import verdict as verdicts
from pytest_dagguard.model.measured import Measured
from pytest_dagguard.model.verdict import Verdict

_WEIGHT = (verdicts.PASS, verdicts.WARN, verdicts.FAIL)


def measured(baseline: Baseline) -> Measured:
    """What a task took in its clean run."""
    outcome = baseline.outcome
    if outcome is None or not outcome.results:
        return Measured()
    details = [dict(each.details) for each in outcome.results.values()]
    subject = baseline.subject
    prefix = f"xcom://{subject.dag_id}/{subject.run_id}/{subject.task_id}/"
    return Measured(
        memory=max(int(each.get("grown", 0)) for each in details),
        cpu=sum(float(each.get("cpu", 0.0)) for each in details),
        operations=sum(1 for each in outcome.history if each.operation.service != "airflow"),
        xcoms={
            name.removeprefix(prefix): entry.size
            for name, entry in outcome.after.items()
            if entry.kind == "xcom" and name.startswith(prefix)
        },
    )


def added(verdict: Verdict, said: Iterable[Verdict]) -> Verdict:
    """A scenario's verdict with the findings of rules: it weighs as much as the gravest of them."""
    for each in said:
        kinds = [kind for kind in (verdict.verdict, each.verdict) if kind in _WEIGHT]
        verdict = replace(
            verdict,
            verdict=max(kinds, key=_WEIGHT.index),
            findings=(*verdict.findings, *each.findings),
            notes=(*verdict.notes, *each.notes, *([f"{each.check}: {each.reason}"] if each.reason else [])),
        )
    return verdict
