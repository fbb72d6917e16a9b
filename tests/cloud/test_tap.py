"""The tap over a tiny emulator: who may go on, in what order, and what is withheld or refused."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_dagguard.cloud.emulator import Caller
from tap_shelf import World, selector, turns, world


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
