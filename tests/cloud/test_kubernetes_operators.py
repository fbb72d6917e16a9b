"""Airflow's own operators, with their default arguments, against the emulated cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kubernetes_server import Site
from pytest_dagguard.model.life import Death

pytestmark = pytest.mark.slow
DONE = Death(0, ("hello",), '{"rows": 3}')


def execute(site: Site, folder: Path, name: str, death: Death = DONE) -> dict[str, Any]:
    """Run an operator; a process that it has begun for it ends by itself."""
    site.automatic = 0.0
    site.end_soon(death)
    here = Path(__file__).parent
    own = {"HOME": str(folder), "AIRFLOW_HOME": str(folder / "airflow"), "PYTHONPATH": str(here.parent.parent)}
    done = subprocess.run(
        [sys.executable, str(here / "kubernetes_operators.py"), name],
        env={**os.environ, **site.emulator.environment(site.url), **own},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert site.tap.refusals == []
    return said


def left(site: Site) -> list[str]:
    return [where[0] for where in site.emulator.cluster.store.objects if where[0] in ("pods", "jobs.batch")]


@pytest.mark.parametrize(
    ("name", "result", "remains"),
    [
        ("sync", None, []),
        ("xcom", {"rows": 3}, []),
        ("deferrable", None, []),
        ("deferrable-xcom", {"rows": 3}, []),
        ("keep", None, ["pods"]),
        ("job", None, ["jobs.batch"]),
        ("job-xcom", {"rows": 3}, ["jobs.batch"]),
    ],
)
def test_an_operator_comes_to_its_end(kube: Site, tmp_path: Path, name: str, result: Any, remains: list[str]) -> None:
    said = execute(kube, tmp_path, name)
    assert said.get("error") is None
    assert said["result"] == result
    assert sorted(left(kube)) == remains
    assert len(kube.world.births) == 1


def test_the_requests_are_those_of_the_contract(kube: Site, tmp_path: Path) -> None:
    execute(kube, tmp_path, "sync")
    verbs = [each.partition(" k8s:")[0] for each in kube.lines]
    assert verbs[:3] == ["list pods", "create pods", "list pods"]
    assert "get pods/log" in verbs
    assert verbs[-1] == "delete pods"
    assert len(verbs) == 12


def test_a_container_that_fails_fails_its_task(kube: Site, tmp_path: Path) -> None:
    said = execute(kube, tmp_path, "keep", Death(3, ("oh no",)))
    assert "returned a failure" in said["error"]
    (pod,) = [each for where, each in kube.emulator.cluster.store.objects.items() if where[0] == "pods"]
    assert pod["metadata"]["labels"]["already_checked"] == "True"
