"""Folders in which a task finds nothing."""

from __future__ import annotations

import pytest

from laboratory import Laboratory
from pytest_dagguard.engine.vacant import looked_into
from pytest_dagguard.model.history import Event
from pytest_dagguard.model.operation import Operation
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.state import Entry

THERE = Entry("object", "", 1)
RAW = "s3://raw/in/"


def listing(prefix: str, status: int = 200) -> Event:
    return Event("attempt 1", 0, Operation("s3", "ListObjectsV2", "s3://raw", frozenset({f"{prefix}*"})), status)


def put(name: str, verb: str = "PutObject", what: str = "created") -> Event:
    return Event("attempt 1", 0, Operation("s3", verb, name, writes=frozenset({name})), 200, ((name, what),))


def head(name: str) -> Event:
    return Event("attempt 1", 0, Operation("s3", "HeadObject", name, frozenset({name})), 404)


@pytest.mark.parametrize(
    ("history", "before", "after", "found"),
    [
        ([listing(RAW)], {}, {}, ["s3://raw/in/*"]),
        ([listing(RAW), listing(RAW)], {}, {"s3://raw/other": THERE}, ["s3://raw/in/*"]),
        ([listing(RAW, status=404)], {}, {}, []),
        ([listing(RAW)], {"s3://raw/in/a": THERE}, {}, []),
        ([listing(RAW), put("s3://raw/in/a")], {}, {"s3://raw/in/a": THERE}, []),
        ([listing(RAW), put("s3://raw/in/a"), put("s3://raw/in/a", "DeleteObject", "deleted")], {}, {}, []),
        ([head("s3://raw/in"), listing(RAW)], {}, {}, []),
    ],
)
def test_what_a_task_looked_into_in_vain(
    history: list[Event], before: dict[str, Entry], after: dict[str, Entry], found: list[str]
) -> None:
    assert looked_into(Outcome(before, after, tuple(history)), "attempt 1") == found
    assert looked_into(Outcome(before, after, tuple(history)), "attempt 2") == []


COPIES = """
import tiny
for key in tiny.keys("raw", "in/"):
    tiny.put("out/" + key, b"x")
"""


def test_a_task_that_finds_nothing_passes_with_the_word_that_it_was_not_tried(lab: Laboratory) -> None:
    found = lab.check(lab.task(COPIES), "twice")
    assert found.verdict == "pass"
    (note,) = (each for each in found.notes if each.startswith("not tested: "))
    assert "s3://raw/in/* is not there; put it at" in note
