"""What pods and external jobs do in place of the real ones: the tables ``images`` and ``jobs``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pytest_dagguard.config.values import Known, Unusable, did_you_mean
from pytest_dagguard.model.life import BEHAVIOURS, RUN

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
