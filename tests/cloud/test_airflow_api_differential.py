"""The same requests to Airflow's own Execution API and to ours: statuses and bodies have to agree."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from multidict import CIMultiDict

import airflow_stories_stores as stores
import airflow_stories_tries as tries
from airflow_process import LATEST, NEWEST, asked
from airflow_steps import Steps
from pytest_dagguard.cloud.airflow_api import EMULATOR
from pytest_dagguard.cloud.emulator import Blobs, Caller, Request
from pytest_dagguard.model.seed import Seed

STORIES = (
    tries.starts_and_heartbeats,
    tries.superseded,
    tries.ends,
    tries.retries,
    tries.deferrals,
    tries.reschedules,
    tries.skips,
    tries.rendered,
    stores.xcoms,
    stores.mapped_xcoms,
    stores.variables,
    stores.connections,
    stores.task_states,
    stores.triggers,
    stores.questions,
    stores.assets,
    stores.asset_states,
    stores.people,
    stores.older_clients,
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
    theirs = asked(steps, tmp_path_factory.mktemp("airflow"))
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
