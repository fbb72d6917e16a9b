"""Tasks that send requests from several threads: orders of their own making are tried, and all of it is repeatable."""

from __future__ import annotations

import pytest

from laboratory import Laboratory, classes

THREADS = """
from concurrent.futures import ThreadPoolExecutor
import threading
import tiny
"""
LAST_COUNTS = """
if tiny.get("out/2") is not None:
    return
together = threading.Barrier(3)
def put(number):
    together.wait()
    tiny.put(f"out/{number}", b"x")
with ThreadPoolExecutor(3) as pool:
    list(pool.map(put, range(3)))
"""
LAST_IS_BELIEVED = """
if tiny.get("out/done") is None:
    together = threading.Barrier(2)
    def put(name):
        together.wait()
        tiny.put(f"out/{name}", b"all of it")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(put, ["data", "done"]))
if tiny.get("out/report") is None:
    tiny.put("out/report", tiny.get("out/data") or b"nothing")
"""
EACH_COUNTS = """
there = [each for each in range(3) if tiny.get(f"out/{each}") is not None]
together = threading.Barrier(3)
def put(number):
    together.wait()
    if number not in there:
        tiny.put(f"out/{number}", b"x")
with ThreadPoolExecutor(3) as pool:
    list(pool.map(put, range(3)))
"""


def test_a_kill_finds_what_any_of_the_threads_has_done_first_and_its_token_repeats_it(lab: Laboratory) -> None:
    path = lab.task(LAST_COUNTS, head=THREADS, retries=1)
    found = lab.check(path, "killed")
    assert set(classes(found)) == {"lost"}, found
    token = found.findings[0].replay
    again = lab.check(path, "killed", replay=token)
    assert set(classes(again)) == {"lost"} or "left the token's path" in str(again.reason), again


@pytest.mark.parametrize("scenario", ["concurrent", "zombie"])
def test_one_that_freezes_leaves_what_any_of_its_threads_has_done_first(lab: Laboratory, scenario: str) -> None:
    path = lab.task(LAST_IS_BELIEVED, head=THREADS, retries=1)
    found = lab.check(path, scenario)
    assert [each.resource for each in found.findings] == ["s3://out/report"], found
    print(found)
    again = lab.check(path, scenario, replay=found.findings[0].replay)
    assert classes(again) == classes(found) or "left the token's path" in str(again.reason), again


@pytest.mark.slow
def test_no_order_of_the_threads_harms_a_task_that_looks_for_each_and_no_more_is_claimed(lab: Laboratory) -> None:
    path = lab.task(EACH_COUNTS, head=THREADS, retries=1)
    for scenario in ("killed", "concurrent", "zombie"):
        found = lab.check(path, scenario)
        assert found.verdict == "pass", found
        assert not found.checked.closed
        assert any("several things at the same time" in each or "varies" in each for each in found.notes), found
