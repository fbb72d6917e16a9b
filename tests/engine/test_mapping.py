"""What walking over mapped tasks comes to."""

from __future__ import annotations

import pytest

from laboratory import Laboratory
from pytest_dagguard.engine.walk import Baseline, Walk


def baselines(lab: Laboratory, *tasks: str, order: str, head: str = "") -> dict[str, Baseline]:
    path = lab.file(*tasks, order=order, head=head)
    dag = lab.load(path).dags[0]
    walk = Walk(lab.lab, str(path), dag, {}, "tests/dagguard")
    try:
        return {each.task_id: walk.baseline(each.task_id) for each in dag.tasks}
    finally:
        walk.close()


NUMBERS = "@task\ndef numbers():\n    return [1, 2]"
EMPTY = "@task\ndef numbers():\n    return []"
TWICE = "@task\ndef twice(x):\n    import tiny\n    tiny.put(f'out/{x}', b'x')\n    return 2 * x"
TOTAL = "@task\ndef total(xs):\n    import tiny\n    tiny.put('out/total', str(sum(xs)).encode())"


def test_all_indices_run_before_what_follows(lab: Laboratory) -> None:
    found = baselines(lab, NUMBERS, TWICE, TOTAL, order="total(twice.expand(x=numbers()))")
    assert [each.reason for each in found.values()] == ["", "", ""]
    assert found["twice"].subject.map_index == 0
    assert found["twice"].notes == ("mapped over 2 values; tried is map index 0",)
    assert found["twice"].outcome is not None
    assert "s3://out/1" in found["twice"].outcome.after
    after = found["total"].outcome
    assert after is not None
    assert lab.lab.content(after.after["s3://out/total"].digest) == b"6"
    assert {"s3://out/1", "s3://out/2"} <= after.before.keys()


def test_over_a_literal(lab: Laboratory) -> None:
    found = baselines(lab, TWICE, order="twice.expand(x=[1, 2, 3])")
    assert found["twice"].notes == ("mapped over 3 values; tried is map index 0",)


def test_over_nothing(lab: Laboratory) -> None:
    found = baselines(lab, EMPTY, TWICE, order="twice.expand(x=numbers())")["twice"]
    assert found.group == "mapped over nothing"
    assert "what numbers returned, which is empty" in found.reason


def test_an_index_that_fails_is_named(lab: Laboratory) -> None:
    picky = "@task\ndef picky(x):\n    assert x < 2"
    found = baselines(lab, picky, order="picky.expand(x=[1, 2])")["picky"]
    assert found.reason.startswith("map index 1 of 2: the clean run fails")


GROUP = """
from airflow.sdk import task_group

@task
def first(x):
    import tiny
    tiny.put(f"out/first-{x}")
    return x * 10

@task
def second(y, plus):
    import tiny
    tiny.put(f"out/second-{y + plus}")
    return y + plus

@task_group
def pair(x, plus=1):
    return second(first(x), plus)
"""


def grouped(lab: Laboratory, order: str, *tasks: str, head: str = GROUP) -> dict[str, Baseline]:
    return baselines(lab, *tasks, order=order, head=head)


@pytest.mark.parametrize(
    ("order", "over", "names"),
    [
        ("pair.expand(x=[1, 2])", 2, {"first-1", "first-2", "second-11", "second-21"}),
        ("pair.expand(x=numbers())", 2, {"first-1", "first-2", "second-11", "second-21"}),
        ("pair.partial(plus=3).expand(x=[1, 4])", 2, {"first-1", "first-4", "second-13", "second-43"}),
        ("pair.expand(x=[1, 2], plus=[5, 6])", 4, {f"second-{each}" for each in (15, 16, 25, 26)}),
        ("pair.expand_kwargs([{'x': 7, 'plus': 2}, {'x': 8, 'plus': 3}])", 2, {"second-72", "second-83"}),
    ],
    ids=["literals", "an XCom", "partial", "a product", "dictionaries"],
)
def test_a_mapped_group_is_run_for_each_value(lab: Laboratory, order: str, over: int, names: set[str]) -> None:
    found = grouped(lab, order, NUMBERS if "numbers" in order else "")
    assert [each.reason for each in found.values()] == [""] * len(found)
    second = found["pair.second"]
    assert second.subject.map_index == 0
    assert second.notes == (f"in the task group pair, mapped over {over} values; tried is map index 0",)
    assert second.outcome is not None
    firsts = {each.removeprefix("s3://out/") for each in second.outcome.before if each.startswith("s3://out/first")}
    assert firsts >= {each for each in names if each.startswith("first")}
    last = grouped(lab, f"total({order})", TOTAL, NUMBERS if "numbers" in order else "")["total"].outcome
    assert last is not None
    assert {each.removeprefix("s3://out/") for each in last.before if each.startswith("s3://out/")} >= names
    seconds = [int(each.removeprefix("second-")) for each in names if each.startswith("second")]
    assert lab.lab.content(last.after["s3://out/total"].digest) == str(sum(seconds)).encode()


def test_a_branch_in_a_mapped_group_leaves_out_its_own_instance(lab: Laboratory) -> None:
    group = """
from airflow.sdk import task_group

@task.short_circuit
def only_odd(x):
    return x % 2

@task
def put(x):
    import tiny
    tiny.put(f"out/{x}")

@task_group
def some(x):
    only_odd(x) >> put(x)
"""
    odd = grouped(lab, "some.expand(x=[1, 2])", head=group)["some.put"]
    assert odd.notes == ("in the task group some, mapped over 2 values; tried is map index 0",)
    even = grouped(lab, "some.expand(x=[2, 1])", head=group)["some.put"]
    assert "in this run a task before it has Airflow skip it; it was run all the same" in even.notes


def test_a_task_that_is_mapped_within_a_mapped_group_is_not_run_yet(lab: Laboratory) -> None:
    """Airflow refuses to expand an operator in a mapped group, and lets a group be expanded there."""
    group = "@task_group\ndef deep(x):\n    pair.expand(x=[1, 2])\n"
    found = grouped(lab, "deep.expand(x=[1, 2])", head=f"{GROUP}\n{group}")["deep.pair.first"]
    assert found.group == "mapped within mapped groups"
    assert "within the task group deep.pair" in found.reason


def test_scenarios_of_a_task_in_a_mapped_group(lab: Laboratory) -> None:
    path = lab.file(head=GROUP, order="pair.expand(x=[1, 2])")
    for scenario in ("twice", "killed", "siblings"):
        verdict = lab.check(path, scenario, "pair.second")
        assert verdict.verdict == "pass", (scenario, verdict)
