from __future__ import annotations

import pytest

from pytest_dagguard.model.attempt import AttemptResult
from pytest_dagguard.oracle.ending import ending


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
    findings = ending(clean, AttemptResult("attempt 2", state), "attempt 1 is killed after PutObject s3://b/k")
    assert bool(findings) is found
    for each in findings:
        assert each.cls == "changed"
        assert f"ends {state} where one clean run ends {clean}" in each.message
