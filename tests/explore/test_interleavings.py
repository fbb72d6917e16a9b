"""The search over orders against the full enumeration, on a small store."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from explore.fakes import outcome
from pytest_dagguard.explore import turns
from pytest_dagguard.explore.interleavings import (
    BEGINNING,
    MORE_GOES,
    Order,
    between_two,
    dependent,
    orders,
    schedule,
)
from pytest_dagguard.model.history import Event
from pytest_dagguard.model.operation import Operation
from pytest_dagguard.model.plan import Judged, Plan, Run

Instruction = tuple[str, str, str]
"""put, get, delete, copy or list; a key; a value (put: the content, ``*`` for what was read last; copy: the source)."""
Program = Sequence[Instruction]


def run(programs: Sequence[Program], order: Order) -> tuple[list[Event], dict[str, str]]:
    """Carry out two programs in an order; what it does not say goes on without a switch."""
    store: dict[str, str] = {"a": "0"}
    seen = ["", ""]
    places = [0, 0]
    trace: list[Event] = []
    current = 0
    wishes = [each - 1 for each in order]
    while any(places[each] < len(programs[each]) for each in (0, 1)):
        wish = wishes[len(trace)] if len(trace) < len(wishes) else current
        current = wish if places[wish] < len(programs[wish]) else 1 - wish
        trace.append(step(programs[current][places[current]], store, seen, current))
        places[current] += 1
    return trace, store


def step(instruction: Instruction, store: dict[str, str], seen: list[str], who: int) -> Event:
    verb, key, value = instruction
    reads: set[str] = set()
    writes: set[str] = set()
    before = dict(store)
    if verb == "put":
        writes = {key}
        store[key] = seen[who] + "+" if value == "*" else value
    elif verb == "get":
        reads = {key}
        seen[who] = store.get(key, "-")
    elif verb == "delete":
        writes = {key}
        store.pop(key, None)
    elif verb == "copy":
        reads, writes = {value}, {key}
        if value in store:
            store[key] = store[value]
    else:
        reads = {"*"}
        seen[who] = ",".join(sorted(store))
    changed = tuple(
        (name, "changed") for name in sorted(before.keys() | store.keys()) if before.get(name) != store.get(name)
    )
    digests = tuple(store.get(name, "") for name, _ in changed)
    operation = Operation("s3", verb, key, frozenset(reads), frozenset(writes))
    return Event(f"attempt {who + 1}", 0, operation, 200, changed, digests=digests)


def searched(programs: Sequence[Program]) -> tuple[int, set[tuple[tuple[str, str], ...]]]:
    search = orders()
    order = next(search)
    states, count = set(), 0
    while True:
        trace, store = run(programs, order)
        states.add(tuple(sorted(store.items())))
        count += 1
        try:
            order = search.send(trace)
        except StopIteration:
            return count, states


def every(programs: Sequence[Program]) -> set[tuple[tuple[str, str], ...]]:
    return {tuple(sorted(run(programs, order)[1].items())) for order in all_orders(programs)}


def all_orders(programs: Sequence[Program]) -> Iterator[Order]:
    first, second = (len(each) for each in programs)
    for places in itertools.combinations(range(first + second), first):
        yield tuple(1 if place in places else 2 for place in range(first + second))


KEYS = st.sampled_from(["a", "b", "c"])
INSTRUCTION = st.one_of(
    st.tuples(st.just("put"), KEYS, st.sampled_from(["0", "1", "2", "*"])),
    st.tuples(st.just("get"), KEYS, st.just("")),
    st.tuples(st.just("delete"), KEYS, st.just("")),
    st.tuples(st.just("copy"), KEYS, KEYS),
    st.tuples(st.just("list"), st.just("*"), st.just("")),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(INSTRUCTION, max_size=4), st.lists(INSTRUCTION, max_size=4))
def test_every_final_state_of_the_full_enumeration_is_met(first: Program, second: Program) -> None:
    count, states = searched((first, second))
    assert states == every((first, second))
    assert count <= len(list(all_orders((first, second))))


@settings(max_examples=200, deadline=None)
@given(st.lists(INSTRUCTION, min_size=1, max_size=4), st.lists(INSTRUCTION, min_size=1, max_size=4), st.data())
def test_runs_that_are_known_take_the_place_of_runs(first: Program, second: Program, data: st.DataObject) -> None:
    programs = ([("get", "start 1", ""), *first], [("get", "start 2", ""), *second])
    begun = [each for each in all_orders(programs) if each[:2] == BEGINNING]
    known = data.draw(st.lists(st.sampled_from(begun), max_size=6))
    traces = [run(programs, each) for each in known]
    search = turns.after(Plan("", ""), [tuple(trace) for trace, _ in traces])
    states = {tuple(sorted(store.items())) for _, store in traces}
    count = 0
    try:
        trial = next(search)
        while True:
            order = [(step.attempt, step.until.occurrence if step.until else 99) for step in trial.schedule]  # type: ignore[union-attr]
            trace, store = run(programs, tuple(who for who, many in order for _ in range(many)))
            states.add(tuple(sorted(store.items())))
            count += 1
            trial = search.send(Judged(outcome(history=trace), ()))
    except StopIteration:
        pass
    assert states == {tuple(sorted(run(programs, each)[1].items())) for each in begun}
    assert count <= len(begun)


def test_two_attempts_of_six_operations_need_fifty_times_fewer_orders_than_there_are() -> None:
    """Both attempts of an ordinary load: look, read three inputs of their own interval, write two outputs."""
    load = [
        ("get", "in/1", ""),
        ("get", "in/2", ""),
        ("get", "in/3", ""),
        ("put", "out/1", "1"),
        ("put", "out/2", "2"),
        ("put", "out/_SUCCESS", ""),
    ]
    programs = (load, load)
    assert len(list(all_orders(programs))) == 924
    count, states = searched(programs)
    assert states == every(programs)
    assert count * 50 <= 924, count


def test_an_order_becomes_steps_of_one_attempt_each() -> None:
    steps = schedule((1, 1, 2, 1), (1, 2), retries=1)
    assert [(each.attempt, each.until.occurrence if each.until else 0) for each in steps if isinstance(each, Run)] == [
        (1, 2),
        (2, 1),
        (1, 1),
        (1, 0),
        (2, 0),
    ]
    assert steps[-1] == Run(2, retries=1)


def test_a_run_that_does_not_repeat_its_beginning_is_run_again_and_then_ends_the_search() -> None:
    programs: list[Program] = [[("put", "a", "1"), ("put", "b", "1")], [("put", "a", "2"), ("put", "b", "2")]]

    def searched_with(odd: int) -> tuple[int, str]:
        """Runs whose first operation is another one, from the second run on and so many times."""
        search, count = orders(), 1
        trace, _ = run(programs, next(search))
        while True:
            try:
                order = search.send(trace)
            except StopIteration as ended:
                return count, ended.value
            trace, _ = run(programs, order)
            count += 1
            if 2 <= count < 2 + odd:
                other = trace[0].operation
                trace[0] = replace(trace[0], operation=replace(other, verb="list"))

    plain, said = searched_with(0)
    assert said == ""
    assert searched_with(1) == (plain + 1, "")
    assert searched_with(9) == (2 + MORE_GOES, "operation 1 is list where it was put")


def test_equal_content_with_other_metadata_does_not_commute() -> None:
    operation = Operation("s3", "PutObject", "s3://b/k", writes=frozenset({"s3://b/k"}))
    one = Event(
        "attempt 1", 0, operation, 200, (("s3://b/k", "created"),), digests=("d",), headers=((("kind", "csv"),),)
    )
    two = replace(one, actor="attempt 2")
    assert not dependent(one, two, False)
    assert dependent(one, replace(two, headers=((("kind", "txt"),),)), False)


def test_pods_and_jobs_have_no_turn_between_two_attempts():
    read = Operation("s3", "GetObject", "s3://b/k", frozenset({"s3://b/k"}))
    history = [Event(who, 0, read, 200) for who in ("attempt 1", "pod default/train#1", "attempt 2", "attempt 3")]
    assert [each.actor for each in between_two(history)] == ["attempt 1", "attempt 2"]
