"""Ignores in the source: ``# dagguard: ignore[missing-retries] the reason``."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

_COMMENT = re.compile(r"#\s*dagguard:\s*ignore(?:\[([^\]]*)\])?\s*([^#]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ignore:
    """One such comment.

    :param line: where it stands
    :param names: of rules; empty where the brackets are missing or empty, and then nothing is ignored
    :param reason: what follows the brackets
    :param first: first line that it is about
    :param last: last line that it is about
    """

    line: int
    names: tuple[str, ...]
    reason: str
    first: int
    last: int

    def covers(self, rule: str, line: int) -> bool:
        """Say whether a finding is ignored by it; one whose line is not known may be meant by any."""
        return rule in self.names and (not line or self.first <= line <= self.last)


def ignores(text: str, tree: ast.Module | None) -> tuple[Ignore, ...]:
    """The ignores in a source.

    A comment is about the whole statement in which it stands, over however many lines that goes; of a statement with a
    body it is about the lines before the body. A comment on a line of its own is about the statement that follows.
    """
    if "dagguard" not in text:
        return ()
    spans = sorted(_spans(tree)) if tree is not None else []
    found = []
    for line, alone, comment in _comments(text):
        match = _COMMENT.match(comment)
        if match:
            names = tuple(dict.fromkeys(each.strip() for each in (match[1] or "").split(",") if each.strip()))
            first, last = _about(line, alone, spans)
            reason = match[2].strip().lstrip(":-\N{EN DASH}\N{EM DASH}").strip()
            found.append(Ignore(line, names, reason, first, last))
    return tuple(found)


def _comments(text: str) -> Iterator[tuple[int, bool, str]]:
    """Line, whether it stands alone there, and text of each comment, as far as the source can be read."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], not token.line[: token.start[1]].strip(), token.string
    except (tokenize.TokenError, SyntaxError):
        return


def _spans(tree: ast.Module) -> Iterator[tuple[int, int]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt):
            continue
        decorators = getattr(node, "decorator_list", None) or []
        first = min([node.lineno, *(each.lineno for each in decorators)])
        body = getattr(node, "body", None)
        last = node.end_lineno or node.lineno
        if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
            last = max(node.lineno, min(last, body[0].lineno - 1))
        yield first, last


def _about(line: int, alone: bool, spans: list[tuple[int, int]]) -> tuple[int, int]:
    inside = [span for span in spans if span[0] <= line <= span[1]]
    # the statement that begins last is the innermost; a comment below a header stands before the first statement of
    # the body, and is about that one
    if inside and not (alone and inside[-1][1] == line):
        return inside[-1]
    if alone:
        after = next((span for span in spans if span[0] > line), None)
        if after is not None:
            return after
    return line, line
