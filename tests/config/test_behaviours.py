"""The tables that say what pods and jobs do."""

from __future__ import annotations

import pytest

from pytest_dagguard.config.behaviours import children, images, jobs
from pytest_dagguard.config.values import Known, Unusable

KNOWN = Known((), ())


def test_functions_and_words_are_taken() -> None:
    rows = {"acme/train:*": "tests.fakes:train", "redis*": "succeed", "gsutil*": "run", "x": "never-ends"}
    assert images(rows, KNOWN) == rows
    assert jobs({"glue:nightly": "fakes.nightly"}, KNOWN) == {"glue:nightly": "fakes.nightly"}


def test_a_child_run_ends_as_it_is_said_and_when() -> None:
    rows = {"nightly": "succeed", "a*": "fail after 3h", "b": "succeed after 2d", "c": "never-ends"}
    assert children(rows, KNOWN) == {**rows, "a*": "fail after 10800", "b": "succeed after 172800"}


@pytest.mark.parametrize(
    ("parse", "raw", "said"),
    [
        (images, "succeed", "not a table"),
        (images, {"": "succeed"}, "the pattern is empty"),
        (images, {"a": "suceed"}, 'did you mean "succeed"?'),
        (images, {"a": 3}, "neither a function"),
        (images, {"a": "tests.fakes:"}, "neither a function"),
        (jobs, {"glue:a": "run"}, "neither a function"),
        (children, "succeed", "not a table"),
        (children, {" ": "succeed"}, "the pattern is empty"),
        (children, {"a": "fial after 3h"}, 'did you mean "fail"?'),
        (children, {"a": "fakes:child"}, 'none of "succeed", "fail"'),
        (children, {"a": 3}, 'none of "succeed", "fail"'),
        (children, {"a": "succeed after a while"}, 'none of "succeed", "fail"'),
        (children, {"a": "fail after soon"}, "not a duration"),
        (children, {"a": "never-ends after 3h"}, 'none of "succeed", "fail"'),
        (children, {"a": "run after 3h"}, 'none of "succeed", "fail"'),
        (children, {"a": "rum"}, 'did you mean "run"?'),
    ],
)
def test_anything_else_is_an_error_that_says_what_to_write(parse, raw, said: str) -> None:
    with pytest.raises(Unusable) as error:
        parse(raw, KNOWN)
    assert said in str(error.value)
    assert "write" in str(error.value)
