"""What the tap tells of each operation: what changed, from where it came, and what was under way beside it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_dagguard.cloud.emulator import Caller
from pytest_dagguard.cloud.whereabouts import Where, Whereabouts
from pytest_dagguard.model.history import Event, Frame
from tap_shelf import World, selector, turns, world


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
