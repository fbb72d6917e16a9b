"""What tests of this folder share: DAG files as Airflow 2 has them, and what became of their tasks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from laboratory import Laboratory
from pytest_dagguard.model.outcome import Outcome

OLD = "from airflow import DAG\nfrom airflow.decorators import task\nfrom airflow.models import Variable\n"


def verbs(outcome: Outcome, *, reads: bool = False) -> list[str]:
    """The operations on Airflow, in order."""
    found = [each.operation for each in outcome.history if each.operation.service == "airflow"]
    return [each.verb for each in found if reads or each.verb != "dagrun.previous"]


def content(lab: Laboratory, outcome: Outcome, name: str) -> Any:
    """What is in the cloud under a name, from JSON."""
    return json.loads(lab.lab.content(outcome.after[name].digest))


def dag(lab: Laboratory, source: str) -> Path:
    """A file with the DAG ``d``, in which the source makes the operators."""
    body = "\n".join("    " + line for line in source.strip("\n").splitlines())
    return lab.write(f"{OLD}\nfrom datetime import datetime, timedelta\nwith DAG('d', schedule=None) as d:\n{body}\n")
