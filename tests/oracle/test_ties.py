"""Random values that two resources have in common."""

import json

import pytest

from pytest_dagguard.oracle.ties import random_values

from .world import classes, found, learned

U = [f"6f1c2d3e-1111-4222-8333-44445555666{i}" for i in range(8)]
H = ["a1b2c3d4", "0f1e2d3c", "9a8b7c6d", "1a2b3c4d"]


def pair(part, manifest, rows="1"):
    return {
        f"s3://c/part-{part}.csv": f"id\n{rows}\n".encode(),
        "s3://c/manifest.json": json.dumps({"file": f"part-{manifest}.csv", "rows": 1}).encode(),
    }


def contents(left, right):
    return {f"s3://c/{name}.json": json.dumps({"batch": each}).encode() for name, each in (("a", left), ("b", right))}


@pytest.mark.parametrize("make", [pair, contents])
@pytest.mark.parametrize("values", [U, H])
def test_a_pair_of_two_attempts_is_found(make, values):
    clean = make(values[0], values[0]), make(values[1], values[1])
    assert found(clean[0], make(values[2], values[2]), clean[1]) == ()
    (finding,) = found(clean[0], make(values[2], values[3]), clean[1])
    assert finding.cls == "changed"
    assert "one clean run leaves the same random value in both" in finding.message
    assert "run id" in finding.fix


def test_a_pair_whose_values_are_not_equal_in_one_of_the_clean_runs_is_none():
    assert learned(contents(U[0], U[0]), contents(U[1], U[2])).ties == ()
    assert found(contents(U[0], U[0]), contents(U[3], U[4]), contents(U[1], U[2])) == ()


def test_several_parts_that_an_index_lists():
    def state(parts, listed):
        files = {f"s3://c/part-{each}": b"x" for each in parts}
        return {**files, "s3://c/index.json": json.dumps({"files": [f"part-{each}" for each in listed]}).encode()}

    clean = state(U[:2], U[:2]), state(U[2:4], U[2:4])
    assert found(clean[0], state(U[4:6], U[5:3:-1]), clean[1]) == ()
    assert classes(found(clean[0], state(U[4:6], [U[4], U[6]]), clean[1])) == ["changed"]


def test_a_duplicate_is_told_as_a_duplicate_alone():
    clean = pair(U[0], U[0]), pair(U[1], U[1])
    assert classes(found(clean[0], {**pair(U[2], U[2]), **pair(U[3], U[2])}, clean[1])) == ["duplicate"]


def test_times_are_no_tie():
    at = [f"202{i}-11-22T10:15:00.12345{i}+00:00" for i in range(3)]
    assert learned(contents(at[0], at[0]), contents(at[1], at[1])).ties == ()
    assert found(contents(at[0], at[0]), contents(at[2], at[1]), contents(at[1], at[1])) == ()


def test_values_that_stay_are_no_tie():
    assert learned(contents(U[0], U[0])).ties == ()


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (f"part-{U[0]}.csv", [U[0].replace("-", "")]),
        (U[0].replace("-", "").upper(), [U[0].replace("-", "")]),
        ("x/tmpab_cd1ef/y", ["tmpabcd1ef"]),
        ("run-k3j9x2m4q8w1", ["k3j9x2m4q8w1"]),
        ("20261122T101500Z 2026-11-22T10:15:00.123456 1763806500.123456 20261122", []),
        ("report20261122 manifest deadbeef v2 customers12", []),
    ],
)
def test_what_is_random(text, values):
    assert list(random_values(text)) == values
