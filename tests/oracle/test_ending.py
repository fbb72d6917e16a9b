from __future__ import annotations

import pytest

from pytest_dagguard.model.attempt import AttemptResult
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.oracle.ending import ending, success_after_kill


@pytest.mark.parametrize(
    ("clean", "state", "found"),
    [
        ("success", "success", False),
        ("skipped", "skipped", False),
        ("success", "failed", False),  # judged as cannot-finish
        ("success", "skipped", True),
        ("skipped", "success", True),
    ],
)
def test_a_state_that_differs_from_the_clean_runs_is_found(clean: str, state: str, found: bool) -> None:
    end, fault = AttemptResult("attempt 2", state), "attempt 1 is killed after PutObject s3://b/k"
    findings = ending(clean, end, fault, [("load", "skipped"), ("tidy", ""), ("tell", "skipped")])
    assert bool(findings) is found
    for each in findings:
        assert each.cls == "changed"
        assert f"ends {state} where one clean run ends {clean}" in each.message
        assert each.message.endswith("of the tasks after it, load and tell are skipped and tidy runs.")


def test_a_state_that_means_nothing_to_the_tasks_after_it_is_not_found() -> None:
    assert ending("success", AttemptResult("attempt 2", "skipped"), "") == ()


LOST = Finding("lost", "s3://b/k is gone", "s3://b/k")
LEAK = Finding("leak", "s3://b/tmp stays behind", "s3://b/tmp")


@pytest.mark.parametrize(
    ("findings", "actor", "state", "scenario", "classes"),
    [
        ((LOST,), "attempt 1", "success", "terminated", ["success-after-kill"]),
        ((LEAK,), "attempt 1", "success", "terminated", ["leak"]),  # a warning is no work cut short
        ((LOST,), "attempt 2", "success", "terminated", ["lost"]),  # its retry's success is not the kill's
        ((LOST,), "attempt 1", "failed", "terminated", ["lost"]),
        ((LOST,), "attempt 1", "success", "unacknowledged", ["lost"]),
        ((), "attempt 1", "success", "terminated", []),
    ],
)
def test_a_success_of_the_terminated_attempt_with_damage_is_named(
    findings: tuple[Finding, ...], actor: str, state: str, scenario: str, classes: list[str]
) -> None:
    found = success_after_kill(findings, AttemptResult(actor, state), scenario)
    assert [each.cls for each in found] == classes
