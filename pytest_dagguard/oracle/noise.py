"""Noise: what two clean runs of one task, with other clocks, seeds and host names, leave different.

Whatever varies between two clean runs is no fault. Varying names are templated and counted, varying values are
masked, and both are listed for the report.
"""

from __future__ import annotations

import fnmatch
import functools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pytest_dagguard.model.history import History
from pytest_dagguard.model.outcome import Content, Outcome
from pytest_dagguard.model.state import Entry
from pytest_dagguard.oracle import headers, ties
from pytest_dagguard.oracle.ladder import BYTES, Rule, alike, learn_rule
from pytest_dagguard.oracle.names import LOOSE_LEVELS, PLAIN, Names, align, constants, names_of, only, readable, stem
from pytest_dagguard.oracle.ties import Tie

Key = tuple[str, str]
"""(kind of entry, key of its name)."""

_NOTES_AT_MOST = 12


@dataclass(frozen=True, slots=True)
class Group:
    """What the first clean run leaves under one template.

    :param label: the template as people read it
    :param members: (name, entry), sorted by name
    :param rule: how their content is compared
    :param loose: names of headers that vary
    """

    label: str
    members: tuple[tuple[str, Entry], ...]
    rule: Rule = field(default_factory=Rule)
    loose: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Clean:
    """What one clean run leaves, with what is allowed to vary.

    :param unstable: empty, or why the two clean runs cannot be compared: the scenario is inconclusive
    :param volatile: templated names of what varies, for the report
    :param notes: what is compared on other terms than byte by byte, one line each
    :param names: how names are templated
    :param groups: what is expected, by kind and templated name
    :param temporaries: keys of what a clean run creates and deletes again
    :param ignored: glob patterns of resources that are left out
    :param passing: how the content of what is there only for a while is told apart, by key of the name
    :param ties: which of what varies must vary together
    """

    unstable: str = ""
    volatile: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    names: Names = PLAIN
    groups: Mapping[Key, Group] = field(default_factory=dict)
    temporaries: frozenset[str] = frozenset()
    ignored: tuple[str, ...] = ()
    passing: Mapping[str, Rule] = field(default_factory=dict)
    ties: tuple[Tie, ...] = ()


def learn(first: Outcome, second: Outcome, content: Content, ignored: Mapping[str, str]) -> Clean:
    """Learn from two clean runs what is expected and what may vary.

    The second run should differ from the first in every part of the clock (year, day, hour, minute, second), the
    uuids, the hash seed and the host name: what does not vary between the two is taken for fixed.

    :param content: gives the bytes of both runs by digest
    :param ignored: glob pattern of resources -> the user's reason
    :raises KeyError: ``content`` does not know a digest of one of the runs
    """
    patterns = tuple(ignored)
    sides = [kept(each.after, patterns) for each in (first, second)]
    names, leftover = _learn_names(first, second, sides, patterns)
    unstable = _unstable(*leftover)
    grouped = [_grouped(side, names) for side in sides]
    unstable = unstable or _miscounted(*grouped)
    if unstable:
        return Clean(unstable=unstable, names=names, ignored=patterns)
    groups = {
        key: Group(
            readable(key[1]),
            tuple(members),
            _rule(members, grouped[1][key], content),
            headers.varying(members, grouped[1][key]),
        )
        for key, members in grouped[0].items()
    }
    return Clean(
        volatile=_volatile(groups),
        notes=_notes(groups),
        names=names,
        groups=groups,
        temporaries=_temporaries(first, names) | _temporaries(second, names),
        ignored=patterns,
        passing=_passing(first, second, names, groups, content),
        ties=ties.learn(grouped[0], grouped[1], {key: group.rule for key, group in groups.items()}, content),
    )


def with_try_number(clean: Clean, first: Outcome, retried: Outcome, content: Content) -> tuple[Clean, str]:
    """Learn from a clean run with another try number which values follow it: that is an input of each try.

    Only values of fields are taken for the try number's. Where a run with another try number leaves other names, or
    content that differs in more than values, that is something that the task does otherwise, and stays a difference.

    :param first: the first clean run
    :param retried: a run with another try number from the state that the first began with
    :returns: what is known now, and a remark where something differs that cannot be taken for a value
    :raises KeyError: ``content`` does not know a digest
    """
    sides = [_grouped(kept(each.after, clean.ignored), clean.names) for each in (first, retried)]
    groups = dict(clean.groups)
    differs: list[str] = []
    for key, group in clean.groups.items():
        left, right = (side.get(key, []) for side in sides)
        if len(left) != len(right):
            differs.append(group.label)
            continue
        rule = _joined(group.rule, left, right, content)
        loose = group.loose | headers.varying(left, right)
        if rule is None:
            differs.append(group.label)
        elif rule is not group.rule or loose != group.loose:
            groups[key] = replace(group, rule=rule, loose=loose)
    differs += [readable(key[1]) for key in sides[1].keys() - clean.groups.keys()]
    remark = f"with another try number, a clean run leaves something else: {some(sorted(differs))}" if differs else ""
    return replace(clean, groups=groups, notes=(*clean.notes, *_followers(clean, groups))), remark


def _followers(clean: Clean, groups: Mapping[Key, Group]) -> list[str]:
    changed = [group.label for key, group in groups.items() if group is not clean.groups[key]]
    return [f"{some(sorted(changed))}: compared without the values that follow the try number"] if changed else []


def _joined(
    rule: Rule, left: Sequence[tuple[str, Entry]], right: Sequence[tuple[str, Entry]], content: Content
) -> Rule | None:
    """The rule under which a run with another try number leaves the same too; None where no values alone differ."""
    contents = [[bytes_of(entry, content) for _, entry in side] for side in (left, right)]
    if alike(contents[0], contents[1], rule):
        return rule
    name, entry = left[0]
    more = learn_rule(contents[0], contents[1], name, entry.kind)
    if more.weak or not more.masks:
        return None
    if rule.rung == BYTES:
        return more
    if (rule.rung, rule.shape) != (more.rung, more.shape):
        return None
    masks = {**rule.masks, **{path: None if path in rule.masks else names for path, names in more.masks.items()}}
    both = replace(rule, masks=masks, unordered=rule.unordered or more.unordered, note=more.note)
    return both if alike(contents[0], contents[1], both) else None


def pattern(resource: str, clean: Clean | None) -> str:
    """A regular expression for the whole of ``resource`` in any run: its volatile parts are wild."""
    return (clean.names if clean else PLAIN).pattern(resource)


def template(resource: str, clean: Clean | None) -> str:
    """``resource`` with its volatile parts named: ``s3://b/ds=2024-01-01/part-<uuid>``."""
    return readable((clean.names if clean else PLAIN).key(resource))


def is_ignored(resource: str, patterns: tuple[str, ...]) -> bool:
    """Say whether one of the user's glob patterns covers a resource, or the object of an unfinished upload.

    A pattern without a scheme is tried on ``bucket/key`` and on the key alone.
    """
    if not patterns:
        return False
    scheme, _, path = resource.partition("://")
    forms = [resource, path, path.partition("/")[2]]
    if scheme.endswith("-upload"):
        whole = f"{scheme.removesuffix('-upload')}://{path}"
        forms += [whole, whole.rpartition("/")[0], re.split(r"[?#]", whole)[0]]
    matcher = _matcher(patterns)
    return any(matcher.fullmatch(form) for form in forms)


@functools.lru_cache(maxsize=64)
def _matcher(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{fnmatch.translate(each)})" for each in patterns))


def kept(state: Mapping[str, Entry], patterns: tuple[str, ...]) -> Mapping[str, Entry]:
    """The state without what is ignored."""
    if not patterns:
        return state
    return {name: entry for name, entry in state.items() if not is_ignored(name, patterns)}


def _learn_names(
    first: Outcome, second: Outcome, sides: Sequence[Mapping[str, Entry]], patterns: tuple[str, ...]
) -> tuple[Names, tuple[list[str], list[str]]]:
    """Templates from the states, and then, as far as that goes, from the names that only the histories have."""
    stems = [[stem(name) for name in side] for side in sides]
    families, *leftover = align(*only(*stems))
    learned = names_of(families)
    touched = [
        {stem(name) for name in _touched(each.history) if not is_ignored(name, patterns)}.difference(side)
        for each, side in zip((first, second), stems, strict=True)
    ]
    known = set(stems[0]) & set(stems[1]) | touched[0] & touched[1]
    fixed = constants(known)
    # Names of the histories are not counted: the order and number of reads may vary, and what a clean run
    # creates and deletes again leaves nothing. A family of the state is the better source where it fits.
    rest = [sorted(n for n in side - known if "\x00" not in learned.key(n)) for side in touched]
    more, *_ = align(*rest)
    names = names_of({**more, **families}, known, fixed, "time")
    return names, (leftover[0], leftover[1])


def _touched(history: History) -> set[str]:
    names: set[str] = set()
    for event in history:
        operation = event.operation
        names.add(operation.resource)
        names.update(name for name in operation.reads | operation.writes if not name.endswith("*"))
        names.update(name for name, _ in event.changed)
    return names


def _grouped(state: Mapping[str, Entry], names: Names) -> dict[Key, list[tuple[str, Entry]]]:
    groups: defaultdict[Key, list[tuple[str, Entry]]] = defaultdict(list)
    for name in sorted(state):
        entry = state[name]
        groups[entry.kind, names.key(name)].append((name, entry))
    return dict(groups)


def some(names: Iterable[str], most: int = 3) -> str:
    """The first few of many names: ``a, b and 5 more``."""
    listed = list(names)
    if len(listed) <= most:
        return ", ".join(listed)
    return ", ".join(listed[:most]) + f" and {len(listed) - most:,} more"


def _unstable(left: Sequence[str], right: Sequence[str]) -> str:
    if not left and not right:
        return ""
    said = [f"only the {which} leaves {some(names)}" for which, names in (("first", left), ("second", right)) if names]
    return "two clean runs do not leave the same names: " + ", ".join(said)


def _miscounted(
    left: Mapping[Key, Sequence[tuple[str, Entry]]], right: Mapping[Key, Sequence[tuple[str, Entry]]]
) -> str:
    for key in sorted(left.keys() | right.keys()):
        counts = len(left.get(key, ())), len(right.get(key, ()))
        if counts[0] != counts[1]:
            return f"one clean run leaves {counts[0]:,} of {readable(key[1])} ({key[0]}), another {counts[1]:,}"
    return ""


def _rule(left: Sequence[tuple[str, Entry]], right: Sequence[tuple[str, Entry]], content: Content) -> Rule:
    if Counter(entry.digest for _, entry in left) == Counter(entry.digest for _, entry in right):
        return Rule()
    contents = [[bytes_of(entry, content) for _, entry in side] for side in (left, right)]
    name, entry = left[0]
    return learn_rule(contents[0], contents[1], name, entry.kind)


def bytes_of(entry: Entry, content: Content) -> bytes:
    """The content of an entry; none is kept for what has none, such as a bucket."""
    return content(entry.digest) if entry.digest and entry.size else b""


def _temporaries(outcome: Outcome, names: Names) -> frozenset[str]:
    """Keys of what the run created and deleted again."""
    created: set[str] = set()
    gone: set[str] = set()
    for event in outcome.history:
        for name, what in event.changed:
            if what == "created" and name not in outcome.before:
                created.add(name)
            elif what == "deleted" and name in created:
                gone.add(name)
    return frozenset(names.key(name) for name in gone if name not in outcome.after)


def _passing(
    first: Outcome, second: Outcome, names: Names, groups: Mapping[Key, Group], content: Content
) -> dict[str, Rule]:
    """How the content of temporary objects varies; those of which two clean runs write equal bytes are left out."""
    kept_keys = {key for _, key in groups}
    sides: list[defaultdict[str, list[str]]] = [defaultdict(list), defaultdict(list)]
    for side, outcome in zip(sides, (first, second), strict=True):
        for event in outcome.history:
            for (name, _), digest in zip(event.changed, event.digests, strict=False):
                if digest and "-upload://" not in name and names.key(name) not in kept_keys:
                    side[names.key(name)].append(digest)
    found = {}
    for key in sides[0].keys() & sides[1].keys():
        left, right = (side[key] for side in sides)
        if len(left) == len(right) and Counter(left) != Counter(right):
            found[key] = learn_rule([content(each) for each in left], [content(each) for each in right], key, "object")
    return found


def _volatile(groups: Mapping[Key, Group]) -> tuple[str, ...]:
    found = [group.label for (_, key), group in groups.items() if "\x00" in key]
    for group in groups.values():
        found.extend(f"{group.label}: {what}" for what in group.rule.masked)
    return tuple(sorted(set(found)))


def _notes(groups: Mapping[Key, Group]) -> tuple[str, ...]:
    """One line for each way of comparing, weak ones first; the many that are compared alike share one."""
    by_note: defaultdict[tuple[bool, str], list[str]] = defaultdict(list)
    for group in groups.values():
        if group.rule.note:
            by_note[not group.rule.weak, group.rule.note].append(group.label)
    lines = [f"{some(sorted(labels))}: {note}" for (_, note), labels in sorted(by_note.items())]
    loose = sorted(group.label for (_, key), group in groups.items() if "\x00" in key and _is_loose(key))
    if loose:
        lines.insert(0, f"{some(loose)}: this name varies in a part that is neither a uuid nor a time nor a number")
    if len(lines) > _NOTES_AT_MOST:
        lines[_NOTES_AT_MOST - 1 :] = [f"{len(lines) - _NOTES_AT_MOST + 1} more remarks of this kind"]
    return tuple(lines)


def _is_loose(key: str) -> bool:
    return any(f"\x00{kind}\x00" in key for kind in LOOSE_LEVELS)
