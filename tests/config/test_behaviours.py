"""The tables that say what pods and jobs do."""

from __future__ import annotations

import pytest

from pytest_dagguard.config.behaviours import images, jobs
from pytest_dagguard.config.values import Known, Unusable

KNOWN = Known((), ())


def test_functions_and_words_are_taken() -> None:
    rows = {"acme/train:*": "tests.fakes:train", "redis*": "succeed", "gsutil*": "run", "x": "never-ends"}
    assert images(rows, KNOWN) == rows
    assert jobs({"glue:nightly": "fakes.nightly"}, KNOWN) == {"glue:nightly": "fakes.nightly"}


@pytest.mark.parametrize(
    ("parse", "raw", "said"),
    [
        (images, "succeed", "not a table"),
        (images, {"": "succeed"}, "the pattern is empty"),
        (images, {"a": "suceed"}, 'did you mean "succeed"?'),
        (images, {"a": 3}, "neither a function"),
        (images, {"a": "tests.fakes:"}, "neither a function"),
        (jobs, {"glue:a": "run"}, "neither a function"),
    ],
)
def test_anything_else_is_an_error_that_says_what_to_write(parse, raw, said: str) -> None:
    with pytest.raises(Unusable) as error:
        parse(raw, KNOWN)
    assert said in str(error.value)
    assert "write" in str(error.value)
