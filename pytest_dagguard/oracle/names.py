"""Templates of names: which parts of a text vary from run to run, and which stay.

The method is the one log parsers use (Drain, He et al. 2017: mask what looks like a variable, group what is left), with
one difference: two runs are at hand, so a part is masked only where the two really differ. A logical date looks like
a timestamp, but is in both runs and stays as it is.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

_H = "[0-9a-fA-F]"
_YEAR, _MONTH, _DAY = "(?:19|20)[0-9]{2}", "(?:0[1-9]|1[0-2])", "(?:0[1-9]|[12][0-9]|3[01])"
_HOUR, _MINUTE, _SECOND = "(?:[01][0-9]|2[0-3])", "[0-5][0-9]", "(?:[0-5][0-9]|60)"
_COLON = "(?::|%3A|[-_.])"
_ZONE = rf"(?:Z|(?:[+]|%2B){_HOUR}(?::|%3A)?{_MINUTE}|-{_HOUR}:{_MINUTE})?"
_MONTHS = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DATE = "(?:" + "|".join(f"{_YEAR}{s}{_MONTH}{s}{_DAY}" for s in ("-", "/", "_", "[.]")) + ")"
# what follows a date and a dash may be the other end of a range: 2024-01-01_2024-02-01
_NO_DATE = rf"(?!{_DATE}|{_YEAR}{_MONTH}{_DAY}(?![0-9]))"
_CLOCK = rf"{_HOUR}{_COLON}?{_MINUTE}(?:{_COLON}?{_SECOND}(?:[.,][0-9]{{1,9}})?)?"
_FIGURE = "[0-9]+(?:[.,][0-9]+)*"
_SIZE = "(?:[Bb]ytes?|[kKMGTP]i?[Bb]|B)(?:/s(?:ec)?|ps)?(?![0-9A-Za-z])"
_SPAN = "(?:ns|us|µs|ms|s|secs?|seconds?|m|mins?|minutes?|h|hours?)(?![A-Za-z/])"

# Each piece may look around itself, but has no groups that capture: they are put together below.
_PIECES: dict[str, str] = {
    "uuid": rf"{_H}{{8}}(?:-{_H}{{4}}){{3}}-{_H}{{12}}(?!{_H})|{_H}{{8}}(?:_{_H}{{4}}){{3}}_{_H}{{12}}(?!{_H})"
    rf"|(?<!{_H}){_H}{{32}}(?!{_H})",
    # Python's tempfile: eight characters of letters, digits and underscore.
    "random": "(?<![0-9A-Za-z])tmp[a-z0-9_]{8}(?![0-9A-Za-z_])",
    "time": rf"(?<![0-9]){_DATE}(?:[Tt_ +-]|%20){_NO_DATE}{_CLOCK}{_ZONE}(?![0-9])"
    # hour folders belong to their date: two runs in the same hour would otherwise agree by chance
    rf"|(?<![0-9]){_YEAR}/{_MONTH}/{_DAY}/{_HOUR}(?:/{_MINUTE})?(?=/|$)"
    rf"|(?<![0-9]){_DATE}/(?:hour|hh|hr|h)=[0-9]{{1,2}}(?![0-9])"
    rf"|(?<![A-Za-z])(?:year|yyyy|y)={_YEAR}/(?:month|mm|m)=[0-9]{{1,2}}/(?:day|dd|d)=[0-9]{{1,2}}"
    r"(?:/(?:hour|hh|h)=[0-9]{1,2}(?:/(?:minute|min)=[0-9]{1,2})?)?(?![0-9])"
    rf"|(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?(?<![0-9])[0-9]{{1,2}} {_MONTHS} {_YEAR}"
    rf"(?: {_HOUR}:{_MINUTE}(?::{_SECOND})?(?: GMT| UTC| [+-][0-9]{{4}})?)?(?![0-9])"
    rf"|(?<![0-9:]){_HOUR}:{_MINUTE}:{_SECOND}(?:[.,][0-9]{{1,9}})?{_ZONE}(?![0-9:])",
    "date": rf"(?<![0-9]){_DATE}(?![0-9])",
    "stamp": rf"(?<![0-9]){_YEAR}{_MONTH}{_DAY}(?:[T_-]{_NO_DATE})?{_HOUR}{_MINUTE}"
    rf"(?:{_SECOND}[0-9]{{0,6}}(?:[.,][0-9]{{1,9}})?)?{_ZONE}(?![0-9])",
    "day": rf"(?<![0-9]){_YEAR}{_MONTH}{_DAY}(?![0-9])",
    # seconds from 2014 to 2046, and their milli-, micro- and nanoseconds
    "epoch": r"(?<![0-9.])(?:1[4-9]|2[0-3])[0-9]{8}(?:[0-9]{3}|[0-9]{6}|[0-9]{9})?"
    r"(?:[.][0-9]+(?![0-9A-Za-z]))?(?![0-9])",
    "hex": r"(?<![0-9A-Za-z])(?:[0-9a-f]{8,}|[0-9A-F]{8,})(?![0-9A-Za-z])",
    "n": "[0-9]+",
    # in text a number is one thing, whether it is written 0.12, 8e-05 or 1,234
    "number": r"(?:(?<![^\s=:(,\[])[-+])?[0-9]+(?:[.,][0-9]+)*(?:[eE][-+]?[0-9]+)?",
    # sizes, speeds and spans: a program that says how fast it was says it in bytes once and in KiB the next time
    "amount": rf"(?<![0-9A-Za-z.]){_FIGURE} ?{_SIZE}|(?<![0-9A-Za-z.]){_FIGURE} ?{_SPAN}(?: ?{_FIGURE} ?{_SPAN})*",
    "upload": ".*",
    "token": r"[^\W_]+",
    "word": r"\w+",
    "slug": r"[\w-]+",
}
_SHOWN = {"number": "n", "upload": "id", "stamp": "time", "day": "date", "word": "token", "slug": "token"}

# From fine to coarse. A coarser level gives up the pieces that a random value can look like by chance (eight random
# hexadecimal digits are sometimes a date), or the two runs would never meet.
_LEVELS: dict[str, tuple[str, ...]] = {
    "uuid": ("uuid", "random"),
    "time": ("uuid", "random", "time", "date", "stamp", "day", "epoch"),
    "hex": ("uuid", "random", "hex", "time", "date", "stamp", "day", "epoch"),
    "digits": ("uuid", "random", "time", "date", "hex", "n"),
    "numbers": ("uuid", "random", "time", "date", "hex", "amount", "number"),
    "token": ("uuid", "random", "time", "date", "token"),
    "word": ("uuid", "time", "date", "word"),
    "slug": ("slug",),
}
LEVELS = tuple(_LEVELS)
NAME_LEVELS = ("uuid", "time", "hex", "digits", "token", "word", "slug")
VALUE_LEVELS = ("uuid", "time", "hex", "numbers")
"""For text inside of objects: a random word there is compared as a whole, or not at all."""
LOOSE_LEVELS = frozenset({"token", "word", "slug"})

_LEXERS = {
    level: re.compile("|".join(f"(?P<{kind}>{_PIECES[kind]})" for kind in kinds)) for level, kinds in _LEVELS.items()
}
_MARK = "\x00"

Part = tuple[str, str]
"""(kind, text): the kind is empty where the text is literal."""


@lru_cache(maxsize=1 << 15)
def _lex(text: str, level: str) -> tuple[Part, ...]:
    parts: list[Part] = []
    at = 0
    for match in _LEXERS[level].finditer(text):
        if match.start() > at:
            parts.append(("", text[at : match.start()]))
        parts.append((match.lastgroup or "", match.group()))
        at = match.end()
    if at < len(text):
        parts.append(("", text[at:]))
    return tuple(parts)


def _skeleton(parts: Iterable[Part]) -> str:
    return "".join(f"{_MARK}{kind}{_MARK}" if kind else text for kind, text in parts)


def _settle(parts: Iterable[Part], wild: Sequence[bool]) -> tuple[Part, ...]:
    """The parts with those slots literal that are not wild."""
    flags = iter(wild)
    return tuple((kind if kind and next(flags) else "", text) for kind, text in parts)


@dataclass(frozen=True, slots=True)
class Names:
    """What is known of the names (or lines, or cells) of two clean runs.

    :param known: in both runs: literal, whatever they look like
    :param families: (level, skeleton) -> for each slot of the skeleton, whether it varies
    :param constants: values of slots that both runs have somewhere, such as the logical date: literal in new names too
    :param levels: the levels of the families, from fine to coarse
    :param fallback: the level at which a name is read that belongs to no family; empty: it is literal
    """

    known: frozenset[str] = frozenset()
    families: Mapping[tuple[str, str], tuple[bool, ...]] = field(default_factory=dict)
    constants: frozenset[str] = frozenset()
    levels: tuple[str, ...] = ()
    fallback: str = ""

    def parts(self, text: str) -> tuple[Part, ...]:
        """The text in parts, volatile ones with their kind."""
        base = stem(text)
        if base != text:
            return (*self._parts(base), ("", "?"), ("upload", text[len(base) + 1 :]))
        return self._parts(text)

    def _parts(self, text: str) -> tuple[Part, ...]:
        if text in self.known:
            return (("", text),)
        for level in self.levels:
            parts = _lex(text, level)
            wild = self.families.get((level, _skeleton(parts)))
            if wild is not None:
                return _settle(parts, wild)
        if not self.fallback:
            return (("", text),)
        return tuple(("" if value in self.constants else kind, value) for kind, value in _lex(text, self.fallback))

    def key(self, text: str) -> str:
        """Equal for two texts that differ in volatile parts only. Not for people: see :func:`readable`."""
        return _skeleton(self.parts(text))

    def pattern(self, text: str) -> str:
        """A regular expression for the whole of every text with the same key."""
        return "".join(f"(?:{_PIECES[kind]})" if kind else re.escape(value) for kind, value in self.parts(text))


def readable(key: str) -> str:
    """A key as people read it: ``s3://clean/part-<uuid>``."""
    pieces = key.split(_MARK)
    return "".join(f"<{_SHOWN.get(piece, piece)}>" if at % 2 else piece for at, piece in enumerate(pieces))


def _flags(left: Sequence[tuple[Part, ...]], right: Sequence[tuple[Part, ...]]) -> tuple[bool, ...]:
    """Which slots of one skeleton vary between two sides of equal length."""
    columns = [[[text for kind, text in parts if kind] for parts in side] for side in (left, right)]
    slots = range(len(columns[0][0]))
    wild = tuple(Counter(row[i] for row in columns[0]) != Counter(row[i] for row in columns[1]) for i in slots)
    keys = [Counter(_skeleton(_settle(parts, wild)) for parts in side) for side in (left, right)]
    if any(wild) and keys[0] == keys[1]:
        return wild
    # Each slot has the same values on both sides, but in other combinations: only what never varies stays.
    return tuple(len({row[i] for side in columns for row in side}) > 1 for i in slots)


def align(
    left: Sequence[str], right: Sequence[str], levels: Sequence[str] = NAME_LEVELS
) -> tuple[dict[tuple[str, str], tuple[bool, ...]], list[str], list[str]]:
    """Find the finest masks under which the names that only one run has are the same multiset in both.

    :param left: what only the first run has
    :param right: what only the second run has
    :returns: the families, and what remains unexplained on either side
    """
    families: dict[tuple[str, str], tuple[bool, ...]] = {}
    rest = [list(left), list(right)]
    for level in levels:
        if not rest[0] and not rest[1]:
            break
        groups: list[dict[str, list[str]]] = [defaultdict(list), defaultdict(list)]
        for side, names in zip(groups, rest, strict=True):
            for name in names:
                side[_skeleton(_lex(name, level))].append(name)
        rest = [[], []]
        for skeleton in groups[0].keys() | groups[1].keys():
            pair = [side.get(skeleton, []) for side in groups]
            if len(pair[0]) == len(pair[1]) and _MARK in skeleton:
                families[level, skeleton] = _flags(*([_lex(name, level) for name in side] for side in pair))
            else:
                for remaining, names in zip(rest, pair, strict=True):
                    remaining.extend(names)
    return families, sorted(rest[0]), sorted(rest[1])


def stem(name: str) -> str:
    """The name of an unfinished upload without its id, which the service draws; any other name as it is."""
    if name.partition("://")[0].endswith("-upload") and "?" in name:
        return name.rpartition("?")[0]
    return name


def only(left: Iterable[str], right: Iterable[str]) -> tuple[list[str], list[str]]:
    """What the first and what the second multiset has beyond the other."""
    a, b = Counter(left), Counter(right)
    return list((a - b).elements()), list((b - a).elements())


def constants(names: Iterable[str]) -> frozenset[str]:
    """Values of uuid- and time-like slots in names that both runs have."""
    return frozenset(text for name in names for kind, text in _lex(name, "time") if kind)


def names_of(
    families: Mapping[tuple[str, str], tuple[bool, ...]],
    known: Iterable[str] = (),
    constants: frozenset[str] = frozenset(),
    fallback: str = "",
) -> Names:
    """Put together what was learned."""
    used = {level for level, _ in families}
    levels = tuple(level for level in LEVELS if level in used)
    return Names(frozenset(known), dict(families), constants, levels, fallback)


PLAIN = Names(fallback="time")
"""For when no clean run is known: everything that looks like a uuid or a time varies."""
