"""Speaks to the emulator of the Execution API as a task does, and as the director."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote, urlencode

from multidict import CIMultiDict

from pytest_dagguard.cloud.airflow_api import EMULATOR, AirflowApi
from pytest_dagguard.cloud.emulator import Blobs, Caller, Request
from pytest_dagguard.model.operation import Operation
from pytest_dagguard.model.seed import Seed

ONE, TWO = "0190b1b0-0000-7000-8000-000000000001", "0190b1b0-0000-7000-8000-000000000002"
NOON = datetime(2024, 1, 2, 12, tzinfo=timezone.utc)
START = {"state": "running", "hostname": "h", "unixname": "u", "pid": 1, "start_date": "2024-01-02T00:00:00Z"}
END = "2024-01-02T00:00:30Z"


class Airflow:
    """An emulator with a run of a DAG of three tasks, at noon."""

    def __init__(self, **seed: Any) -> None:
        self.api: AirflowApi = EMULATOR(Blobs(), True)
        self.api.now = lambda: NOON
        self.api.seed(Seed(**seed))
        self.api.command("dag_run", {"dag_id": "d", "run_id": "r", "logical_date": "2024-01-02T00:00:00+00:00"})
        self.api.command("tasks", {"dag_id": "d", "task_ids": ["a", "b", "m"]})

    def request(
        self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None, version: str = ""
    ) -> Request:
        content = b"" if body is None else json.dumps(body).encode()
        headers = CIMultiDict({"airflow-api-version": version or "2026-06-30"})
        return Request(method, "x", f"/execution{quote(path)}", urlencode(query or {}, doseq=True), headers, content)

    def name(self, *args: Any, **kwargs: Any) -> Operation:
        return self.api.classify(self.request(*args, **kwargs))

    def ask(self, *args: Any, endpoints: Mapping[str, str] | None = None, **kwargs: Any) -> tuple[int, Any]:
        answer = self.api.apply(self.request(*args, **kwargs), Caller("attempt 1", endpoints or {}))
        return answer.status, json.loads(answer.body) if answer.body else None

    def queue(self, ti_id: str, try_number: int = 1, task_id: str = "a", map_index: int = -1, **more: Any) -> None:
        payload = {"dag_id": "d", "run_id": "r", "task_id": task_id, "map_index": map_index, "ti_id": ti_id}
        self.api.command("queue", {**payload, "try_number": try_number, "max_tries": 1, **more})

    def start(self, ti_id: str = ONE) -> tuple[int, Any]:
        return self.ask("PATCH", f"/task-instances/{ti_id}/run", START)

    def state(self, ti_id: str, state: str, **more: Any) -> tuple[int, Any]:
        return self.ask("PATCH", f"/task-instances/{ti_id}/state", {"state": state, **more})

    def ti(self, **which: Any) -> Any:
        return self.api.command("ti", which)

    def contents(self) -> dict[str, Any]:
        return {name: json.loads(self.api.blobs.contents[each.digest]) for name, each in self.api.entries().items()}
