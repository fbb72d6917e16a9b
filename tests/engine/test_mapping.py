"""How many map indices a mapped task has, and what walking over them comes to."""

from __future__ import annotations

import pytest

from laboratory import Laboratory
from pytest_dagguard.engine.mapping import count, sources
from pytest_dagguard.engine.walk import Baseline, Walk
from pytest_dagguard.model.dag import Length

THREE, TWO, X, Y = Length("literal", 3), Length("literal", 2), Length("xcom", task_id="x"), Length("xcom", task_id="y")


@pytest.mark.parametrize(
    ("length", "number"),
    [
        (THREE, 3),
        (X, 5),
        (Y, None),
        (Length("product", parts=(THREE, TWO)), 6),
        (Length("product", parts=(THREE, Length("literal", 0))), 0),
        (Length("sum", parts=(THREE, X)), 8),
        (Length("min", parts=(THREE, X)), 3),
        (Length("max", parts=(THREE, X)), 5),
        (Length("max", parts=(THREE, Y)), None),
    ],
)
def test_count(length: Length, number: int | None) -> None:
    assert count(length, {"x": 5}.get) == number


def test_sources_are_named_once() -> None:
    assert sources(Length("sum", parts=(X, THREE, Y, X))) == ("x", "y")


def baselines(lab: Laboratory, *tasks: str, order: str) -> dict[str, Baseline]:
    path = lab.file(*tasks, order=order)
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


def test_a_mapped_group_is_not_run_yet(lab: Laboratory) -> None:
    head = "from airflow.sdk import task_group\n"
    group = "@task_group\ndef pair(x):\n    twice(x)\n"
    path = lab.file(TWICE, head=f"{head}\n{TWICE}\n\n{group}", order="pair.expand(x=[1, 2])")
    dag = lab.load(path).dags[0]
    assert [each.mapped_group for each in dag.tasks] == ["pair"]
