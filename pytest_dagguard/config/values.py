"""From what a user wrote to a value: one function for each kind of option, pure, with errors made for reading."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timezone
from typing import Any

from pytest_dagguard.model.limits import Limits

SCENARIOS = ("twice", "concurrent", "killed")
"""What is run where nothing else is asked for."""


_DURATION = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*(ms|s|m|h|d|)", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(kb|mb|gb|b|)", re.ASCII)
_BYTES = {"": 1, "b": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30}
_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})


class Unusable(ValueError):
    """A value that cannot be used. The text says why and what to do; where it was found is for the caller to add.

    :ivar key: the part of the value that is at fault, for a closer line number; empty where it is the whole
    :ivar line: the line that is at fault, where whoever raises this knows it; else 0
    """

    def __init__(self, text: str, key: str = "", line: int = 0) -> None:
        """
        :param text: why, and what to do, without a full stop
        :param key: key within the value, where the value is a table
        :param line: 1-based; 0 where unknown
        """
        self.key = key
        self.line = line
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Known:
    """The names that this version has.

    :param rules: rule -> its family
    """

    scenarios: Collection[str]
    reports: Collection[str]
    rules: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReportTarget:
    """One report to write.

    :param format: name of the report
    :param path: where to, as the user wrote it
    """

    format: str
    path: str


Parser = Callable[[Any, Known], Any]


def nearest(name: str, names: Iterable[str], cutoff: float = 0.6) -> str:
    """The most similar of ``names``, regardless of case; empty where none is similar.

    :param cutoff: from 0 to 1: how similar it has to be (see :func:`difflib.get_close_matches`)
    """
    by_lower = {each.lower(): each for each in names}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[found[0]] if found else ""


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """``; did you mean "x"?`` for the nearest of ``names``, or nothing."""
    found = nearest(name, names)
    return f'; did you mean "{found}"?' if found else ""


def switch(raw: Any, known: Known) -> bool:
    """True or false.

    :raises Unusable: it is neither
    """
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.strip().lower() in _YES | _NO:
        return raw.strip().lower() in _YES
    raise Unusable("not a switch; write true or false")


def duration(raw: Any, known: Known) -> float:
    """Seconds, from ``500ms``, ``10s``, ``2m``, ``1h`` or a bare number of seconds.

    :raises Unusable: it is no duration, or not more than nothing
    """
    seconds = math.nan
    if isinstance(raw, (int, float)) and not isinstance(raw, bool):
        seconds = float(raw)
    elif isinstance(raw, str) and (match := _DURATION.fullmatch(raw.strip())):
        seconds = float(match[1]) * _SECONDS[match[2]]
    if not math.isfinite(seconds):
        raise Unusable("not a duration; write 500ms, 10s, 2m or a bare number of seconds")
    if seconds <= 0:
        raise Unusable("a duration must be more than 0; write for example 10s")
    return seconds


def texts(raw: Any, known: Known) -> tuple[str, ...]:
    """A list of texts; on the command line and in the environment one text with commas.

    :raises Unusable: it is no list, is empty, or has something else than text in it
    """
    items = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(items, (list, tuple)) or not all(isinstance(each, str) for each in items):
        raise Unusable('not a list of texts; write for example ["one", "two"]')
    found = tuple(dict.fromkeys(each.strip() for each in items if each.strip()))
    if not found:
        raise Unusable("the list is empty; name at least one, or leave the option out")
    return found


def text(raw: Any, known: Known) -> str:
    """A text that is not empty.

    :raises Unusable: it is no text or empty
    """
    if not isinstance(raw, str) or not raw.strip():
        raise Unusable('not a text; write it in quotes, for example "name"')
    return raw.strip()


def half(raw: Any, known: Known) -> str:
    """``rules`` or ``scenarios``.

    :raises Unusable: it is neither
    """
    name = text(raw, known)
    if name not in ("rules", "scenarios"):
        hint = did_you_mean(name, ("rules", "scenarios")) or ";"
        raise Unusable(f"there is no such half{hint} Known: rules, scenarios")
    return name


def scenarios(raw: Any, known: Known) -> tuple[str, ...]:
    """Names of scenarios in the order given; ``all`` is every one that this version has.

    :raises Unusable: there is no scenario of that name
    """
    names = texts(raw, known)
    for name in names:
        if name == "all" or name in known.scenarios:
            continue
        hint = did_you_mean(name, [*known.scenarios, "all"]) or ";"
        raise Unusable(f'there is no scenario "{name}"{hint} {_known(known.scenarios)}')
    if "all" in names:
        return tuple(name for name in SCENARIOS if name in known.scenarios) + tuple(
            sorted(set(known.scenarios) - set(SCENARIOS))
        )
    return names


def reports(raw: Any, known: Known) -> tuple[ReportTarget, ...]:
    """``FORMAT:PATH`` once or several times.

    :raises Unusable: there is no such format, or no path
    """
    found = []
    for each in texts(list(raw) if isinstance(raw, tuple) else raw, known):
        name, _, path = (part.strip() for part in each.partition(":"))
        if name not in known.reports:
            hint = did_you_mean(name, known.reports) or ";"
            raise Unusable(f'there is no report format "{name}"{hint} {_known(known.reports)}')
        if not path:
            raise Unusable(f"the path is missing; write FORMAT:PATH, for example {name}:dagguard.{name}")
        found.append(ReportTarget(name, path))
    return tuple(found)


def moment(raw: Any, known: Known) -> datetime:
    """A point in time with its time zone, from ISO 8601 text or a TOML date; without a zone it is UTC.

    :raises Unusable: it is no date
    """
    if isinstance(raw, str):
        written = raw.strip()
        # Python 3.10 reads neither a Z nor a lower-case t.
        written = written[:-1] + "+00:00" if written[-1:] in ("Z", "z") else written
        try:
            raw = datetime.fromisoformat(written)
        except ValueError:
            raise Unusable("not a date; write it as in 2024-01-01T00:00:00Z") from None
    if isinstance(raw, date) and not isinstance(raw, datetime):
        raw = datetime(raw.year, raw.month, raw.day)
    if not isinstance(raw, datetime):
        raise Unusable('not a date; write it as in "2024-01-01T00:00:00Z"')
    return raw if raw.tzinfo is not None else raw.replace(tzinfo=timezone.utc)


def reasons(raw: Any, known: Known) -> dict[str, str]:
    """A table of resource patterns, each with the reason why it is allowed.

    :raises Unusable: it is no table, or a reason is missing
    """
    if not isinstance(raw, Mapping):
        raise Unusable('not a table; write [tool.dagguard.allow] and below it "s3://logs/*" = "the reason"')
    for pattern, reason in raw.items():
        if not isinstance(reason, str) or not reason.strip():
            raise Unusable(f'"{pattern}" has no reason; say why this effect need not be idempotent', pattern)
        if not pattern.strip():
            raise Unusable('the pattern is empty; write for example "s3://logs/*"', pattern)
    return {pattern: reason.strip() for pattern, reason in raw.items()}


def variables(raw: Any, known: Known) -> dict[str, str]:
    """A table of environment variables; numbers become text.

    :raises Unusable: it is no table, or has a value that is no text
    """
    if not isinstance(raw, Mapping):
        raise Unusable('not a table; write [tool.dagguard.env] and below it NAME = "value"')
    found = {}
    for name, value in raw.items():
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise Unusable(f"the value of {name} is not a text; write it in quotes", name)
        if not name or "=" in name or "\0" in f"{name}{value}":
            raise Unusable(f"{name!r} cannot be an environment variable; write a name without =", name)
        found[name] = str(value)
    return found


def rules(raw: Any, known: Known) -> Any:
    """``[tool.dagguard.rules]`` as a :class:`~pytest_dagguard.model.rule.Choice`.

    :raises Unusable: a key, a rule or a severity that this version does not have
    """
    from pytest_dagguard.config import rule_values  # not needed where there is no such table

    return rule_values.choice(raw, known)


def limits(raw: Any, known: Known) -> Limits:
    """A table of bounds: sizes as ``512MB``, ``2GB`` or a bare number of bytes, and a number of processes.

    :raises Unusable: it is no table, or has another name or value in it
    """
    if not isinstance(raw, Mapping):
        raise Unusable('not a table; write [tool.dagguard.limits] and below it memory = "4GB"')
    names = [each.name for each in fields(Limits)]
    found: dict[str, int] = {}
    for name, value in raw.items():
        if name not in names:
            hint = did_you_mean(name, names) or ";"
            raise Unusable(f'there is no limit "{name}"{hint} Known: {", ".join(names)}', name)
        number = value if isinstance(value, int) and not isinstance(value, bool) else 0
        if isinstance(value, str) and name != "processes" and (match := _SIZE.fullmatch(value.strip().lower())):
            number = int(float(match[1]) * _BYTES[match[2]])
        if number <= 0:
            example = "200" if name == "processes" else '"4GB"'
            raise Unusable(f"{value!r} is no amount; write for example {name} = {example}", name)
        found[name] = number
    return Limits(**found)


def aliases(raw: Any, known: Known) -> dict[str, str]:
    """A table of modules by their old names; ``airflow-2 = true`` is one without a new name.

    :raises Unusable: it is no table, or has something else in it
    """
    if not isinstance(raw, Mapping):
        raise Unusable('not a table; write [tool.dagguard.aliases] and below it airflow-2 = true or "old" = "new"')
    found = {}
    for old, new in raw.items():
        if old == "airflow-2":
            if not isinstance(new, bool):
                raise Unusable("airflow-2 is a switch; write airflow-2 = true", old)
            if new:
                found[old] = ""
        elif not isinstance(new, str) or not all(part.isidentifier() for part in (*old.split("."), *new.split("."))):
            raise Unusable(f'"{old}" is not the name of a module for another; write "old.module" = "new.module"', old)
        else:
            found[old] = new
    return found


def _known(names: Collection[str]) -> str:
    return "Known: " + ", ".join([*(each for each in SCENARIOS if each in names), *sorted(set(names) - {*SCENARIOS})])
