"""Stories of what tasks keep and ask for: XComs, Variables, states, child runs, assets and people."""

from __future__ import annotations

from airflow_process import LATEST, OLDER
from airflow_steps import DAY, END, Steps, ti


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
