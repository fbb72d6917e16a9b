"""The steps of a story that is played to two servers of the Execution API."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from airflow_process import LATEST

DAY = "2024-01-{:02}T00:00:00+00:00"
END = "2024-01-02T00:00:30Z"


def ti(number: int) -> str:
    """An id for a try."""
    return f"0190b1b0-0000-7000-8000-{number:012d}"


@dataclass
class Steps:
    """Collects the steps of one story; each story has a DAG run of its own."""

    steps: list[list[Any]] = field(default_factory=list)

    def do(self, name: str, **payload: Any) -> None:
        self.steps.append(["command", name, payload])

    def ask(
        self, method: str, path: str, body: Any = None, query: dict[str, Any] | None = None, version: str = LATEST
    ) -> None:
        self.steps.append(["request", method, path, query or {}, body, version])

    def run(self, run_id: str, day: int, dag_id: str = "alpha", **more: Any) -> None:
        self.do("dag_run", dag_id=dag_id, run_id=run_id, logical_date=DAY.format(day), **more)

    def queue(
        self, run_id: str, task_id: str, number: int, try_number: int = 1, max_tries: int = 2, map_index: int = -1
    ) -> None:
        self.do(
            "queue",
            dag_id="alpha",
            run_id=run_id,
            task_id=task_id,
            map_index=map_index,
            ti_id=ti(number),
            try_number=try_number,
            max_tries=max_tries,
        )

    def start(self, number: int, pid: int = 7, version: str = LATEST) -> None:
        body = {
            "state": "running",
            "hostname": "host",
            "unixname": "user",
            "pid": pid,
            "start_date": "2024-01-02T00:00:00Z",
        }
        self.ask("PATCH", f"/task-instances/{ti(number)}/run", body, version=version)

    def state(self, number: int, state: str, **more: Any) -> None:
        self.ask("PATCH", f"/task-instances/{ti(number)}/state", {"state": state, **more})

    def beat(self, number: int, pid: int = 7, hostname: str = "host") -> None:
        self.ask("PUT", f"/task-instances/{ti(number)}/heartbeat", {"hostname": hostname, "pid": pid})

    def look(self, run_id: str) -> None:
        """Compare all states of a run."""
        self.ask("GET", "/task-instances/states", query={"dag_id": "alpha", "run_ids": [run_id]})
        self.ask("GET", "/task-instances/breadcrumbs", query={"dag_id": "alpha", "run_id": run_id})
