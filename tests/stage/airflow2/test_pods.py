"""A pod that outlives its worker under Airflow 2.11: ``reattach_on_restart`` decides what its retry does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from laboratory import Laboratory
from pytest_dagguard.model.operation import Selector
from pytest_dagguard.model.plan import Kill, Run

from .old_files import dag

SOURCE = """
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator as Pod
common = {"image": "ok:1", "retries": 1, "on_finish_action": "keep_pod"}
Pod(task_id="usual", name="usual", **common)
Pod(task_id="reattaches", name="reattaches", reattach_on_restart=True, **common)
Pod(task_id="anew", name="anew", reattach_on_restart=False, **common)
Pod(task_id="defers", name="defers", deferrable=True, **common)
"""
CREATED = Selector("kubernetes", "create pods", ".*", 1)
FOLLOWED = Selector("kubernetes", "get pods/log", ".*", 1)


@pytest.fixture(scope="module")
def path(lab: Laboratory) -> Iterator[Path]:
    lab.lab.cloud.call("behaviours", {"images": {"ok:*": "succeed"}})
    yield dag(lab, SOURCE)
    lab.lab.cloud.call("behaviours", {})


@pytest.mark.parametrize(
    ("task_id", "pods"), [("usual", 1), ("reattaches", 1), ("anew", 2), ("defers", 1)], ids=lambda each: str(each)
)
@pytest.mark.parametrize("where", [CREATED, FOLLOWED], ids=["as it is created", "while it runs"])
def test_a_retry_takes_up_the_pod_unless_it_is_told_not_to(
    lab: Laboratory, path: Path, task_id: str, pods: int, where: Selector
) -> None:
    if task_id == "defers" and where is FOLLOWED:
        where = Selector("airflow", "ti.state", ".*", 1)
    outcome = lab.run(path, (Run(1, where), Kill(1), Run(2)), task_id=task_id, retries=1)
    assert not outcome.unreachable
    assert outcome.last.state == "success", outcome.last.log
    made = [each for each in outcome.history if each.operation.verb == "create pods" and each.status == 201]
    assert len(made) == pods
