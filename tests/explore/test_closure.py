"""Any number of kills: what the search calls closed is safe, and what is not safe it finds or leaves open.

Compared with brute force over random tasks that look at a store in memory and act by what they see.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from explore.fakes import LOST, drive, outcome
from pytest_dagguard.explore.kill_states import MOST_RETRIES, search
from pytest_dagguard.model.history import Event
from pytest_dagguard.model.operation import Operation, Selector
from pytest_dagguard.model.plan import Judged, Kill, Point, Trial

State = Mapping[str, str]
Program = tuple[tuple[str, str], ...]

ORIGIN: State = {"in": "1"}
KEYS = st.sampled_from(["in", "a", "b"])
VERBS = st.sampled_from(["put", "append", "delete", "once", "unless", "move", "copy", "third"])
PROGRAMS = st.lists(st.tuples(VERBS, KEYS), min_size=1, max_size=5).map(tuple)


def changes(program: Program, state: State) -> Iterator[tuple[str, dict[str, str]]]:
    """What an attempt that begins with a state does: each change with its name, up to its end or its error.

    :raises KeyError: it fails
    """
    now = dict(state)
    for verb, key in program:
        to = {"in": "a", "a": "b", "b": "in"}[key]
        if verb == "put":
            now[key] = "x"
        elif verb == "append":
            now[key] = now.get(key, "")[-3:] + "+"
        elif verb == "delete":
            now.pop(key, None)
        elif verb == "once" and key not in now:
            now[key] = "o"
        elif verb == "unless" and to not in now:
            now[key] = now.get(key, "") + "u"
        elif verb == "move":
            now[to] = now[key]
            yield f"copy {key}", dict(now)
            del now[key]
        elif verb == "copy":
            now[to] = now[key]
        elif verb == "third" and len(now.get(key, "")) > 2:
            now[to] = "!"
        yield f"{verb} {key}", dict(now)


def end(program: Program, state: State) -> State | None:
    """How an attempt that is left alone ends; None where it fails."""
    try:
        for _, state in changes(program, state):
            pass
    except KeyError:
        return None
    return state


def stopped(program: Program, state: State) -> list[State]:
    """The states at which an attempt can be killed."""
    found = []
    try:
        for _, after in changes(program, state):
            found.append(after)
    except KeyError:
        pass
    return found


def safe(program: Program, kills: int) -> bool:
    """Brute force: say whether each end after at most so many kills is the clean one."""
    clean = end(program, ORIGIN)
    layer: list[State] = [ORIGIN]
    for _ in range(kills):
        layer = [after for state in layer for after in stopped(program, state)]
        layer = list({tuple(sorted(each.items())): each for each in layer}.values())
        if any(end(program, each) != clean for each in layer):
            return False
    return True


def points(program: Program, state: State, attempt: str) -> tuple[Point, ...]:
    """An attempt's operations."""
    found = []
    seen: Counter[str] = Counter()
    before = dict(state)
    try:
        for index, (name, after) in enumerate(changes(program, state)):
            seen[name] += 1
            changed = tuple((key, "changed") for key in {**before, **after} if before.get(key) != after.get(key))
            mark = 0 if after == ORIGIN else hash(tuple(sorted(after.items())))
            event = Event(attempt, index, Operation("mem", name, name), 200, changed, state=mark)
            found.append(Point(event, Selector("mem", name, name, seen[name]), name, mark))
            before = after
    except KeyError:
        pass
    return tuple(found)


def answer(program: Program, trial: Trial) -> Judged:
    """Carry out kills, by holding or for real, and the run at the end."""
    runs = [step for step in trial.schedule if not isinstance(step, Kill)]
    state: State = ORIGIN
    for step in runs[:-1]:
        fitting = itertools.count(1)
        for name, after in changes(program, state):
            if step.until.verb == name and next(fitting) == step.until.occurrence:
                state = after
                break
        else:
            raise AssertionError("the attempt does not come to where it shall stop")
    last: Any = runs[-1].attempt
    findings = () if end(program, state) == end(program, ORIGIN) else (LOST,)
    return Judged(outcome(), findings, points={last: points(program, state, f"attempt {last}")})


@settings(max_examples=400, deadline=None)
@given(PROGRAMS)
@example((("unless", "in"), ("put", "a")))
@example((("append", "a"), ("third", "a"), ("delete", "a")))
def test_closed_means_safe_under_any_number_of_kills(program: Program) -> None:
    if end(program, ORIGIN) is None:
        return
    found, asked = drive(search, points(program, ORIGIN, "attempt 1"), lambda trial: answer(program, trial))
    assert not found.unreached
    if found.hits:
        assert not safe(program, 6)
        assert not found.closed
    elif found.closed:
        assert safe(program, 6)
    else:
        assert len(asked) > MOST_RETRIES


COUNTS: Program = (("append", "a"), ("third", "a"), ("delete", "a"), ("put", "in"))


def test_what_only_the_second_kill_hurts_is_found() -> None:
    assert [safe(COUNTS, kills) for kills in range(4)] == [True, True, False, False]
    found, _ = drive(search, points(COUNTS, ORIGIN, "attempt 1"), lambda trial: answer(COUNTS, trial))
    (hit,) = found.hits
    assert "attempt 2 is killed" in hit.trial.fault
    assert not found.closed
