"""The states between operations, as the search tells them apart."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import pytest

from oracle.world import content, entry, learned
from pytest_dagguard.engine.points import points_of
from pytest_dagguard.model.history import Event
from pytest_dagguard.model.operation import Operation
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.oracle.canonical import Canon
from pytest_dagguard.oracle.noise import Clean, learn


def states(clean: Clean, *puts: tuple[str, bytes]) -> list[int]:
    """The state after each of some writes."""
    history = tuple(
        Event(
            "attempt 1",
            index,
            Operation("s3", "PutObject", name, writes=frozenset({name})),
            200,
            ((name, "created"),),
            digests=(entry(name, data).digest,),
        )
        for index, (name, data) in enumerate(puts)
    )
    return [point.state for point in points_of(Outcome({}, {}, history), Canon(clean, content))]


def test_states_that_differ_in_content_are_told_apart() -> None:
    clean = learned({"s3://b/k": b"1"})
    (one,), (two,) = states(clean, ("s3://b/k", b"1")), states(clean, ("s3://b/k", b"2"))
    assert one != two


def test_what_need_not_be_idempotent_makes_no_new_state() -> None:
    clean = learned({"s3://b/k": b"1"}, ignored={"s3://logs/*": "append-only log"})
    first, second = states(clean, ("s3://logs/1", b"at 1"), ("s3://b/k", b"1"))
    again, more = states(clean, ("s3://b/k", b"1"), ("s3://logs/2", b"at 2"))
    assert (first, second) == (0, again)
    assert more == again


def test_what_varies_in_content_makes_no_new_state() -> None:
    def rows(at: str, amount: int) -> bytes:
        return json.dumps({"at": at, "amount": amount}).encode()

    days = ["2026-11-22", "2027-12-24", "2028-01-01"]
    clean = learned({"s3://b/k.json": rows(days[0], 1)}, {"s3://b/k.json": rows(days[1], 1)})
    (one,), (same,), (other,) = (states(clean, ("s3://b/k.json", rows(*each))) for each in zip(days, (1, 1, 2)))
    assert one == same
    assert one != other


def test_packed_bytes_and_temporary_objects_are_told_apart_by_what_is_in_them() -> None:
    def packed(data: bytes, at: int) -> bytes:
        return gzip.compress(data, mtime=at)

    def run(at: int) -> Outcome:
        data = entry("s3://b/tmp/x", packed(b"one\ntwo\n", at))
        event = Event("attempt 1", 0, operation, 200, (("s3://b/tmp/x", "created"),), digests=(data.digest,))
        return Outcome({}, {}, (event, replace(event, changed=(("s3://b/tmp/x", "deleted"),), digests=("",))))

    operation = Operation("s3", "PutObject", "s3://b/tmp/x", writes=frozenset({"s3://b/tmp/x"}))
    clean = learn(run(1), run(2), content, {})
    (one,), (same,) = (states(clean, ("s3://b/tmp/x", packed(b"one\ntwo\n", at))) for at in (3, 4))
    (other,) = states(clean, ("s3://b/tmp/x", packed(b"one\n", 3)))
    assert one == same
    assert one != other


def test_unfinished_uploads_that_are_alike_count_once() -> None:
    clean = learned({})
    first, second, third = states(clean, *((f"s3-upload://b/k?{n}", data) for n, data in enumerate((b"1", b"1", b"2"))))
    assert first == second
    assert third != second


def test_a_pair_of_two_attempts_is_another_state_than_a_pair_of_one() -> None:
    U = [f"6f1c2d3e-1111-4222-8333-44445555666{i}" for i in range(4)]

    def pair(a: str, b: str) -> dict[str, bytes]:
        return {f"s3://c/{name}.json": json.dumps({"batch": each}).encode() for name, each in (("a", a), ("b", b))}

    clean = learned(pair(U[0], U[0]), pair(U[1], U[1]))
    same, mixed, other = (
        states(clean, *pair(*each).items())[-1] for each in ((U[2], U[2]), (U[2], U[3]), (U[3], U[3]))
    )
    assert same == other
    assert same != mixed


@pytest.mark.parametrize(("verb", "looks"), [("ListMultipartUploads", True), ("GetObject", False)])
def test_an_upload_that_the_retry_takes_no_notice_of_makes_no_new_state(verb: str, looks: bool) -> None:
    upload, reads = "s3-upload://b/k?1", frozenset({"s3-upload://b/*"} if looks else {"s3://b/k"})
    begin = Operation("s3", "CreateMultipartUpload", "s3://b/k", writes=frozenset({"s3-upload://b/k?*"}))
    started = Event("attempt 1", 0, begin, 200, ((upload, "created"),), digests=(entry(upload, b"").digest,))
    read = Event("attempt 2", 0, Operation("s3", verb, "s3://b", reads=reads), 200)
    points = points_of(Outcome({}, {}, (started, read)), Canon(learned({}), content), "attempt 2")
    assert (points[0].state != 0) is looks


def test_metadata_tells_states_apart_where_it_does_not_vary() -> None:
    def put(**headers: str) -> Outcome:
        made = replace(entry("s3://b/k", b"1"), headers=tuple(sorted(headers.items())))
        operation = Operation("s3", "PutObject", "s3://b/k", writes=frozenset({"s3://b/k"}))
        changed = (("s3://b/k", "created"),)
        event = Event("attempt 1", 0, operation, 200, changed, digests=(made.digest,), headers=(made.headers,))
        return Outcome({}, {"s3://b/k": made}, (event,))

    canon = Canon(learn(put(kind="csv", run="1"), put(kind="csv", run="2"), content, {}), content)
    (one,), (same,), (other,) = (
        points_of(put(**each), canon)
        for each in ({"kind": "csv", "run": "3"}, {"kind": "csv", "run": "4"}, {"kind": "txt", "run": "3"})
    )
    assert one.state == same.state
    assert one.state != other.state
