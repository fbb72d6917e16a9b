"""The repository that is measured, and the environment of what runs in it beside pytest-dagguard."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_dagguard.engine.link import Link
from pytest_dagguard.isolation import environment, network

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE / "repository"
KINDS = {
    "empty task": "empty_task",
    "GCS task": "gcs_task",
    "boto3 task": "boto3_task",
    "S3 operator": "s3_operator",
}
"""What each kind of task is called here -> its file, DAG; the task's name is always ``work``."""


class Cloud:
    """The emulators, for programs that are not attempts: they get the same answers, from a process of their own."""

    def __init__(self, folder: Path) -> None:
        """
        :param folder: for its log
        """
        self._link = Link(
            "pytest_dagguard.cloud", ["1", ""], environment.cleaned(os.environ), folder, folder / "peers.log"
        )
        _, pid, enclosed = self._link.expect("ready", 120.0)
        self._pid: int = pid if enclosed else 0
        _, self.variables = self._link.call("open", "peer", False)
        self._link.call("allow", "peer", None)

    @property
    def enter(self) -> Callable[[], Any] | None:
        """To be called in a child, so that it is in the emulators' network."""
        return (lambda: network.enter(self._pid)) if self._pid else None

    def close(self) -> None:
        """End it."""
        self._link.close()


def airflow_home(folder: Path) -> dict[str, str]:
    """Variables for an Airflow of its own, with a database in that folder."""
    return {
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": json.dumps(
            {"conn_type": "google_cloud_platform", "extra": {"is_anonymous": True, "project": "bench"}}
        ),
        "AIRFLOW_CONN_AWS_DEFAULT": json.dumps({"conn_type": "aws"}),
        "NO_COLOR": "1",
    }


def run(command: Sequence[str], variables: Mapping[str, str], log: Path, cloud: Cloud | None = None) -> None:
    """Run a program to its end.

    :raises RuntimeError: it failed; with the end of its output
    """
    with log.open("wb") as sink:
        ended = subprocess.run(
            [sys.executable, "-m", *command],
            env={**environment.cleaned(os.environ), **(cloud.variables if cloud else {}), **variables},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            preexec_fn=cloud.enter if cloud else None,
            check=False,
        )
    if ended.returncode:
        raise RuntimeError(f"{' '.join(command)} failed\n{log.read_text(errors='replace')[-3000:]}")
