"""How many map indices a mapped task has."""

from __future__ import annotations

import pytest

from pytest_dagguard.model.counting import count, sources
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
