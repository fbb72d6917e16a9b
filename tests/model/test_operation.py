"""Footprints: when the order of two operations can matter, and how an operation is found again."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_dagguard.model.operation import Operation, Selector, conflicts, touches

KEYS = ("s3://b/a", "s3://b/a/1", "s3://b/a/2", "s3://b/c", "s3://c/a")
NAMES = st.one_of(st.sampled_from(KEYS), st.sampled_from(["s3://b/a*", "s3://b/*", "s3://c/*", "s3://*", "gs://*"]))
SETS = st.frozensets(NAMES, max_size=3)


def operation(reads: str = "", writes: str = "") -> Operation:
    return Operation("s3", "Verb", "s3://b", frozenset(reads.split()), frozenset(writes.split()))


def covered(names: frozenset[str]) -> set[str]:
    """The concrete keys that names with ``*`` stand for, out of a world in which each prefix has a key."""
    world = (*KEYS, "s3://b/a*", "s3://b/z", "s3://c/z", "gs://z/z")
    return {key for key in world for name in names if key == name or (name.endswith("*") and key.startswith(name[:-1]))}


@given(SETS, SETS)
def test_touching_is_having_a_key_in_common(a: frozenset[str], b: frozenset[str]) -> None:
    assert touches(a, b) == bool(covered(a) & covered(b))


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (("", "s3://b/k"), ("", "s3://b/k"), True),
        (("s3://b/k", ""), ("s3://b/k", ""), False),
        (("s3://b/k", ""), ("", "s3://b/k"), True),
        (("", "s3://b/k"), ("s3://b/*", ""), True),
        (("", "s3://b/k"), ("s3://bb/*", ""), False),
        (("s3://b/k*", ""), ("", "s3://b/k"), True),
        (("", "s3://b/x"), ("s3://b/k*", "s3://b/y"), False),
        (("", ""), ("s3://*", "s3://*"), False),
    ],
)
def test_conflicts(a: tuple[str, str], b: tuple[str, str], expected: bool) -> None:
    assert conflicts(operation(*a), operation(*b)) is expected
    assert conflicts(operation(*b), operation(*a)) is expected


def test_a_selector_takes_the_whole_resource() -> None:
    selector = Selector("s3", "PutObject", re.escape("s3://b/part-") + "[0-9a-f]+", 1)
    assert selector.fits(Operation("s3", "PutObject", "s3://b/part-12ab"))
    assert not selector.fits(Operation("s3", "PutObject", "s3://b/part-12ab.csv"))
    assert not selector.fits(Operation("s3", "GetObject", "s3://b/part-12ab"))
    assert not selector.fits(Operation("gcs", "PutObject", "s3://b/part-12ab"))


def test_a_selector_takes_names_with_line_breaks() -> None:
    assert Selector("s3", "PutObject", "s3://b/.*", 1).fits(Operation("s3", "PutObject", "s3://b/a\nb"))


def test_an_operation_reads_as_a_line() -> None:
    assert str(Operation("s3", "PutObject", "s3://b/k")) == "s3 PutObject s3://b/k"
