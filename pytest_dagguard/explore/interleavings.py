"""Two attempts at once: every order that can make a difference, and no two that cannot.

Dynamic partial order reduction (Flanagan and Godefroid, POPL 2005) with sleep sets (Godefroid 1996): run one order,
find the pairs of operations of different attempts that conflict and are not ordered by others between them, and run the
orders in which such a pair is the other way round. Whether two operations conflict is asked of what they did and not of
their names alone: two writes that leave equal content, or two deletions, of one resource commute.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field

from pytest_dagguard.model.history import Event
from pytest_dagguard.model.operation import Selector, conflicts, touches
from pytest_dagguard.model.plan import Run, Schedule

Order = tuple[int, ...]
"""Numbers of attempts, one for each operation: who goes next. What is not said goes on without a switch."""


BEGINNING: Order = (1, 2)
"""Attempt 1 has started when attempt 2 comes: before that, there is nothing that Airflow could take for dead."""


def between_two(history: Sequence[Event]) -> list[Event]:
    """What attempts 1 and 2 did.

    A further try comes after both, and pods and jobs go on when all attempts wait: neither is anybody's turn.
    """
    return [each for each in history if each.actor.startswith("attempt ") and number(each) <= 2]


def dependent(a: Event, b: Event, followed: bool) -> bool:
    """Say whether the order of two operations of different attempts can matter.

    :param followed: ``b`` took effect after ``a`` in one run; otherwise both were seen in the same state, each first
    """
    if not conflicts(a.operation, b.operation):
        return False
    if touches(a.operation.writes, b.operation.reads) or touches(a.operation.reads, b.operation.writes):
        return True
    # From here on both write without looking. The later one that changes nothing writes what is there already.
    if followed and not b.changed:
        return False
    return not _final(a) or _final(a) != _final(b)


def _final(event: Event) -> tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]:
    """What an operation leaves where it writes; empty where it changed nothing that is known."""
    headers = event.headers or ((),) * len(event.changed)
    rows = zip(event.changed, event.digests, headers, strict=False)
    return tuple((name, digest, beside) for (name, _), digest, beside in rows)


MORE_GOES = 2
"""How often an order is run again that was not kept."""


@dataclass(slots=True)
class _Node:
    """A place in an order: who went here, who else is to be tried, and whose turn would show nothing new."""

    chosen: int
    event: Event
    wanted: set[int]
    done: dict[int, Event] = field(default_factory=dict)
    asleep: dict[int, Event] = field(default_factory=dict)


def orders(start: Order = ()) -> Generator[Order, Sequence[Event], str]:
    """Yield orders to run; each is answered with the operations that happened, in the order in which they took effect.

    The events' ``actor`` must end in the attempt's number. The generator ends when no order is left that matters, and
    returns nothing; or when a run does not repeat the beginning of the one that it branches off, and returns where: the
    attempts then do something that the order does not decide, such as threads that take turns as they like.

    :param start: how every order begins
    """
    nodes: list[_Node] = []
    order = start
    while True:
        trace = yield order
        for _ in range(MORE_GOES):
            if not _away(nodes, trace):
                break
            trace = yield order
        if away := _away(nodes, trace):
            return away
        _grow(nodes, trace)
        _find_races(nodes, trace)
        turn = _deepest(nodes, len(start))
        if turn is None:
            return ""
        place, actor = turn
        node = nodes[place]
        node.done[node.chosen] = node.event
        node.chosen = actor
        del nodes[place + 1 :]
        order = tuple(each.chosen for each in nodes)


def number(event: Event) -> int:
    """The number of the attempt that an operation is of."""
    return int(event.actor.rsplit(" ", 1)[1])


def _away(nodes: Sequence[_Node], trace: Sequence[Event]) -> str:
    """Where a run left the way to its last node, which is the one that is new; empty where it did not."""
    for place, node in enumerate(nodes):
        if place >= len(trace) or number(trace[place]) != node.chosen:
            return f"attempt {node.chosen} does not come to its turn {place + 1} again"
        here, known = trace[place].operation, node.event.operation
        if place < len(nodes) - 1 and (here.service, here.verb) != (known.service, known.verb):
            return f"operation {place + 1} is {here.verb} where it was {known.verb}"
    return ""


def _grow(nodes: list[_Node], trace: Sequence[Event]) -> None:
    """Take in a run: the node where it turned off gets its event, and those after it are new."""
    if nodes and len(trace) >= len(nodes):
        nodes[-1].event = trace[len(nodes) - 1]
    for place in range(len(nodes), len(trace)):
        event = trace[place]
        asleep: dict[int, Event] = {}
        if place:
            before = nodes[place - 1]
            sleepers = {**before.asleep, **{who: what for who, what in before.done.items() if who != before.chosen}}
            asleep = {who: what for who, what in sleepers.items() if not dependent(what, before.event, False)}
        nodes.append(_Node(number(event), event, {number(event)}, {}, asleep))


def _find_races(nodes: list[_Node], trace: Sequence[Event]) -> None:
    """At the first of two operations that race, the attempt of the second is to be tried first."""
    earlier: list[set[int]] = []
    for j, late in enumerate(trace):
        direct = [i for i in range(j) if trace[i].actor == late.actor or dependent(trace[i], late, True)]
        before: set[int] = set()
        for i in reversed(direct):
            if i not in before and trace[i].actor != late.actor and i < len(nodes):
                nodes[i].wanted.add(number(late))
            before |= {i, *earlier[i]}
        earlier.append(before)


def _deepest(nodes: Sequence[_Node], first: int) -> tuple[int, int] | None:
    for place in range(len(nodes) - 1, first - 1, -1):
        node = nodes[place]
        tried = {node.chosen, *node.done}
        for actor in sorted(node.wanted - tried - node.asleep.keys()):
            return place, actor
    return None


def schedule(order: Iterable[int], attempts: Sequence[int], retries: int) -> Schedule:
    """An order as steps: runs of operations by one attempt, and then everybody to the end, the last one to go first."""
    steps: list[Run] = []
    current, count = 0, 0
    for actor in order:
        if actor == current:
            count += 1
            continue
        if count:
            steps.append(Run(current, _after(count)))
        current, count = actor, 1
    if count:
        steps.append(Run(current, _after(count)))
    last = [current] if current else []
    rest = [*last, *(each for each in attempts if each not in last)]
    return (*steps, *(Run(each, retries=retries if each == max(attempts) else 0) for each in rest))


def _after(count: int) -> Selector:
    return Selector("", "", ".*", count)
