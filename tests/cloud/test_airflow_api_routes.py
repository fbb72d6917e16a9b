"""Every route of Airflow's own Execution API is answered by ours, or refused by name."""

from __future__ import annotations

import re

import pytest
from multidict import CIMultiDict

from airflow_process import LATEST, asked
from pytest_dagguard.cloud.airflow_api import EMULATOR, REFUSALS, ROUTES
from pytest_dagguard.cloud.airflow_http import find
from pytest_dagguard.cloud.emulator import Blobs, Request
from pytest_dagguard.model.errors import NotEmulated

VERSIONS = (LATEST, min(LATEST, "2025-11-05"))


@pytest.fixture(scope="module")
def airflows(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """Method and path of each of Airflow's routes."""
    # in Airflow 3.0 the same names are in the paths, but end at a slash
    slashes = r"\{(variable_key|key)\}"
    found = asked("routes", tmp_path_factory.mktemp("airflow"))
    return [(method, re.sub(slashes, r"{\1:path}", path) if LATEST < "2025-09-23" else path) for method, path in found]


def example(method: str, path: str, version: str) -> Request:
    """A request for a route."""
    concrete = re.sub(r"\{(\w+)(:path)?\}", lambda part: "0" if part[1] == "offset" else f"a-{part[1]}", path)
    headers = CIMultiDict({"airflow-api-version": version})
    return Request(method, "airflow", f"/execution{concrete}", "", headers, b"")


def unanswered(routes: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those that lead nowhere with us, or to another route than with Airflow."""
    missing = []
    for method, path in routes:
        found = [find(ROUTES, example(method, path, each)) for each in VERSIONS]
        reached = any(each is not None and each[0].path == path for each in found)
        if not reached and (method, path) not in REFUSALS:
            missing.append((method, path))
    return missing


def test_every_route_is_answered_or_refused_by_name(airflows: list[tuple[str, str]]) -> None:
    assert len(airflows) > 30
    assert unanswered(airflows) == []


def test_no_route_is_made_up(airflows: list[tuple[str, str]]) -> None:
    assert {(route.method, route.path) for route in ROUTES if route.since <= LATEST} <= set(airflows)
    assert set(REFUSALS) <= set(airflows)


def test_no_route_is_there_before_its_time(airflows: list[tuple[str, str]]) -> None:
    assert {(route.method, route.path) for route in ROUTES if route.since > LATEST}.isdisjoint(airflows)


def test_a_new_route_is_reported() -> None:
    new = [("GET", "/task-instances/{task_instance_id}/mood"), ("POST", "/moods"), ("PATCH", "/variables/keys")]
    assert unanswered(new) == new


@pytest.mark.parametrize(("method", "path"), [("GET", "/openapi.json"), ("GET", "/moods")])
def test_what_is_not_answered_is_refused_by_name(method: str, path: str) -> None:
    emulator = EMULATOR(Blobs(), True)
    with pytest.raises(NotEmulated, match=re.escape(f"airflow {method} {path} is not emulated: ")):
        emulator.classify(example(method, path, VERSIONS[0]))
