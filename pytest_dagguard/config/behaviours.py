"""What pods, external jobs and child DAG runs do in place of the real ones: ``images``, ``jobs`` and ``children``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pytest_dagguard.config.values import Known, Unusable, did_you_mean, duration
from pytest_dagguard.model.life import BEHAVIOURS, CHILD_ENDS, NEVER_ENDS, RUN

_FUNCTION = re.compile(r"[A-Za-z_][\w.]*[:.][A-Za-z_]\w*")

Behaviours = Callable[[Any, Known], dict[str, str]]


def table(key: str, example: str, words: tuple[str, ...] = BEHAVIOURS) -> Behaviours:
    """The parser of one of the tables.

    :param key: ``images`` or ``jobs``
    :param example: a row as a user might write it
    :param words: what may stand beside a function
    """
    known_words = ", ".join(words)

    def parse(raw: Any, known: Known) -> dict[str, str]:
        if not isinstance(raw, Mapping):
            raise Unusable(f"not a table; write [tool.dagguard.{key}] and below it {example}")
        found = {}
        for pattern, said in raw.items():
            if not pattern.strip():
                raise Unusable(f"the pattern is empty; write for example {example}", pattern)
            if not isinstance(said, str) or not (said in words or _FUNCTION.fullmatch(said)):
                hint = did_you_mean(str(said), words) or ";"
                raise Unusable(
                    f'"{pattern}" = {said!r} is neither a function ("tests.fakes:train") nor one of the words'
                    f" {known_words}{hint} write for example {example}",
                    pattern,
                )
            found[pattern] = said
        return found

    return parse


images = table("images", '"acme/train:*" = "tests.fakes:train"')
jobs = table("jobs", '"glue:nightly" = "succeed"', tuple(each for each in BEHAVIOURS if each != RUN))


def children(raw: Any, known: Known) -> dict[str, str]:
    """What becomes of child DAG runs: pattern of a DAG id -> a word, and perhaps `` after `` and virtual seconds.

    :raises Unusable: it is no table, or says something else of a DAG
    """
    example = '"nightly_report" = "succeed after 3h"'
    if not isinstance(raw, Mapping):
        raise Unusable(f"not a table; write [tool.dagguard.children] and below it {example}")
    found = {}
    for pattern, said in raw.items():
        if not pattern.strip():
            raise Unusable(f"the pattern is empty; write for example {example}", pattern)
        match = CHILD_ENDS.fullmatch(said) if isinstance(said, str) else None
        if match is None:
            hint = did_you_mean(str(said).split(" ")[0], BEHAVIOURS) or ";"
            raise Unusable(
                f'"{pattern}" = {said!r} is none of "succeed", "fail" (both perhaps with "after 3h"),'
                f' "{NEVER_ENDS}" and "{RUN}"{hint} write for example {example}',
                pattern,
            )
        found[pattern] = f"{match[1]} after {duration(match[2], known):g}" if match[2] else said
    return found
