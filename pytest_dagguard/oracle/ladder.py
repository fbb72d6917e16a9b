"""The content ladder: on which terms an object of one run equals the same object of another.

From strict to weak: bytes; bytes once unpacked; rows in any order, or the JSON value; the same without the columns,
paths or parts of lines that vary; how many rows; size; presence. The two clean runs say which rung is needed, and that
one is kept. What loses nothing (order of rows, of JSON keys and lists, packing) is allowed on every rung.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pytest_dagguard.oracle.content import Reading, Shape, is_parquet, is_rows, parquet_module, read, sniff, unpack
from pytest_dagguard.oracle.masks import Masks, Path, by_multiset, by_position, fingerprint, items, names_for, shown
from pytest_dagguard.oracle.names import Names

BYTES, PACKED, ROWS, JSON, TEXT = "bytes", "packed", "rows", "json", "text"
COUNT, SIZE, PRESENCE = "count", "size", "presence"
_LINES_AT_MOST = 200_000
"""Records of an object above which masks are not looked for: that costs more than the answer is worth."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How one resource (or all of one template) is compared.

    :param rung: one of the constants above
    :param shape: how to read it; None for the rungs that do not
    :param masks: what is left out
    :param unordered: lines of text are compared as a multiset
    :param note: for the report, empty where nothing was given up
    """

    rung: str = BYTES
    shape: Shape | None = None
    masks: Masks = field(default_factory=dict)
    unordered: bool = False
    note: str = ""

    @property
    def weak(self) -> bool:
        """True where the content itself is not compared."""
        return self.rung in (COUNT, SIZE, PRESENCE)

    @property
    def multiset(self) -> bool:
        """True where the order of records means nothing."""
        return self.unordered or (self.shape is not None and (is_rows(self.shape) or self.shape.form == "json"))

    @property
    def masked(self) -> tuple[str, ...]:
        """The columns and paths that are left out, for people."""
        return tuple(sorted(shown(path) for path in self.masks)) if self.rung != TEXT else ()


def texts(reading: Reading, rule: Rule) -> list[str]:
    """The records as the rule sees them, in their order."""
    return items(reading.records, rule.masks)


def signature(data: bytes, rule: Rule) -> str:
    """Equal for two contents that are the same under the rule."""
    if rule.rung == PRESENCE:
        return ""
    if rule.rung == SIZE or rule.shape is None:
        return f"{len(data)} bytes"
    reading = read(data, rule.shape)
    if reading is None:
        return f"unreadable {hash(data)}"
    if rule.rung == COUNT:
        return f"{len(reading.records)} {reading.heads}"
    return fingerprint(texts(reading, rule), reading.heads, rule.multiset)


def lossless(data: bytes, resource: str, kind: str) -> Rule:
    """The rule for an object of which the two clean runs leave equal bytes."""
    return Rule(BYTES, sniff(data, resource, kind))


def alike(left: Sequence[bytes], right: Sequence[bytes], rule: Rule) -> bool:
    """Say whether the contents of one template are the same in two runs."""
    if rule.rung == BYTES:
        return Counter(left) == Counter(right)
    return Counter(signature(each, rule) for each in left) == Counter(signature(each, rule) for each in right)


def learn_rule(left: Sequence[bytes], right: Sequence[bytes], resource: str, kind: str) -> Rule:
    """Find the strictest rung on which two clean runs leave the same.

    :param left: contents of the first run's objects with one template, at least one
    :param right: as many of the second run's
    """
    if Counter(left) == Counter(right):
        return Rule()
    shape = sniff(left[0], resource, kind)
    if shape.packed and Counter(map(unpack, left)) == Counter(map(unpack, right)):
        return Rule(PACKED, shape, note="compared after unpacking (gzip)")
    for attempt in (_structured, _as_text, _counted):
        rule = attempt(left, right, shape)
        if rule is not None:
            return rule
    return _opaque(left, right)


def _readings(contents: Sequence[bytes], shape: Shape) -> list[Reading] | None:
    readings = [reading for each in contents if (reading := read(each, shape)) is not None]
    return readings if len(readings) == len(contents) else None


def _structured(left: Sequence[bytes], right: Sequence[bytes], shape: Shape) -> Rule | None:
    if shape.form not in ("csv", "jsonl", "json", "parquet"):
        return None
    a, b = _readings(left, shape), _readings(right, shape)
    if a is None or b is None:
        return None
    rung = ROWS if is_rows(shape) else JSON
    plain = "compared as rows in any order" if rung == ROWS else "compared as JSON"
    rule = Rule(rung, shape, note=plain)
    if alike(left, right, rule):
        return rule
    rules = [rule for rule in _masked(a, b, shape, rung) if _keeps_something(a, rule)]
    candidates = [rule for rule in rules if alike(left, right, rule)]
    if not candidates:
        return None
    best = min(candidates, key=_given_up)
    what = "columns" if rung == ROWS else "paths"
    names = ", ".join(best.masked[:5]) + (", ..." if len(best.masked) > 5 else "")
    note = f"{plain}, without the {what} that vary: {names}"
    return replace(best, note=note)


def _masked(a: Sequence[Reading], b: Sequence[Reading], shape: Shape, rung: str) -> list[Rule]:
    records = [[record for reading in side for record in reading.records] for side in (a, b)]
    if max(map(len, records)) > _LINES_AT_MOST:
        return []
    rules = [Rule(rung, shape, by_multiset(records[0], records[1]))]
    if rung == JSON and len(a) == 1 and len(records[0]) == len(records[1]):
        # Side by side: the records are elements of a list here, and masks are for paths inside of one record.
        position: dict[Path, Names | None] = {}
        for path, names in by_position(records[0], records[1]).items():
            position[path[1:]] = None if path[1:] in position else names
        rules.append(Rule(rung, shape, position))
    return rules


def _given_up(rule: Rule) -> tuple[int, int, int]:
    wholly = sum(names is None for names in rule.masks.values())
    return wholly, len(rule.masks), sum("*" in path for path in rule.masks)


def _keeps_something(readings: Sequence[Reading], rule: Rule) -> bool:
    """False where everything is masked and nothing would be compared but the number of records."""
    records = [record for reading in readings for record in reading.records]
    if () in rule.masks and rule.masks[()] is None:
        return False
    if rule.rung != ROWS:
        return True
    columns = {path for record in records[:1000] for path in _columns(record)}
    return any(path not in rule.masks or rule.masks[path] is not None for path in columns)


def _columns(record: object) -> list[Path]:
    return [(key,) for key in record] if isinstance(record, dict) else [()]


def _as_text(left: Sequence[bytes], right: Sequence[bytes], shape: Shape) -> Rule | None:
    if shape.form == "opaque" or shape.form == "parquet":
        return None
    plain = Shape("text", shape.packed)
    a, b = _readings(left, plain), _readings(right, plain)
    if a is None or b is None:
        return None
    lines = [[line for reading in side for line in reading.records] for side in (a, b)]
    if max(map(len, lines)) > _LINES_AT_MOST:
        return None
    names = names_for(lines[0], lines[1])
    if names is None:
        return None
    note = "compared as text, without the uuids, times and numbers that vary"
    in_order = Rule(TEXT, plain, {(): names}, False, note)
    for rule in (in_order, replace(in_order, unordered=True, note=note + ", lines in any order")):
        if alike(left, right, rule):
            return rule
    return None


def _counted(left: Sequence[bytes], right: Sequence[bytes], shape: Shape) -> Rule | None:
    rule = Rule(COUNT, shape, note=f"only the number of {'rows' if is_rows(shape) else 'records'} is compared")
    readable = is_rows(shape) and _readings(left, shape) and _readings(right, shape)
    return rule if readable and alike(left, right, rule) else None


def _opaque(left: Sequence[bytes], right: Sequence[bytes]) -> Rule:
    missing = ""
    if any(is_parquet(each) for each in left) and parquet_module() is None:
        missing = " (pyarrow is not installed: without it Parquet cannot be read)"
    rule = Rule(SIZE, note="compared by size only" + missing)
    if alike(left, right, rule):
        return rule
    return Rule(PRESENCE, note="only its presence is compared" + missing)
