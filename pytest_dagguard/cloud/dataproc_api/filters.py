"""Filters of lists: fields that are to have values, all of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from pytest_dagguard.cloud.dataproc_api.request import UNLOCK
from pytest_dagguard.cloud.dataproc_api.service import NAME
from pytest_dagguard.model.errors import NotEmulated

_PART = re.compile(r"([\w.-]+)\s*=\s*(\"[^\"]*\"|[\w*-]+)\s*")
_AND = re.compile(r"AND\s+", re.IGNORECASE)
_ANY = "*"


def read(verb: str, text: str, fields: Collection[str]) -> list[tuple[str, str]]:
    """What is wanted: name of a field -> value.

    :param fields: those that are known, beside ``labels.`` and the name of a label
    :raises NotEmulated: another operator than ``=``, or another field
    """
    wanted, rest = [], text.strip()
    while rest:
        part = _PART.match(rest)
        if part is None or not (part[1] in fields or part[1].startswith("labels.")):
            raise NotEmulated(NAME, f"{verb} with the filter {text!r}", UNLOCK)
        wanted.append((part[1], part[2].strip('"')))
        rest = rest[part.end() :]
        if (word := _AND.match(rest)) is not None:
            rest = rest[word.end() :]
    return wanted


def fits(
    wanted: Collection[tuple[str, str]], known: Mapping[str, Collection[str]], labels: Mapping[str, str] | None
) -> bool:
    """Say whether something has all the values that are wanted.

    :param known: name of a field -> values that it may be asked for by
    """
    for name, value in wanted:
        has = (
            known[name] if name in known else [each for key, each in (labels or {}).items() if f"labels.{key}" == name]
        )
        if not (has if value == _ANY else value in has):
            return False
    return True
