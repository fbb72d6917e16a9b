from __future__ import annotations

import pytest

from pytest_dagguard.model.attempt import AttemptResult
from pytest_dagguard.model.outcome import Outcome


@pytest.mark.parametrize("state", ["success", "skipped"])
def test_airflow_goes_on_after_these(state: str) -> None:
    assert AttemptResult("attempt 1", state).succeeded


@pytest.mark.parametrize(
    "state", ["failed", "up_for_retry", "deferred", "up_for_reschedule", "refused", "killed", "crashed", "running"]
)
def test_airflow_does_not_go_on_after_these(state: str) -> None:
    assert not AttemptResult("attempt 1", state).succeeded


def test_the_last_is_the_one_that_started_last() -> None:
    results = {name: AttemptResult(name, "success") for name in ("attempt 2", "attempt 1")}
    assert Outcome({}, {}, (), results).last.actor == "attempt 1"
