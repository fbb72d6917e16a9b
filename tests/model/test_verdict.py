"""A verdict survives the way between processes, which takes nothing but plain values."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_dagguard.model.finding import CLASSES, WARN_CLASSES, Finding
from pytest_dagguard.model.verdict import Checked, Verdict, from_plain, to_plain

TEXT = st.text(max_size=5)
COUNTS = st.integers(0, 99)
FINDINGS = st.builds(
    Finding,
    st.sampled_from(sorted(CLASSES)),
    TEXT,
    TEXT,
    TEXT,
    COUNTS,
    TEXT,
    TEXT,
    TEXT,
    COUNTS,
    st.lists(TEXT, max_size=2).map(tuple),
)
CHECKED = st.builds(Checked, st.tuples(COUNTS, COUNTS), st.booleans(), COUNTS, COUNTS, COUNTS, st.booleans())
VERDICTS = st.builds(
    Verdict,
    kind=st.sampled_from(["rule", "scenario", "load"]),
    check=TEXT,
    verdict=st.sampled_from(["pass", "fail", "warn", "inconclusive"]),
    file=TEXT,
    reason=st.none() | TEXT,
    group=TEXT,
    checked=CHECKED,
    findings=st.lists(FINDINGS, max_size=2).map(tuple),
    notes=st.lists(TEXT, max_size=2).map(tuple),
    logs=st.dictionaries(TEXT, TEXT, max_size=2),
    text=TEXT,
)


@given(VERDICTS)
def test_it_comes_back_as_it_was(verdict: Verdict) -> None:
    assert from_plain(json.loads(json.dumps(to_plain(verdict)))) == verdict


@pytest.mark.parametrize(("verdict", "passed"), [("pass", True), ("warn", True), ("fail", False)])
def test_passed(verdict: str, passed: bool) -> None:
    assert Verdict("scenario", "twice", verdict).passed is passed


def test_inconclusive_is_never_a_pass() -> None:
    found = Verdict("scenario", "twice", "inconclusive", reason="stalled")
    assert not found.passed
    assert str(found) == "twice: inconclusive (stalled)"


def test_its_text_is_what_a_failed_assertion_shows() -> None:
    assert str(Verdict("scenario", "twice", "fail", text="the whole story")) == "the whole story"


@pytest.mark.parametrize("cls", sorted(CLASSES))
def test_only_the_classes_that_say_so_warn(cls: str) -> None:
    assert Finding(cls, "m").warns is (cls in WARN_CLASSES)
