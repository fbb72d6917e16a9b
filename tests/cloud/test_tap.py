"""The tap over a tiny emulator: who may go on, in what order, what is seen, and what is withheld."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Collection, Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict

from pytest_dagguard.cloud.emulator import Caller, Request, Response
from pytest_dagguard.cloud.tap import Tap
from pytest_dagguard.cloud.whereabouts import Where, Whereabouts
from pytest_dagguard.model.errors import NotEmulated
from pytest_dagguard.model.history import Event, Frame
from pytest_dagguard.model.operation import Operation, Selector
from pytest_dagguard.model.state import Entry

T = TypeVar("T")


class Shelf:
    """An emulator of keys with content: ``PUT /bucket/key`` and so on; odd paths make it fail."""

    name = "shelf"

    def __init__(self) -> None:
        self.keys: dict[str, bytes] = {}
        self.buckets: set[str] = set()
        self.versions: dict[str, int] = {}
        self.applied: list[str] = []

    def classify(self, request: Request) -> Operation:
        if request.path == "/unknown":
            raise NotEmulated("shelf", "Unknown", "wait for it")
        name = f"shelf:/{request.path}"
        bucket = f"{name.rpartition('/')[0]}/"
        own, nothing = frozenset({name, bucket}), frozenset[str]()
        verb = "CreateBucket" if request.path.endswith("/") and request.method == "PUT" else request.method
        if verb == "GET":
            return Operation("shelf", verb, name, own, nothing)
        return Operation("shelf", verb, name, nothing, own if verb != "TOUCH" else frozenset({f"{bucket}*"}))

    def apply(self, request: Request, caller: Caller) -> Response:
        self.applied.append(f"{caller.actor} {request.method} {request.path}")
        if request.path == "/later":
            raise NotEmulated("shelf", "Later")
        if request.path == "/broken":
            raise RuntimeError("a defect")
        name = f"shelf:/{request.path}"
        if request.path == "/ill":
            self.keys[name] = b"half"
            return Response(500, (), b"I am ill")
        if request.method == "PUT":
            self.buckets.add(f"{name.rpartition('/')[0]}/")
            if not name.endswith("/"):
                self.keys[name] = request.body
                self.versions[name] = self.versions.get(name, 0) + (request.query == "version")
        elif request.method == "DELETE":
            self.keys.pop(name, None)
            self.versions.pop(name, None)
        elif request.method == "TOUCH":
            for key in [each for each in self.keys if each.startswith(name.rpartition("/")[0])]:
                self.keys[key] += b"!"
        return Response(200, (), self.keys.get(name, b""))

    def entries(self, names: Collection[str] | None = None) -> dict[str, Entry]:
        found = {name: Entry("bucket", "", 0) for name in self.buckets}
        for name, content in self.keys.items():
            digest = hashlib.sha256(content).hexdigest()
            found[name] = Entry("object", digest, len(content), str(self.versions.get(name, 0)))
        if names is None:
            return found
        return {
            name: entry
            for name, entry in found.items()
            if any(name == each or (each.endswith("*") and name.startswith(each[:-1])) for each in names)
        }


class World:
    """A tap with two actors."""

    def __init__(self) -> None:
        self.shelf = Shelf()
        self.stops: list[tuple[str, int]] = []
        self.tap = Tap({"shelf": self.shelf}, lambda actor, index: self.stops.append((actor, index)))  # type: ignore[dict-item]
        for name in ("one", "two"):
            self.tap.add(Caller(name, {}), None)

    def send(self, actor: str, line: str, body: bytes = b"") -> asyncio.Task[Response]:
        """Send a request, ``PUT /b/k``; it waits where the gate is closed."""
        method, _, target = line.partition(" ")
        path, _, query = target.partition("?")
        request = Request(method, "", path, query, CIMultiDict(), body)
        return asyncio.ensure_future(self.tap.submit(actor, "shelf", request))

    @property
    def lines(self) -> list[str]:
        return [f"{each.actor} {each.operation.verb} {each.operation.resource}" for each in self.tap.history]


def world(test: Callable[[World], Coroutine[Any, Any, T]]) -> T:
    """Run a test's coroutine with a world, on a loop of its own."""

    async def body() -> T:
        return await asyncio.wait_for(test(World()), 20)

    return asyncio.run(body())


async def turns(count: int = 5) -> None:
    """Let everything on the loop that can go on do so."""
    for _ in range(count):
        await asyncio.sleep(0)


def selector(line: str, occurrence: int = 1) -> Selector:
    verb, _, path = line.partition(" ")
    return Selector("shelf", verb, f"shelf:/{path}", occurrence)


def test_a_closed_gate_lets_nothing_through() -> None:
    async def test(it: World) -> None:
        request = it.send("one", "PUT /b/k")
        await turns()
        assert not request.done()
        assert it.shelf.applied == []
        assert len(it.tap.actors["one"].waiting) == 1
        it.tap.allow("one", None)
        assert (await request).status == 200
        assert it.lines == ["one PUT shelf://b/k"]

    world(test)


def test_what_waits_goes_through_in_the_order_in_which_it_came() -> None:
    async def test(it: World) -> None:
        requests = [it.send("one", f"PUT /b/{number}") for number in range(5)]
        await turns()
        it.tap.allow("one", None)
        assert it.shelf.applied == [f"one PUT /b/{number}" for number in range(5)]
        await asyncio.gather(*requests)

    world(test)


def test_one_actors_gate_is_not_anothers() -> None:
    async def test(it: World) -> None:
        it.tap.allow("two", None)
        blocked = it.send("one", "PUT /b/one")
        assert (await it.send("two", "PUT /b/two")).status == 200
        assert it.lines == ["two PUT shelf://b/two"]
        assert not blocked.done()
        it.tap.remove("one")

    world(test)


def test_the_operation_to_stop_at_takes_effect_and_is_not_answered() -> None:
    async def test(it: World) -> None:
        it.tap.allow("one", selector("PUT /b/k"))
        await it.send("one", "GET /b/k")
        held = it.send("one", "PUT /b/k", b"new")
        late = it.send("one", "DELETE /b/k")
        await turns()
        assert it.stops == [("one", 1)]
        assert it.shelf.keys == {"shelf://b/k": b"new"}
        assert not held.done()
        assert not late.done()
        assert [each.answered for each in it.tap.history] == [True, False]
        it.tap.allow("one", None)
        assert (await held).body == b"new"
        await late
        assert it.shelf.keys == {}
        assert [each.index for each in it.tap.history] == [0, 1, 2]

    world(test)


@pytest.mark.parametrize("occurrence", [1, 2, 3])
def test_occurrences_are_counted_from_when_the_gate_was_opened(occurrence: int) -> None:
    async def test(it: World) -> None:
        it.tap.allow("one", None)
        await it.send("one", "PUT /b/k")
        it.tap.allow("one", selector("PUT /b/k", occurrence))
        answers = []
        for _ in range(occurrence):
            answers.append(it.send("one", "PUT /b/other"))
            answers.append(it.send("one", "PUT /b/k"))
            await turns()
        assert it.stops == [("one", 2 * occurrence)]
        assert [each.done() for each in answers] == [True] * (2 * occurrence - 1) + [False]
        it.tap.remove("one")

    world(test)


def test_an_actor_may_be_stopped_at_the_same_operation_again() -> None:
    async def test(it: World) -> None:
        for index in range(3):
            it.tap.allow("one", selector("PUT /b/k"))
            it.send("one", "PUT /b/k")
            await turns()
            assert it.stops[-1] == ("one", index)
        it.tap.remove("one")
        assert len(it.stops) == 3

    world(test)


def test_a_stop_that_does_not_come_lets_everything_through() -> None:
    async def test(it: World) -> None:
        it.tap.allow("one", selector("PUT /b/never"))
        await it.send("one", "PUT /b/k")
        assert it.stops == []

    world(test)


def test_what_an_actor_sent_is_dropped_when_it_is_removed() -> None:
    async def test(it: World) -> None:
        it.tap.allow("one", selector("PUT /b/k"))
        held, waits = it.send("one", "PUT /b/k"), it.send("one", "DELETE /b/k")
        await turns()
        it.tap.remove("one")
        await turns()
        assert held.cancelled()
        assert waits.cancelled()
        assert it.shelf.applied == ["one PUT /b/k"]

    world(test)


def test_what_a_removed_actor_sends_is_dropped_too() -> None:
    async def test(it: World) -> None:
        it.tap.allow("one", None)
        it.tap.remove("one")
        sent = it.send("one", "PUT /b/k")
        await turns()
        assert sent.cancelled()
        assert it.shelf.applied == []

    world(test)


def test_a_stranger_gets_no_answer() -> None:
    async def test(it: World) -> None:
        sent = it.send("nobody", "PUT /b/k")
        await turns()
        assert sent.cancelled()

    world(test)


def test_a_request_whose_sender_hung_up_before_its_turn_has_no_effect() -> None:
    async def test(it: World) -> None:
        gone, stays = it.send("one", "PUT /b/gone"), it.send("one", "PUT /b/stays")
        await turns()
        gone.cancel()
        await turns()
        it.tap.allow("one", None)
        await stays
        assert it.shelf.applied == ["one PUT /b/stays"]

    world(test)


def test_a_sender_that_hung_up_on_a_withheld_answer_is_no_obstacle() -> None:
    async def test(it: World) -> None:
        it.tap.allow("one", selector("PUT /b/k"))
        held = it.send("one", "PUT /b/k")
        await turns()
        held.cancel()
        await turns()
        it.tap.allow("one", None)
        assert (await it.send("one", "GET /b/k")).status == 200

    world(test)


@pytest.mark.parametrize("path", ["/unknown", "/later"])
def test_what_is_not_emulated_is_refused_by_name_and_is_no_operation(path: str) -> None:
    async def test(it: World) -> None:
        it.tap.allow("one", None)
        answer = await it.send("one", f"PUT {path}")
        assert answer.status == 501
        (refusal,) = it.tap.refusals
        assert (refusal.actor, refusal.service, refusal.what.lower()) == ("one", "shelf", path[1:])
        assert not refusal.defect
        assert refusal.unlock == ("wait for it" if path == "/unknown" else "")
        assert it.tap.history == []

    world(test)


def test_an_emulator_that_breaks_down_is_a_defect_and_not_the_users_alarm() -> None:
    async def test(it: World) -> None:
        it.tap.allow("one", None)
        answer = await it.send("one", "PUT /broken")
        assert answer.status == 501
        (refusal,) = it.tap.refusals
        assert refusal.defect
        assert refusal.what == "PUT /broken"
        assert "RuntimeError: a defect" in refusal.unlock
        assert (await it.send("one", "GET /b/k")).status == 200

    world(test)


def test_a_server_error_of_an_emulator_is_a_defect_and_is_passed_on() -> None:
    async def test(it: World) -> None:
        it.tap.allow("one", None)
        assert (await it.send("one", "PUT /ill")).status == 500
        (refusal,) = it.tap.refusals
        assert refusal.defect
        assert "HTTP 500 I am ill" in refusal.unlock
        assert it.tap.history[0].changed == (("shelf://ill", "created"),)

    world(test)


def events(*lines: str) -> list[Event]:
    """The events of one actor that sends these lines, ``PUT /b/k content``."""

    async def test(it: World) -> list[Event]:
        it.tap.allow("one", None)
        for line in lines:
            verb, path, *content = line.split(" ")
            await it.send("one", f"{verb} {path}", " ".join(content).encode())
        return it.tap.history

    return world(test)


def test_changes_are_told_with_their_content() -> None:
    found = events("PUT /b/k x", "PUT /b/k y", "PUT /b/k y", "GET /b/k", "DELETE /b/k", "DELETE /b/k")
    name = "shelf://b/k"
    assert [each.changed for each in found] == [
        ((name, "created"),),
        ((name, "changed"),),
        (),
        (),
        ((name, "deleted"),),
        (),
    ]
    assert found[0].digests == (hashlib.sha256(b"x").hexdigest(),)
    assert found[4].digests == ("",)


def test_one_operation_may_change_several() -> None:
    found = events("PUT /b/k x", "PUT /b/l y", "TOUCH /b/")
    assert found[2].changed == (("shelf://b/k", "changed"), ("shelf://b/l", "changed"))


def test_a_bucket_that_is_made_because_it_was_named_is_no_change() -> None:
    found = events("PUT /fresh/k x", "DELETE /fresh/k")
    assert found[0].changed == (("shelf://fresh/k", "created"),)
    assert found[1].state == 0


def test_a_bucket_that_is_made_on_purpose_is_a_change() -> None:
    (made,) = events("PUT /fresh/")
    assert made.changed == (("shelf://fresh/", "created"),)
    assert made.state != 0


def test_a_version_is_part_of_the_state() -> None:
    found = events("PUT /b/k x", "PUT /b/k?version x")
    assert found[1].changed == (("shelf://b/k", "changed"),)
    assert found[1].state != found[0].state


LINES = st.one_of(
    st.builds("PUT /b/{} {}".format, st.sampled_from("kl"), st.sampled_from("xy")),
    st.builds("DELETE /b/{}".format, st.sampled_from("kl")),
    st.just("TOUCH /b/"),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(LINES, max_size=12))
@example(["PUT /b/k x", "PUT /b/l x", "DELETE /b/k", "DELETE /b/l"])
def test_equal_states_have_equal_marks_and_the_origin_is_zero(lines: list[str]) -> None:
    async def test(it: World) -> list[tuple[int, object]]:
        it.tap.allow("one", None)
        rows: list[tuple[int, object]] = [(0, frozenset())]
        for line in lines:
            verb, path, *content = line.split(" ")
            await it.send("one", f"{verb} {path}", " ".join(content).encode())
            objects = {name: each for name, each in it.shelf.entries().items() if each.kind == "object"}
            rows.append((it.tap.history[-1].state, frozenset(objects.items())))
        return rows

    rows = world(test)
    for mark, state in rows:
        for other, another in rows:
            assert (mark == other) is (state == another)


def test_a_reset_forgets_everything() -> None:
    async def test(it: World) -> None:
        it.tap.allow("one", selector("PUT /b/k"))
        held = it.send("one", "PUT /b/k")
        blocked = it.send("two", "PUT /unknown")
        await turns()
        it.tap.reset()
        await turns()
        assert held.cancelled()
        assert blocked.cancelled()
        assert it.tap.history == it.tap.refusals == []
        it.tap.add(Caller("one", {}), None)
        it.tap.allow("one", None)
        await it.send("one", "GET /b/k")
        assert (it.tap.history[0].index, it.tap.history[0].state) == (0, 0)

    world(test)


SITE = (Frame("dags/sales.py", 12, "load"),)


def located(where: Where) -> list[Event]:
    async def test(it: World) -> list[Event]:
        it.tap.add(Caller("asked", {}), where)
        it.tap.allow("asked", selector("PUT /b/last"))
        await it.send("asked", "PUT /b/k")
        held = it.send("asked", "PUT /b/last")
        await turns()
        it.tap.remove("asked")
        with contextlib.suppress(asyncio.CancelledError):
            await held
        return it.tap.history

    return world(test)


def test_the_callers_line_is_asked_for_before_the_answer() -> None:
    async def where() -> Whereabouts:
        return Whereabouts(SITE)

    first, last = located(where)
    assert first.site == SITE
    assert last.site == ()


def test_a_caller_that_does_not_know_its_line_has_none() -> None:
    async def where() -> Whereabouts:
        return Whereabouts()

    assert located(where)[0].site == ()


def test_an_answer_waits_for_the_other_threads_that_are_at_work() -> None:
    async def test(it: World) -> None:
        async def where() -> Whereabouts:
            return Whereabouts(at_work=2)

        it.tap.add(Caller("asked", {}), where)
        it.tap.allow("asked", None)
        first = it.send("asked", "PUT /b/1")
        await turns()
        assert not first.done()
        second = it.send("asked", "PUT /b/2")
        await asyncio.gather(first, second)
        assert [each.beside for each in it.tap.history] == [(), (0,)]

    world(test)


def test_an_answer_does_not_wait_for_long_for_a_thread_that_asks_for_nothing() -> None:
    async def test(it: World) -> None:
        async def where() -> Whereabouts:
            return Whereabouts(at_work=2)

        it.tap.add(Caller("asked", {}), where)
        it.tap.allow("asked", None)
        await it.send("asked", "PUT /b/1")
        assert it.tap.history[0].beside == ()

    world(test)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["one", "two"]), st.booleans()), max_size=12))
def test_operations_are_never_mixed(plan: list[tuple[str, bool]]) -> None:
    """Whatever comes when, each operation sees the state that the one before it left, and none is lost or doubled."""

    async def test(it: World) -> None:
        sent = []
        for number, (actor, opens) in enumerate(plan):
            if opens:
                it.tap.allow(actor, None)
            sent.append((actor, number, it.send(actor, f"PUT /b/{number}")))
        await turns()
        for actor in ("one", "two"):
            it.tap.allow(actor, None)
        await asyncio.gather(*(request for _, _, request in sent))
        for actor in ("one", "two"):
            own = [each.operation.resource for each in it.tap.history if each.actor == actor]
            assert own == [f"shelf://b/{number}" for who, number, _ in sent if who == actor]
            assert [each.index for each in it.tap.history if each.actor == actor] == list(range(len(own)))
        assert all(each.changed == ((each.operation.resource, "created"),) for each in it.tap.history)

    world(test)


def test_what_an_actor_has_under_way_at_the_same_time_is_told_and_what_it_does_one_by_one_is_not() -> None:
    async def test(it: World) -> None:
        it.tap.allow("one", selector("PUT /b/0"))
        first = it.send("one", "PUT /b/0")
        other = it.send("two", "PUT /b/x")
        await turns()
        it.tap.allow("one", selector("PUT /b/1"))  # the answer to the first comes before the next is sent
        await first
        several = [it.send("one", f"PUT /b/{number}") for number in (1, 2, 3)]
        await turns()
        it.tap.allow("one", None)
        await asyncio.gather(*several)
        await it.send("one", "PUT /b/4")
        assert [each.beside for each in it.tap.history] == [(), (), (1,), (1, 2), ()]
        other.cancel()

    world(test)


def test_operations_take_effect_in_the_order_that_was_asked_for_and_others_when_they_come() -> None:
    async def test(it: World) -> None:
        it.tap.order("one", [selector(f"PUT /b/{number}") for number in (2, 0, 1)])
        it.tap.allow("one", None)
        early = [it.send("one", f"PUT /b/{number}") for number in (0, 1)]
        await it.send("one", "PUT /b/free")
        assert not any(each.done() for each in early)
        await asyncio.gather(it.send("one", "PUT /b/2"), *early)
        assert it.shelf.applied == [f"one PUT /b/{name}" for name in ("free", 2, 0, 1)]

    world(test)


def test_an_order_holds_on_where_the_actor_is_stopped_in_the_midst_of_it() -> None:
    async def test(it: World) -> None:
        it.tap.order("one", [selector(f"PUT /b/{number}") for number in (1, 0, 2)])
        it.tap.allow("one", selector("PUT /b/1"))
        requests = [it.send("one", f"PUT /b/{number}") for number in (2, 0, 1)]
        await turns()
        assert it.shelf.applied == ["one PUT /b/1"]
        it.tap.allow("one", None)
        await asyncio.gather(*requests)
        assert it.shelf.applied == [f"one PUT /b/{number}" for number in (1, 0, 2)]

    world(test)


def test_what_waits_for_its_place_is_dropped_with_its_actor() -> None:
    async def test(it: World) -> None:
        it.tap.order("one", [selector("PUT /b/never"), selector("PUT /b/0")])
        it.tap.allow("one", None)
        request = it.send("one", "PUT /b/0")
        await turns()
        it.tap.remove("one")
        await turns()
        assert request.cancelled()
        assert it.shelf.applied == []

    world(test)


def test_an_order_is_given_up_for_what_does_not_come_and_holds_for_the_rest() -> None:
    async def test(it: World) -> None:
        it.tap.order("one", [selector(f"PUT /b/{name}") for name in ("never", 0, 1, 2)])
        it.tap.allow("one", None)
        assert not it.tap.loosen("one")
        early = [it.send("one", f"PUT /b/{number}") for number in (2, 0)]
        await turns()
        assert it.shelf.applied == []
        assert it.tap.loosen("one")
        await turns()
        assert it.shelf.applied == ["one PUT /b/0"]
        await it.send("one", "PUT /b/never")
        await asyncio.gather(it.send("one", "PUT /b/1"), *early)
        assert it.shelf.applied == [f"one PUT /b/{name}" for name in (0, "never", 1, 2)]

    world(test)
