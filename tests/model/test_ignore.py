"""Inline ignores: which lines a comment is about."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from pytest_dagguard.model.ignore import Ignore, ignores


def found(source: str) -> tuple[Ignore, ...]:
    text = dedent(source).strip("\n") + "\n"
    return ignores(text, ast.parse(text))


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("x = 1  # dagguard: ignore[a] r", (1, 1)),
        ("x = f(\n  1,  # dagguard: ignore[a] r\n  2,\n)", (1, 4)),
        ("# dagguard: ignore[a] r\nx = f(\n  1,\n)", (2, 4)),
        ("with f(\n  1,\n):  # dagguard: ignore[a] r\n  x = 1", (1, 3)),
        ("with f():\n  # dagguard: ignore[a] r\n  x = 1\n  y = 2", (3, 3)),
        ("@task  # dagguard: ignore[a] r\ndef f():\n  return 1", (1, 2)),
        ("@task\ndef f():\n  return 1  # dagguard: ignore[a] r", (3, 3)),
        ("x = 1\n# dagguard: ignore[a] r", (2, 2)),
    ],
    ids=["line", "within", "above", "header", "first of a body", "decorator", "body", "at the end"],
)
def test_a_comment_is_about_a_statement(source: str, lines: tuple[int, int]) -> None:
    (ignore,) = found(source)
    assert (ignore.first, ignore.last) == lines
    assert ignore.covers("a", lines[0])
    assert ignore.covers("a", lines[1])
    assert not ignore.covers("a", lines[1] + 1)
    assert not ignore.covers("b", lines[0])


@pytest.mark.parametrize(
    ("comment", "names", "reason"),
    [
        ("# dagguard: ignore[a, b-c] the reason", ("a", "b-c"), "the reason"),
        ("#dagguard:ignore[a]: the reason", ("a",), "the reason"),
        ("# dagguard: ignore[a]", ("a",), ""),
        ("# dagguard: ignore[a]  # noqa: E501", ("a",), ""),
        ("# dagguard: ignore because", (), "because"),
        ("# dagguard: ignore[]", (), ""),
    ],
)
def test_names_and_reason(comment: str, names: tuple[str, ...], reason: str) -> None:
    (ignore,) = found(f"x = 1  {comment}")
    assert (ignore.names, ignore.reason) == (names, reason)


def test_a_text_is_no_comment() -> None:
    assert found('x = "# dagguard: ignore[a] r"\n"""\n# dagguard: ignore[a] r\n"""') == ()


def test_a_source_that_python_cannot_read_is_read_as_far_as_possible() -> None:
    (ignore,) = ignores("x = 1  # dagguard: ignore[a] r\ndef (:\n", None)
    assert (ignore.first, ignore.last) == (1, 1)


def test_a_finding_whose_line_is_unknown_may_be_meant_by_any() -> None:
    assert found("x = 1  # dagguard: ignore[a] r")[0].covers("a", 0)
