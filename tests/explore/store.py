"""A store of keys in memory, and straight-line programs over it, for two attempts at once."""

from __future__ import annotations

import re
from collections import Counter

from hypothesis import strategies as st

from pytest_dagguard.model.history import Event
from pytest_dagguard.model.operation import Operation, Selector
from pytest_dagguard.model.plan import Kill, Point, Run, Schedule

Step = tuple[str, str]
"""(put, fix, get, append, delete or list; a key or a prefix). A fix writes the same each time."""
Program = tuple[Step, ...]

KEYS = st.sampled_from(["a", "b", "p/1", "p/2"])
STEPS = st.one_of(
    st.tuples(st.sampled_from(["put", "fix", "get", "delete", "append"]), KEYS),
    st.tuples(st.just("list"), st.sampled_from(["", "p/"])),
)
PROGRAMS = st.lists(STEPS, min_size=1, max_size=6).map(tuple)

ORIGIN = {"a": "before", "p/1": "before"}


class World:
    """The store, and what each attempt has seen so far."""

    def __init__(self) -> None:
        self.keys = dict(ORIGIN)
        self.seen: dict[int, list[object]] = {1: [], 2: []}
        self.done: dict[int, int] = {1: 0, 2: 0}
        self.history: list[Event] = []

    def step(self, attempt: int, step: Step) -> None:
        """Let one operation take effect. What is written depends on the attempt and on all that it has seen."""
        verb, name = step
        seen, before = self.seen[attempt], dict(self.keys)
        if verb == "get":
            seen.append(self.keys.get(name))
        elif verb == "list":
            seen.append(tuple(sorted(key for key in self.keys if key.startswith(name))))
        elif verb == "put":
            self.keys[name] = f"{attempt}:{seen}"
        elif verb == "fix":
            self.keys[name] = "fixed"
        elif verb == "append":
            self.keys[name] = self.keys.get(name, "") + f"+{attempt}"
        elif verb == "delete":
            self.keys.pop(name, None)
        names = [each for each in sorted(before | self.keys) if before.get(each) != self.keys.get(each)]
        changed = tuple((f"mem://{each}", "changed") for each in names)
        digests = tuple(self.keys.get(each, "") for each in names)
        event = Event(f"attempt {attempt}", self.done[attempt], operation(step), 200, changed, digests=digests)
        self.history.append(event)
        self.done[attempt] += 1

    def end(self) -> object:
        """All that can be told apart afterwards."""
        return (tuple(sorted(self.keys.items())), *(tuple(self.seen[attempt]) for attempt in (1, 2)))


def operation(step: Step) -> Operation:
    """A step with its footprint, as an emulator would name it."""
    verb, name = step
    resource = f"mem://{name}"
    own, below, nothing = frozenset({resource}), frozenset({f"{resource}*"}), frozenset[str]()
    reads = {"get": own, "list": below, "append": own}.get(verb, nothing)
    writes = own if verb in ("put", "fix", "delete", "append") else nothing
    return Operation("mem", verb, resource, reads, writes)


def clean_points(program: Program) -> tuple[Point, ...]:
    """The operations of one attempt by itself."""
    seen: Counter[Step] = Counter()
    points = []
    for number, step in enumerate(program):
        seen[step] += 1
        verb, name = step
        selector = Selector("mem", verb, re.escape(f"mem://{name}"), seen[step])
        points.append(Point(Event("attempt 1", number, operation(step), 200), selector, f"{verb} {name}"))
    return tuple(points)


def execute(program: Program, schedule: Schedule) -> tuple[object, list[Event]]:
    """Carry out a schedule; return how the world ends, and the history."""
    world = World()
    for step in schedule:
        assert not isinstance(step, Kill)
        _go(world, program, step)
    return world.end(), world.history


def _go(world: World, program: Program, step: Run) -> None:
    fitting = 0
    while world.done[step.attempt] < len(program):
        following = program[world.done[step.attempt]]
        world.step(step.attempt, following)
        if step.until is not None and step.until.fits(operation(following)):
            fitting += 1
            if fitting == step.until.occurrence:
                return


def ends_of(program: Program) -> set[object]:
    """How the world can end with one preemption: every one of them, by brute force and without selectors."""
    ends = set()
    size = len(program)
    for stop in range(1, size):
        for first, second, begun in ((1, 2, 0), (2, 1, 1)):
            world = World()
            for number in range(begun):
                world.step(second, program[number])
            for number in range(stop):
                world.step(first, program[number])
            for number in range(begun, size):
                world.step(second, program[number])
            for number in range(stop, size):
                world.step(first, program[number])
            ends.add(world.end())
    return ends
