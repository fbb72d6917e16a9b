"""The states between operations, as the search tells them apart."""

from __future__ import annotations

from oracle.world import entry, learned
from pytest_dagguard.engine.points import points_of
from pytest_dagguard.model.history import Event
from pytest_dagguard.model.operation import Operation
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.oracle.noise import Clean


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
    return [point.state for point in points_of(Outcome({}, {}, history), clean)]


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
