"""Stories of tries: starts, ends, retries, deferrals and skips, one run of a DAG each."""

from __future__ import annotations

from airflow_process import LATEST
from airflow_steps import END, Steps, ti


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
