"""The same requests to Airflow's own Execution API and to ours: statuses and bodies have to agree."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from multidict import CIMultiDict

from pytest_dagguard.cloud.airflow_api import EMULATOR
from pytest_dagguard.cloud.emulator import Blobs, Caller, Request
from pytest_dagguard.model.seed import Seed

REFERENCE = Path(__file__).with_name("airflow_reference.py")
NEWEST = {"3.0": "2025-08-10", "3.1": "2025-11-05", "3.2": "2026-04-06", "3.3": "2026-06-30"}
"""The version of the API that each Airflow's own clients speak."""

LATEST = NEWEST[".".join(metadata.version("apache-airflow").split(".")[:2])]
OLDER = tuple(
    each
    for each in ("2026-04-06", "2025-11-05", "2025-10-27", "2025-09-23", "2025-05-20", "2025-04-28")
    if each < LATEST
)
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


def starts_and_heartbeats(s: Steps) -> None:
    s.run("beats", day=5)
    s.start(999)
    s.beat(999)
    s.queue("beats", "extract", 1)
    s.beat(1)
    s.start(1)
    s.start(1)
    s.start(1, pid=8)
    s.beat(1)
    s.beat(1, pid=8)
    s.beat(1, hostname="elsewhere")
    s.look("beats")
    s.ask("PATCH", f"/task-instances/{ti(1)}/run", {"state": "running"})
    s.ask("PATCH", f"/task-instances/{ti(1)}/run", {"state": "queued", "pid": "x", "more": 1})
    s.ask("PATCH", f"/task-instances/{ti(1)}/run")
    s.ask("PUT", f"/task-instances/{ti(1)}/heartbeat", {"hostname": 1})
    s.ask("PUT", f"/task-instances/{ti(1)}/heartbeat", [])


def superseded(s: Steps) -> None:
    s.run("zombie", day=6)
    s.queue("zombie", "extract", 10)
    s.start(10)
    s.queue("zombie", "extract", 11, try_number=2)
    s.beat(10)
    s.state(10, "success", end_date=END, task_outlets=[], outlet_events=[])
    s.state(10, "failed", end_date=END)
    s.ask("PUT", f"/task-instances/{ti(10)}/rtif", {"a": "b"})
    s.ask("PATCH", f"/task-instances/{ti(10)}/rendered-map-index", "x")
    s.ask("PATCH", f"/task-instances/{ti(10)}/skip-downstream", {"tasks": ["load"]})
    s.ask("GET", f"/store/ti/{ti(10)}/job")
    s.ask("PUT", f"/store/ti/{ti(10)}/job", {"value": 1})
    s.ask("DELETE", f"/store/ti/{ti(10)}/job")
    s.ask("DELETE", f"/store/ti/{ti(10)}")
    s.ask("GET", f"/task-instances/{ti(10)}/previous-successful-dagrun")
    s.ask("GET", f"/task-instances/{ti(10)}/validate-inlets-and-outlets")
    s.ask("GET", f"/task-reschedules/{ti(10)}/start_date")
    s.start(10)
    s.ask("POST", "/xcoms/alpha/zombie/extract/return_value", 5)
    s.start(11)
    s.beat(11)
    s.state(11, "success", end_date=END, task_outlets=[], outlet_events=[])
    s.beat(11)
    s.look("zombie")


def ends(s: Steps) -> None:
    s.run("ends", day=7)
    for number, (task_id, state) in enumerate(
        [("extract", "success"), ("transform", "failed"), ("load", "skipped"), ("once", "removed")], start=20
    ):
        s.queue("ends", task_id, number, max_tries=0 if task_id == "once" else 2)
        s.state(number, state, end_date=END)
        s.start(number)
        s.state(number, state, end_date=END, rendered_map_index="x")
        s.state(number, state, end_date=END)
        s.state(number, "failed", end_date=END)
        s.state(number, "up_for_retry", end_date=END)
        s.start(number)
        s.beat(number)
        s.look("ends")
    s.state(20, "nonsense")
    s.state(20, "success")
    s.state(20, "deferred", classpath=1)
    s.state(20, "queued")
    s.ask("PATCH", f"/task-instances/{ti(20)}/state", {})
    s.ask("PATCH", f"/task-instances/{ti(20)}/state", {"state": "success", "end_date": "2024-01-01"})
    s.queue("ends", "many", 24)
    s.start(24)
    s.state(24, "queued")
    s.look("ends")
    s.state(24, "upstream_failed", end_date=END)


def retries(s: Steps) -> None:
    s.run("retry", day=8)
    s.queue("retry", "extract", 30)
    s.start(30)
    s.ask("POST", "/xcoms/alpha/retry/extract/return_value", {"a": [1]})
    s.ask("POST", "/xcoms/alpha/retry/extract/other", None)
    s.ask("PUT", f"/store/ti/{ti(30)}/job", {"value": {"id": 5}})
    more = {"retry_delay_seconds": 3.5, "retry_reason": "because"} if LATEST >= "2026-06-30" else {}
    s.state(30, "up_for_retry", end_date=END, **more)
    s.look("retry")
    s.beat(30)
    s.state(30, "up_for_retry", end_date=END)
    s.state(30, "failed", end_date=END)
    s.ask("GET", f"/store/ti/{ti(30)}/job")
    s.queue("retry", "extract", 31, try_number=2)
    s.look("retry")
    s.start(31)
    s.ask("GET", f"/store/ti/{ti(31)}/job")
    s.ask("DELETE", "/xcoms/alpha/retry/extract/return_value")
    s.ask("DELETE", "/xcoms/alpha/retry/extract/other")
    s.queue("retry", "extract", 32, try_number=3)
    s.start(32)
    s.state(32, "failed", end_date=END)
    s.queue("retry", "extract", 33, try_number=4, max_tries=3)
    s.start(33)
    s.queue("retry", "once", 34, max_tries=0)
    s.start(34)
    s.look("retry")


def deferrals(s: Steps) -> None:
    s.run("defer", day=9)
    s.queue("defer", "extract", 40)
    s.start(40)
    s.ask("POST", "/xcoms/alpha/defer/extract/before", 1)
    wanted = {
        "classpath": "some.Trigger",
        "trigger_kwargs": {"moment": 1},
        "trigger_timeout": "PT30S",
        "next_method": "execute_complete",
        "next_kwargs": {"x": 1},
    }
    if LATEST < "2026-04-06":  # clients before 3.2 send what Airflow has serialized
        wanted |= {name: {"__type": "dict", "__var": wanted[name]} for name in ("trigger_kwargs", "next_kwargs")}
    s.state(40, "deferred", **wanted)
    s.state(40, "deferred", **wanted)
    s.beat(40)
    s.state(40, "success", end_date=END)
    s.start(40)
    s.queue("defer", "extract", 40)
    s.start(40)
    s.look("defer")
    s.state(40, "success", end_date=END)
    s.look("defer")
    s.queue("defer", "load", 41)
    s.start(41)
    s.state(41, "deferred", classpath="some.Trigger", next_method="execute_complete")
    s.queue("defer", "load", 41)
    s.start(41)


def reschedules(s: Steps) -> None:
    s.run("again", day=10)
    s.queue("again", "extract", 50)
    s.ask("GET", f"/task-reschedules/{ti(50)}/start_date", query={"try_number": 1})
    s.start(50)
    s.state(50, "up_for_reschedule", end_date=END, reschedule_date="2024-01-02T00:10:00Z")
    s.state(50, "up_for_reschedule", end_date=END, reschedule_date="2024-01-02T00:10:00Z")
    s.ask("GET", f"/task-reschedules/{ti(50)}/start_date")
    s.beat(50)
    s.look("again")
    s.queue("again", "extract", 50)
    s.start(50)
    s.state(50, "up_for_retry", end_date=END)
    s.queue("again", "extract", 51, try_number=2)
    s.start(51)
    s.ask("GET", f"/task-reschedules/{ti(51)}/start_date")


def skips(s: Steps) -> None:
    s.run("skips", day=11)
    s.queue("skips", "extract", 60)
    s.start(60)
    s.do("state", dag_id="alpha", run_id="skips", task_id="once", state="failed")
    s.ask("PATCH", f"/task-instances/{ti(60)}/skip-downstream", {"tasks": ["transform", ["load", -1], "once", "nope"]})
    s.ask("PATCH", f"/task-instances/{ti(60)}/skip-downstream", {"tasks": [["load", "x"]]})
    s.ask("PATCH", f"/task-instances/{ti(998)}/skip-downstream", {"tasks": []})
    s.look("skips")


def rendered(s: Steps) -> None:
    s.run("rendered", day=12)
    s.queue("rendered", "extract", 70)
    s.start(70)
    s.ask("PUT", f"/task-instances/{ti(70)}/rtif", {"bash_command": "echo 1", "env": {"a": None}})
    s.ask("PUT", f"/task-instances/{ti(70)}/rtif", {"bash_command": "echo 2"})
    s.ask("PUT", f"/task-instances/{ti(70)}/rtif", [1])
    s.ask("PUT", f"/task-instances/{ti(997)}/rtif", {})
    s.ask("PATCH", f"/task-instances/{ti(70)}/rendered-map-index", "label")
    s.ask("PATCH", f"/task-instances/{ti(70)}/rendered-map-index", "")
    s.ask("PATCH", f"/task-instances/{ti(70)}/rendered-map-index", 5)
    s.ask("PATCH", f"/task-instances/{ti(997)}/rendered-map-index", "label")


def xcoms(s: Steps) -> None:
    s.run("early", day=13)
    s.run("xcoms", day=14)
    path = "/xcoms/alpha/xcoms/extract/key"
    for method in ("GET", "HEAD", "DELETE"):
        s.ask(method, path)
    s.ask("GET", f"{path}/slice")
    s.ask("GET", f"{path}/item/0")
    for value in (1, "text", None, {"a": [1, {"b": None}]}, [], 1.5, True):
        s.ask("POST", path, value)
        s.ask("GET", path)
    s.ask("HEAD", path)
    s.ask("HEAD", path, query={"map_index": 0})
    s.ask("GET", path, query={"map_index": 3})
    s.ask("GET", path, query={"map_index": "x"})
    s.ask("GET", f"{path}/item/0")
    s.ask("GET", f"{path}/item/1")
    s.ask("GET", f"{path}/item/x")
    s.ask("POST", "/xcoms/alpha/missing/extract/key", 1)
    s.ask("POST", path, [1, 2], query={"mapped_length": 2})
    s.ask("POST", path, [1, 2], query={"mapped_length": 1025})
    s.ask("POST", "/xcoms/alpha/xcoms/extract/with/slash", 1)
    s.ask("GET", "/xcoms/alpha/xcoms/extract/with/slash")
    s.ask("GET", "/xcoms/alpha/xcoms/extract/")
    s.ask("POST", "/xcoms/alpha/early/extract/old", "old")
    s.ask("GET", "/xcoms/alpha/xcoms/extract/old")
    s.ask("GET", "/xcoms/alpha/xcoms/extract/old", query={"include_prior_dates": True})
    s.ask("GET", "/xcoms/alpha/early/extract/key", query={"include_prior_dates": True})
    s.ask("GET", "/xcoms/alpha/xcoms/extract/old/slice", query={"include_prior_dates": True})
    s.ask("POST", "/xcoms/alpha/xcoms/extract/old", "new")
    s.ask("GET", "/xcoms/alpha/xcoms/extract/old", query={"include_prior_dates": True})
    s.ask("DELETE", path)
    s.ask("GET", path)


def mapped_xcoms(s: Steps) -> None:
    s.run("mapped", day=15)
    path = "/xcoms/alpha/mapped/many/key"
    for index in range(4):
        s.queue("mapped", "many", 80 + index, map_index=index)
        s.start(80 + index)
        s.ask("POST", path, f"v{index}", query={"map_index": index})
    s.ask("HEAD", path)
    s.ask("GET", path)
    s.ask("GET", path, query={"map_index": 2})
    s.ask("GET", path, query={"offset": 1})
    s.ask("GET", path, query={"offset": -1})
    s.ask("GET", path, query={"offset": 9})
    for offset in (0, 3, 4, -1, -4, -5):
        s.ask("GET", f"{path}/item/{offset}")
    for start in (None, 0, 1, 5, -1, -3):
        for stop in (None, 0, 2, 9, -1, -2):
            for step in (None, 2, -1):
                given = {"start": start, "stop": stop, "step": step}
                s.ask("GET", f"{path}/slice", query={name: value for name, value in given.items() if value is not None})
    s.ask("DELETE", path, query={"map_index": 1})
    s.ask("HEAD", path)
    s.queue("mapped", "many", 90, try_number=2, map_index=2)
    s.start(90)
    s.ask("GET", "/task-instances/count", query={"dag_id": "alpha", "run_ids": ["mapped"], "task_ids": ["many"]})
    s.ask("GET", "/task-instances/count", query={"dag_id": "alpha", "run_ids": ["mapped"], "map_index": 2})
    s.look("mapped")


def variables(s: Steps) -> None:
    s.ask("GET", "/variables/none")
    s.ask("DELETE", "/variables/none")
    s.ask("PUT", "/variables/a", {"val": "1"})
    s.ask("PUT", "/variables/a", {"val": "2", "description": "two"})
    s.ask("GET", "/variables/a")
    s.ask("PUT", "/variables/a/b c", {"value": '{"x": 1}'})
    s.ask("GET", "/variables/a/b c")
    s.ask("PUT", "/variables/nothing", {"val": None})
    s.ask("GET", "/variables/nothing")
    s.ask("PUT", "/variables/bad", {"val": 5})
    s.ask("PUT", "/variables/bad", {})
    s.ask("PUT", "/variables/B", {"val": "big"})
    s.ask("GET", "/variables/keys")
    s.ask("GET", "/variables/keys", query={"prefix": "a"})
    s.ask("GET", "/variables/keys", query={"limit": 1, "offset": 1})
    s.ask("GET", "/variables/keys", query={"limit": 0})
    s.ask("GET", "/variables/")
    s.ask("DELETE", "/variables/a")
    s.ask("GET", "/variables/a")


def connections(s: Steps) -> None:
    s.ask("GET", "/connections/missing")
    s.ask("GET", "/connections/shop")
    s.ask("GET", "/connections/bare")


def task_states(s: Steps) -> None:
    s.run("states", day=16)
    s.queue("states", "extract", 100)
    s.start(100)
    path = f"/store/ti/{ti(100)}"
    s.ask("GET", f"{path}/job")
    s.ask("DELETE", f"{path}/job")
    for value in ("id-1", {"a": [1, None]}, 0, False, [], None):
        s.ask("PUT", f"{path}/job", {"value": value})
        s.ask("GET", f"{path}/job")
    s.ask("PUT", f"{path}/other/key", {"value": 1, "expires_at": "2030-01-01T00:00:00Z"})
    s.ask("GET", f"{path}/other/key")
    s.ask("PUT", f"{path}/job", {"value": 1, "more": 1})
    s.ask("PUT", f"{path}/job", {})
    s.state(100, "success", end_date=END)
    s.ask("GET", f"{path}/job")
    s.ask("DELETE", f"{path}/job")
    s.ask("GET", f"{path}/job")
    s.ask("DELETE", path)
    s.ask("GET", f"{path}/other/key")
    s.ask("GET", f"/store/ti/{ti(996)}/job")
    s.ask("PUT", f"/store/ti/{ti(996)}/job", {"value": 1})
    s.ask("DELETE", f"/store/ti/{ti(996)}")


def triggers(s: Steps) -> None:
    date = "2024-02-01T00:00:00Z"
    s.ask("GET", "/dag-runs/child/one")
    s.ask("GET", "/dag-runs/child/one/state")
    if LATEST >= "2025-11-05":  # 3.0 says 204 to that
        s.ask("POST", "/dag-runs/child/one/clear")
    after = {"run_after": date} if LATEST >= "2026-06-30" else {}
    s.ask("POST", "/dag-runs/child/one", {"conf": {"a": 1}, "logical_date": date, **after})
    s.ask("POST", "/dag-runs/child/one", {"conf": {"a": 1}, "logical_date": date})
    s.ask("POST", "/dag-runs/child/one", {"reset_dag_run": True})
    s.ask("GET", "/dag-runs/child/one")
    s.ask("GET", "/dag-runs/child/one/state")
    s.ask("POST", "/dag-runs/child/one/clear")
    s.ask("GET", "/dag-runs/child/one")
    s.do("dag_run", dag_id="child", run_id="one", state="success")
    s.ask("GET", "/dag-runs/child/one/state")
    s.ask("POST", "/dag-runs/child/one/clear")
    s.ask("GET", "/dag-runs/child/one")
    s.ask("POST", "/dag-runs/child/two", {})
    s.ask("GET", "/dag-runs/child/two")
    s.ask("POST", "/dag-runs/child/three", {"logical_date": date, "note": "n"})
    s.ask("POST", "/dag-runs/child/bad id", {})
    if LATEST >= "2026-06-30":
        s.ask("POST", "/dag-runs/child/bad..id", {})
    s.ask("POST", "/dag-runs/child/four", {"conf": 5})
    s.ask("POST", "/dag-runs/child/four")
    s.ask("POST", "/dag-runs/unknown/one", {})
    s.ask("POST", "/dag-runs/unknown/one/clear")
    s.ask("GET", "/task-instances/states", query={"dag_id": "child"})
    s.ask("GET", "/dags/child")
    s.ask("GET", "/dags/unknown")
    s.ask("GET", "/dag-runs/count", query={"dag_id": "child"})
    s.ask("GET", "/dag-runs/count", query={"dag_id": "child", "states": ["queued"], "run_ids": ["one", "x"]})
    s.ask("GET", "/dag-runs/count", query={"dag_id": "child", "logical_dates": [date]})
    s.ask("GET", "/dag-runs/count")
    s.ask("GET", "/dag-runs/previous", query={"dag_id": "child", "logical_date": date})
    s.ask("GET", "/dag-runs/previous", query={"dag_id": "child", "logical_date": "2024-03-01T00:00:00Z"})
    s.ask("GET", "/dag-runs/previous", query={"dag_id": "child", "logical_date": date, "state": "nope"})


def questions(s: Steps) -> None:
    s.run("before", day=3)
    s.do("dag_run", dag_id="alpha", run_id="before", state="success")
    s.run("asks", day=4)
    s.queue("asks", "extract", 110)
    s.start(110)
    s.ask("GET", f"/task-instances/{ti(110)}/previous-successful-dagrun")
    s.ask("GET", f"/task-instances/{ti(110)}/validate-inlets-and-outlets")
    s.ask("GET", f"/task-instances/{ti(995)}/previous-successful-dagrun")
    s.ask("GET", f"/task-instances/{ti(995)}/validate-inlets-and-outlets")
    s.queue("before", "extract", 111)
    s.start(111)
    s.state(111, "success", end_date=END)
    s.ask("GET", "/task-instances/previous/alpha/extract", query={"logical_date": DAY.format(4)})
    s.ask("GET", "/task-instances/previous/alpha/extract", query={"logical_date": DAY.format(4), "state": "failed"})
    s.ask("GET", "/task-instances/previous/alpha/extract", query={"logical_date": DAY.format(1)})
    s.ask("GET", "/task-instances/previous/alpha/nope")
    s.ask("GET", "/dag-runs/previous", query={"dag_id": "alpha", "logical_date": DAY.format(4)})
    s.ask("GET", "/dag-runs/previous", query={"dag_id": "alpha", "logical_date": DAY.format(4), "state": "success"})
    for query in (
        {"run_ids": ["asks"]},
        {"run_ids": ["asks"], "task_ids": ["extract", "load"]},
        {"run_ids": ["asks"], "states": ["running"]},
        {"run_ids": ["asks"], "states": ["null"]},
        {"run_ids": ["asks"], "states": ["null", "running"]},
        {"run_ids": ["asks"], "task_group_id": "group"},
        {"run_ids": ["asks"], "task_group_id": "nope"},
        {"logical_dates": [DAY.format(4)]},
        {"run_ids": ["asks"], "map_index": 1},
    ):
        s.ask("GET", "/task-instances/count", query={"dag_id": "alpha", **query})
        query.pop("states", None)
        s.ask("GET", "/task-instances/states", query={"dag_id": "alpha", **query})
    s.ask("GET", "/task-instances/count")
    s.ask("GET", "/task-instances/breadcrumbs", query={"dag_id": "alpha"})


def assets(s: Steps) -> None:
    s.run("assets", day=17)
    s.queue("assets", "load", 120)
    s.start(120)
    s.ask("GET", f"/task-instances/{ti(120)}/validate-inlets-and-outlets")
    out = {"name": "out", "uri": "s3://bucket/out"}
    new = {"name": "new", "uri": "s3://bucket/new"}
    s.ask("GET", "/assets/by-alias", query={"alias_name": "alias"})
    s.state(
        120,
        "success",
        end_date=END,
        task_outlets=[{**out, "type": "Asset"}, {"name": "alias", "type": "AssetAlias"}],
        outlet_events=[
            {"dest_asset_key": out, "extra": {"rows": 3}},
            {"source_alias_name": "alias", "dest_asset_key": new, "dest_asset_extra": {}, "extra": {"a": 1}},
        ],
    )
    s.ask("GET", "/assets/by-name", query={"name": "out"})
    s.ask("GET", "/assets/by-name", query={"name": "nope"})
    s.ask("GET", "/assets/by-uri", query={"uri": "s3://bucket/out"})
    s.ask("GET", "/assets/by-uri", query={"uri": "s3://nope"})
    s.ask("GET", "/assets/by-name")
    s.ask("GET", "/assets/by-alias", query={"alias_name": "alias"})
    s.ask("GET", "/asset-events/by-asset", query={"name": "out", "uri": ""})
    s.ask("GET", "/asset-events/by-asset", query=out)
    s.ask("GET", "/asset-events/by-asset", query={**out, "after": "2100-01-01T00:00:00Z"})
    s.ask("GET", "/asset-events/by-asset", query={**out, "before": "2100-01-01T00:00:00Z", "limit": 1})
    s.ask("GET", "/asset-events/by-asset", query=new)
    s.ask("GET", "/asset-events/by-asset", query={"name": "new", "uri": ""})
    s.ask("GET", "/asset-events/by-asset", query={"name": "", "uri": ""})
    s.ask("GET", "/asset-events/by-asset", query={"name": "out"})
    s.ask("GET", "/asset-events/by-asset-alias", query={"name": "alias"})
    s.ask("GET", "/asset-events/by-asset-alias", query={"name": "alias", "ascending": False})
    s.queue("assets", "extract", 121)
    s.start(121)
    if LATEST >= "2026-06-30":
        event = {"dest_asset_key": out, "extra": {}, "partition_key": " "}
        s.state(121, "success", end_date=END, outlet_events=[event])


def asset_states(s: Steps) -> None:
    for base, word in (
        ("/store/asset/by-name", {"name": "out"}),
        ("/store/asset/by-uri", {"uri": "s3://bucket/out"}),
        ("/store/asset/by-name", {"name": "nope"}),
        ("/store/asset/by-uri", {"uri": "nope"}),
    ):
        named = {**word, "key": "mark"}
        s.ask("GET", f"{base}/value", query=named)
        s.ask("PUT", f"{base}/value", {"value": {"at": 5}}, query=named)
        s.ask("GET", f"{base}/value", query=named)
        s.ask("PUT", f"{base}/value", {"value": None}, query=named)
        s.ask("DELETE", f"{base}/value", query=named)
        s.ask("DELETE", f"{base}/value", query=named)
        s.ask("PUT", f"{base}/value", {"value": 1}, query=named)
        s.ask("DELETE", f"{base}/clear", query=word)
        s.ask("GET", f"{base}/value", query=named)
    s.ask("GET", "/store/asset/by-name/value", query={"name": "out"})
    s.ask("GET", "/store/asset/by-name/value", query={"name": "", "key": ""})


def people(s: Steps) -> None:
    s.run("people", day=18)
    s.queue("people", "extract", 130)
    s.start(130)
    path = f"/hitlDetails/{ti(130)}"
    s.ask("GET", path)
    question = {"ti_id": ti(130), "options": ["yes", "no"], "subject": "Go?"}
    s.ask("POST", path, question)
    s.ask("POST", path, {**question, "subject": "again"})
    s.ask("POST", path, {"options": []})
    s.ask("GET", path)
    if LATEST >= "2026-06-30":
        s.state(130, "awaiting_input", next_method="execute_complete", next_kwargs={}, timeout="PT1H")
    s.look("people")
    s.beat(130)
    s.ask("PATCH", path, {"ti_id": ti(130), "chosen_options": ["yes"], "params_input": {"x": 1}})
    s.ask("PATCH", path, {"ti_id": ti(130), "chosen_options": ["no"]})
    s.ask("GET", path)
    s.ask("POST", path, question)
    s.ask("GET", path)
    s.ask("PATCH", f"/hitlDetails/{ti(994)}", {"ti_id": ti(994), "chosen_options": ["no"]})
    s.ask("GET", f"/connection-tests/{ti(994)}/connection")
    s.ask("PATCH", f"/connection-tests/{ti(994)}", {"state": "success"})
    s.ask("PATCH", f"/connection-tests/{ti(994)}", {"state": "running"})
    s.ask("GET", "/health")
    s.ask("GET", "/health/ping")


def older_clients(s: Steps) -> None:
    s.run("older", day=19)
    s.queue("older", "extract", 140)
    out = {"name": "out", "uri": "s3://bucket/out"}
    for version in OLDER:
        s.start(140, version=version)
        s.ask("GET", "/asset-events/by-asset", query=out, version=version)
        s.ask("GET", "/dag-runs/child/one/state", version=version)
    s.ask("GET", "/dag-runs/child/one", version=OLDER[0])
    s.ask("GET", "/dag-runs/previous", query={"dag_id": "alpha", "logical_date": DAY.format(4)}, version=OLDER[0])


STORIES = (
    starts_and_heartbeats,
    superseded,
    ends,
    retries,
    deferrals,
    reschedules,
    skips,
    rendered,
    xcoms,
    mapped_xcoms,
    variables,
    connections,
    task_states,
    triggers,
    questions,
    assets,
    asset_states,
    people,
    older_clients,
)


def told(story: Any) -> list[list[Any]]:
    steps = Steps()
    story(steps)
    return steps.steps


def ours() -> Iterator[Any]:
    """The outcomes of all steps with our emulator."""
    emulator = EMULATOR(Blobs(), True)
    shop = {"conn_type": "http", "host": "shop.example", "port": 8080, "extra": '{"a": 1}'}
    emulator.seed(Seed(connections={"shop": shop, "bare": {"conn_type": "generic"}}))
    tasks = dict.fromkeys(["extract", "transform", "load", "once", "many", "group.one", "group.two"], "EmptyOperator")
    about = {"relative_fileloc": "alpha.py", "owners": "airflow", "is_paused": True}
    groups = {"group": ["group.one", "group.two"]}
    outlets = {"load": [("out", "s3://bucket/out")]}
    emulator.command(
        "tasks", {"dag_id": "alpha", "task_ids": tasks, "groups": groups, "assets": outlets, "about": about}
    )
    emulator.command("tasks", {"dag_id": "child", "task_ids": {"only": "EmptyOperator"}, "about": about})
    emulator.command("dags", {"dag_ids": ["alpha", "child"]})
    emulator.command("child_runs", {"state": None})
    emulator.command("server", {"version": LATEST})
    emulator.command("assets", {"assets": [{"name": "out", "uri": "s3://bucket/out"}], "closed": True})
    for story in STORIES:
        for kind, *rest in told(story):
            if kind == "command":
                emulator.command(*rest)
                yield None
                continue
            method, path, query, body, version = rest
            text = {name: str(value).lower() if isinstance(value, bool) else value for name, value in query.items()}
            request = Request(
                method,
                "airflow",
                "/execution" + quote(path),
                urlencode(text, doseq=True),
                CIMultiDict({"airflow-api-version": version}),
                b"" if body is None else json.dumps(body).encode(),
            )
            emulator.classify(request)
            answer = emulator.apply(request, Caller("attempt 1", {}))
            data = [json.loads(answer.body)] if answer.body and method != "HEAD" else []
            yield [answer.status, data, dict(answer.headers).get("Content-Range")]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[Any, Any, Any]]]:
    """Story -> (step, Airflow's outcome, ours)."""
    steps = [step for story in STORIES for step in told(story)]
    finished = subprocess.run(
        [sys.executable, str(REFERENCE)],
        input=json.dumps(steps),
        capture_output=True,
        text=True,
        cwd=tmp_path_factory.mktemp("airflow"),
        timeout=300,
    )
    assert finished.returncode == 0, finished.stderr[-4000:]
    theirs = json.loads(finished.stdout.splitlines()[-1])
    triples = iter(zip(steps, theirs, ours(), strict=True))
    return {story.__name__: [next(triples) for _ in told(story)] for story in STORIES}


NOW = re.compile(r"20(2[5-9]|[3-9]\d)-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")


def masked(value: Any, name: str = "") -> Any:
    """Without what may differ: moments of now, and the order in which a database happens to list keys."""
    if isinstance(value, dict):
        # To older clients Airflow 3.3 says null, and servers of their own version an object; both mean "none known".
        value = {**value, "upstream_map_indexes": {}} if value.get("upstream_map_indexes", 0) is None else value
        return {key: masked(each, key) for key, each in value.items()}
    if isinstance(value, list):
        found = [masked(each) for each in value]
        return sorted(found) if name == "xcom_keys_to_clear" else found
    if name == "duration" and value is not None and value > 1_000_000:
        return "<until now>"
    if isinstance(value, str):
        text = NOW.sub("<now>", value)
        return re.sub(r"look for ID \w+", "look for ID <id>", text)
    return value


def differs(theirs: Any, mine: Any) -> bool:
    """Whether our answer is another than Airflow's: with the newest Airflow in every word, with older ones in its status.

    Their clients act on the status. What they never send (422), what their servers fail on by themselves (500, 404 for
    an empty name) and how these refuse a method (405) is not emulated for them.
    """
    if max(NEWEST.values()) == LATEST:
        return masked(theirs) != masked(mine)
    beside = theirs[0] in (405, 422, 500) or (theirs[0] == 404 and mine[0] in (404, 422))
    return theirs[0] != mine[0] and not beside


@pytest.mark.parametrize("story", [story.__name__ for story in STORIES])
def test_answers_as_airflow_does(story: str, outcomes: dict[str, list[tuple[Any, Any, Any]]]) -> None:
    different = []
    for step, theirs, mine in outcomes[story]:
        if step[0] == "request" and differs(theirs, mine):
            different.append(f"{step[1:]}\n  Airflow {theirs}\n  ours    {mine}")
    assert not different, "\n".join([f"{len(different)} of {len(outcomes[story])} steps differ", *different])


def test_a_difference_would_be_seen() -> None:
    assert masked([200, {"a": 1}, None]) != masked([200, {"a": 2}, None])
    assert masked([404, None, None]) != masked([410, None, None])
    assert masked({"at": "2026-01-01T00:00:00Z"}) == masked({"at": "2026-02-01T00:00:00.5Z"})
