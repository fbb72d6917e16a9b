"""What became of one object: how its content relates to the one that a clean run gives it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pytest_dagguard.oracle.content import Reading, Shape, is_rows, noun, read, unpack
from pytest_dagguard.oracle.ladder import COUNT, PRESENCE, SIZE, Rule, lossless, texts
from pytest_dagguard.oracle.masks import apply, dump, shown
from pytest_dagguard.oracle.names import readable


@dataclass(frozen=True, slots=True)
class Relation:
    """A class of finding and half a sentence that says what is seen, to follow the resource's name."""

    cls: str
    text: str


def relate(expected: bytes, actual: bytes, rule: Rule, resource: str, kind: str) -> Relation:
    """Classify two contents that are not the same under ``rule``.

    :param resource: name, for finding out how to read it
    """
    if not actual:
        return Relation("torn", f"is empty where one clean run leaves {_bytes(len(expected))}")
    if rule.rung in (SIZE, PRESENCE):
        return _by_size(expected, actual)
    shape = rule.shape or lossless(expected, resource, kind).shape or Shape("opaque")
    times = _repeated(expected, actual)
    wanted, found = read(expected, shape), read(actual, shape)
    if shape.form != "opaque" and wanted is not None and found is not None:
        return _by_records(expected, actual, rule, shape, wanted, found)
    if times:
        return Relation("duplicate", f"holds the content of one clean run {times} times over")
    return _by_bytes(expected, actual, shape)


def _bytes(count: int) -> str:
    return f"{count:,} byte{'' if count == 1 else 's'}"


def _repeated(expected: bytes, actual: bytes) -> int:
    """How many times over ``actual`` is ``expected``; 0 where it is something else."""
    times, rest = divmod(len(actual), len(expected)) if expected else (0, 0)
    return times if times > 1 and not rest and actual == expected * times else 0


def _by_size(expected: bytes, actual: bytes) -> Relation:
    sizes = f"has {_bytes(len(actual))} where one clean run leaves {_bytes(len(expected))}"
    times, rest = divmod(len(actual), len(expected)) if expected else (0, 0)
    if times > 1 and not rest:
        return Relation("duplicate", f"{sizes}, {times} times as many")
    if expected.startswith(actual):
        return Relation("torn", sizes)
    return Relation("changed", f"{sizes} (compared by size only)")


def _by_bytes(expected: bytes, actual: bytes, shape: Shape) -> Relation:
    if expected.startswith(actual):
        return Relation("torn", f"is cut off after {len(actual):,} of {_bytes(len(expected))}")
    name = {"json": "JSON", "jsonl": "JSON lines", "parquet": "Parquet", "csv": "CSV", "text": "text"}.get(
        shape.form, ""
    )
    if shape.packed and unpack(actual) is None and actual[:2] == expected[:2]:
        return Relation("torn", "is damaged: its gzip data ends too early or cannot be unpacked")
    if name and actual[:1] == expected[:1]:
        return Relation("torn", f"is damaged: it can no longer be read as {name}")
    if name:
        return Relation("changed", f"is no longer {name}")
    at = next((i for i, (a, b) in enumerate(zip(expected, actual, strict=False)) if a != b), len(expected))
    return Relation(
        "changed",
        f"has other content: {_bytes(len(actual))} where one clean run leaves {_bytes(len(expected))}, "
        f"first difference at byte {at:,}",
    )


def _by_records(expected: bytes, actual: bytes, rule: Rule, shape: Shape, wanted: Reading, found: Reading) -> Relation:
    if rule.rung == COUNT:
        return _by_count(len(wanted.records), len(found.records), shape)
    ours, theirs = texts(wanted, rule), texts(found, rule)
    counts = f"{noun(shape, len(theirs))} where one clean run leaves {len(ours):,}"
    if _cut(expected, actual, rule, shape, wanted, found):
        return Relation(
            "torn", f"is cut off: {counts}" if len(theirs) != len(ours) else "is cut off within its last part"
        )
    a, b = Counter(ours), Counter(theirs)
    more, less = b - a, a - b
    if more and not less and set(more) <= set(a):
        what = "documents" if shape.form == "json" and not wanted.heads else ""
        return Relation(
            "duplicate", f"has {len(theirs)} {what} where one clean run leaves 1" if what else f"has {counts}"
        )
    if not more and not less and wanted.heads != found.heads:
        return _by_heads(wanted, found)
    if less and not more:
        return Relation("lost", f"has only {counts}")
    return Relation("changed", _excerpt(rule, shape, wanted, found, counts))


def _by_count(ours: int, theirs: int, shape: Shape) -> Relation:
    text = f"{noun(shape, theirs)} where one clean run leaves {ours:,}"
    if theirs < ours:
        return Relation("lost", f"has only {text}")
    times, rest = divmod(theirs, ours) if ours else (0, 0)
    return Relation("duplicate" if times > 1 and not rest else "changed", f"has {text}")


def _cut(expected: bytes, actual: bytes, rule: Rule, shape: Shape, wanted: Reading, found: Reading) -> bool:
    """Say whether ``actual`` is the beginning of ``expected``, as far as what varies allows to tell."""
    if expected.startswith(actual):
        return True
    if shape.form in ("parquet", "json") or not found.records:
        return False
    ours, theirs = texts(wanted, rule), texts(found, rule)
    if len(theirs) < len(ours) and theirs == ours[: len(theirs)]:
        return True
    whole, part = unpack(expected) if shape.packed else expected, unpack(actual) if shape.packed else actual
    if whole is None or part is None:
        return False
    if whole.startswith(part):
        return True
    # Rows that vary: all but the last are there, and the last one does not end as rows of this object do.
    ends = whole.endswith(b"\n") and not part.endswith(b"\n")
    return ends and len(theirs) <= len(ours) and theirs[:-1] == ours[: len(theirs) - 1]


def _by_heads(wanted: Reading, found: Reading) -> Relation:
    if wanted.heads[:1] and wanted.heads[0].endswith(" headers") and wanted.heads[0] != found.heads[0]:
        count = found.heads[0].removesuffix(" headers")
        cls = "changed" if count == "0" else "duplicate"
        return Relation(cls, f"has its header row {count} times where one clean run leaves it once")
    if wanted.heads[:1] and wanted.heads[0].endswith(" headers"):
        return Relation("changed", "does not begin with its header row any more")
    return Relation(
        "changed", f"has other columns: {_short(found.heads)} where one clean run leaves {_short(wanted.heads)}"
    )


def _short(value: Any, most: int = 60) -> str:
    text = ", ".join(value) if isinstance(value, tuple) else value if isinstance(value, str) else dump(value)
    text = " ".join(text.split("\n"))
    return text if len(text) <= most else text[: most - 3] + "..."


def _excerpt(rule: Rule, shape: Shape, wanted: Reading, found: Reading, counts: str) -> str:
    """The first difference, with where it is and both values."""
    masked = [[apply(each, rule.masks) for each in side.records] for side in (wanted, found)]
    number = f"has {counts}; " if len(masked[0]) != len(masked[1]) else ""
    if rule.multiset or is_rows(shape):
        return number + _excerpt_of_rows(masked[0], masked[1], shape)
    for at, (a, b) in enumerate(zip(*masked, strict=False)):
        if dump(a) == dump(b):
            continue
        if shape.form == "text":
            return f"{number}differs in line {at + 1}: {_value(b)} where one clean run leaves {_value(a)}"
        path = (at,) if wanted.heads else ()
        return number + "differs at " + _first(a, b, path)
    return f"has {counts}, the rest is the same"


def _excerpt_of_rows(wanted: Sequence[Any], found: Sequence[Any], shape: Shape) -> str:
    a, b = [Counter(map(dump, side)) for side in (wanted, found)]
    less = [each for each in wanted if dump(each) in a - b]
    more = [each for each in found if dump(each) in b - a]
    word = noun(shape, 2).split()[1]
    if not less or not more:
        count, rows, how = (len(more), more, "more than") if more else (len(less), less, "fewer than")
        return f"has {word} {how} one clean run leaves, {count:,} of them, the first is {_value(rows[0])}"
    # The row that is most alike is most probably the same one.
    first = less[0]
    alike = max(more[:200], key=lambda each: _alike(first, each))
    number = f"{len(more):,} of {noun(shape, len(found))}" if len(found) > 1 or is_rows(shape) else ""
    return (
        f"has other values in {number}: {_first(first, alike, ())}"
        if number
        else f"differs at {_first(first, alike, ())}"
    )


def _alike(a: Any, b: Any) -> int:
    if isinstance(a, dict) and isinstance(b, dict):
        return sum(1 for key in a if key in b and dump(a[key]) == dump(b[key]))
    return 0


def _value(value: Any) -> str:
    return _short(_plain(value), 80) or "(empty)"


def _plain(value: Any) -> Any:
    """With the marks that masks leave made readable."""
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _first(a: Any, b: Any, path: tuple[Any, ...]) -> str:
    """The first place at which two values differ."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in a:
            if key not in b:
                return f"{shown((*path, key))}: missing where one clean run leaves {_value(a[key])}"
            if dump(a[key]) != dump(b[key]):
                return _first(a[key], b[key], (*path, key))
        key = next(key for key in b if key not in a)
        return f"{shown((*path, key))}: {_value(b[key])} where one clean run leaves nothing"
    if isinstance(a, list) and isinstance(b, list):
        for at, (x, y) in enumerate(zip(a, b, strict=False)):
            if dump(x) != dump(y):
                return _first(x, y, (*path, at))
        return f"{shown(path)}: {len(b):,} elements where one clean run leaves {len(a):,}"
    return f"{shown(path)}: {_value(b)} where one clean run leaves {_value(a)}"
