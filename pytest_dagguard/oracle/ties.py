"""Ties: random values that two resources of one clean run have in common, and must have in common after any fault.

A manifest that names ``part-<uuid>`` and the part itself vary from run to run, but they vary together. Masks take each
apart, so that a part of one attempt beside a manifest of another would look like a clean run.

A tie says that each random value at one place is also found at another, in both clean runs. Random are uuids,
hexadecimal words and words in which letters and digits take turns. Times are not: when each of two objects was written
is no link between them.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pytest_dagguard.model.outcome import Content
from pytest_dagguard.model.state import Entry
from pytest_dagguard.oracle.content import read, sniff
from pytest_dagguard.oracle.ladder import Rule
from pytest_dagguard.oracle.masks import leaves, shown
from pytest_dagguard.oracle.names import stem

Key = tuple[str, str]
NAME = ("\x00name",)
"""The place of what is in a resource's own name."""

_UUID = r"[0-9a-fA-F]{8}(?:[-_]?[0-9a-fA-F]{4}){3}[-_]?[0-9a-fA-F]{12}"
_VALUE = re.compile(rf"(?<![0-9A-Za-z])(?:{_UUID}|tmp[a-z0-9_]{{8}}|[0-9A-Za-z]{{8,}})(?![0-9A-Za-z])")
_TURN = re.compile(r"(?<=[a-z])(?=[0-9])|(?<=[0-9])(?=[a-z])")
_MOST_BYTES = 4_000_000
"""An object above this size is not looked through: that costs more than the answer is worth."""
_MOST_TIES = 200


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands.

    :param key: kind and templated name of the resource
    :param path: of the field in it, :data:`NAME` for its name
    """

    key: Key
    path: tuple[object, ...]

    def __str__(self) -> str:
        return "its name" if self.path == NAME else shown(self.path)


@dataclass(frozen=True, slots=True)
class Tie:
    """Each random value at ``part`` is one that ``whole`` has too."""

    part: Place
    whole: Place
    fixed: frozenset[str] = frozenset()


Members = Sequence[tuple[str, Entry]]


def random_values(text: str) -> Iterator[str]:
    """The values in a text that two places do not share by chance, without their punctuation and in lower case."""
    for match in _VALUE.finditer(text):
        value = re.sub(r"[^0-9A-Za-z]", "", match.group()).lower()
        turns = len(_TURN.findall(value))
        # a time such as 20261122T101500Z takes three turns, a random word of twelve characters mostly more
        if turns and (re.fullmatch("[0-9a-f]+", value) or (turns > 3 and len(value) >= 12) or value.startswith("tmp")):
            yield value


def values(members: Members, key: Key, rule: Rule, content: Content) -> dict[Place, set[str]]:
    """The random values of what has one template, by place."""
    found: defaultdict[Place, set[str]] = defaultdict(set)
    for name, entry in members:
        if "\x00" in key[1]:
            found[Place(key, NAME)].update(random_values(stem(name)))
        if not _has_more(rule) or not 0 < entry.size <= _MOST_BYTES:
            continue
        data = content(entry.digest)
        reading = read(data, rule.shape or sniff(data, name, entry.kind))
        for record in reading.records if reading is not None else ():
            for path, value in leaves(record):
                if isinstance(value, str):
                    found[Place(key, path)].update(random_values(value))
    return found


def _has_more(rule: Rule) -> bool:
    """Say whether something in the content varies."""
    return bool(rule.masks) or rule.weak


def learn(
    left: Mapping[Key, Members], right: Mapping[Key, Members], rules: Mapping[Key, Rule], content: Content
) -> tuple[Tie, ...]:
    """The ties that both clean runs have; of each pair of resources one, in each direction in which it holds."""
    varying = [key for key, rule in rules.items() if key[0] not in ("bucket", "upload") and _varies(key, rule)]
    if len(varying) < 2:
        return ()
    sides: list[dict[Place, set[str]]] = [{}, {}]
    for side, groups in zip(sides, (left, right), strict=True):
        for key in varying:
            side.update(values(groups[key], key, rules[key], content))
    fixed = {place: frozenset(sides[0][place] & sides[1][place]) for place in sides[0].keys() & sides[1].keys()}
    places = [each for each in fixed if all(side[each] - fixed[each] for side in sides)]
    least = {each: min(sides[0][each] - fixed[each]) for each in places}
    ties: dict[tuple[Key, Key], Tie] = {}
    for part, whole in itertools.permutations(places, 2):
        if part.key == whole.key or (part.key, whole.key) in ties or len(ties) >= _MOST_TIES:
            continue
        if least[part] in sides[0][whole] and all(side[part] - fixed[part] <= side[whole] for side in sides):
            ties[part.key, whole.key] = Tie(part, whole, fixed[part] | fixed[whole])
    return tuple(ties.values())


def _varies(key: Key, rule: Rule) -> bool:
    return "\x00" in key[1] or _has_more(rule)


def broken(
    ties: Sequence[Tie], members: Mapping[Key, Members], rules: Mapping[Key, Rule], content: Content
) -> list[tuple[Tie, str]]:
    """The ties that a run does not keep, each with a value that is at one place alone; one for each pair.

    :param members: without the groups that have too many or too few, which are somebody else's finding
    """
    known: dict[Key, dict[Place, set[str]]] = {}

    def at(place: Place) -> set[str]:
        if place.key not in known:
            known[place.key] = values(members[place.key], place.key, rules[place.key], content)
        return known[place.key].get(place, set())

    found: dict[frozenset[Key], tuple[Tie, str]] = {}
    for tie in ties:
        pair = frozenset((tie.part.key, tie.whole.key))
        if pair in found or not members.get(tie.part.key) or not members.get(tie.whole.key):
            continue
        alone = at(tie.part) - at(tie.whole) - tie.fixed
        if alone:
            found[pair] = (tie, min(alone))
    return list(found.values())
