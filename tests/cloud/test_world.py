"""Virtual time: who is woken when, whose turn it is, and that time stands still while anybody works."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from pytest_dagguard.cloud.emulator import Caller
from pytest_dagguard.cloud.feed import Feed
from pytest_dagguard.cloud.tap import Tap
from pytest_dagguard.cloud.world import LONGEST, NOBODY, World
from pytest_dagguard.model.life import Birth, Death


class Bells:
    """An emulator in which only alarms and lives happen."""

    name = "bells"

    def __init__(self) -> None:
        self.rung: list[Any] = []

    def attach(self, world: World) -> None:
        self.world = world

    def ring(self, *what: Any) -> None:
        self.rung.append((self.world.clock.now, *what))

    def ended(self, actor: str, death: Death) -> None:
        self.rung.append((self.world.clock.now, actor, death.code))


class Stand:
    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.tap = Tap({}, lambda actor, index: None)
        self.world = World(self.told.append, self.tap)
        self.bells = Bells()
        self.world.living["bells"] = self.bells
        self.bells.attach(self.world)

    def actor(self, name: str) -> None:
        self.tap.add(Caller(name, {}), None)
        self.tap.allow(name, None)

    def sleep(self, actor: str, seconds: float, limit: float = -1.0) -> asyncio.Future[float]:
        return self.world.sleep(actor, seconds, limit).answer


Play = Callable[[Stand], Coroutine[Any, Any, None]]


def on_stand(play: Play) -> Callable[[], None]:
    def test() -> None:
        async def run() -> None:
            await play(Stand())

        asyncio.run(run())

    test.__name__ = play.__name__
    return test


@on_stand
async def test_time_jumps_to_the_sleeper(stand: Stand) -> None:
    stand.actor("a")
    assert stand.sleep("a", 3600.0).result() == 3600.0
    assert stand.sleep("a", 1.5).result() == 3601.5


@on_stand
async def test_time_stands_still_while_somebody_works(stand: Stand) -> None:
    stand.actor("a")
    stand.actor("b")
    early, late = stand.sleep("a", 10.0), None
    assert not early.done()
    late = stand.sleep("b", 30.0)
    assert early.result() == 10.0
    assert not late.done()  # a works again
    assert not (again := stand.sleep("a", 30.0)).done()
    assert late.result() == 30.0
    stand.sleep("b", 100.0)
    assert again.result() == 40.0


@on_stand
async def test_who_is_held_is_not_waited_for(stand: Stand) -> None:
    stand.actor("held")
    stand.tap.actors["held"].open = False
    held = stand.sleep("held", 1.0)
    stand.actor("a")
    assert stand.sleep("a", 60.0).result() == 60.0
    assert not held.done()


@on_stand
async def test_alarms_ring_on_the_way(stand: Stand) -> None:
    stand.actor("a")
    stand.world.clock.set(20.0, "bells", "second")
    stand.world.clock.set(10.0, "bells", "first")
    stand.world.clock.set(90.0, "bells", "late")
    assert stand.sleep("a", 60.0).result() == 60.0
    assert stand.bells.rung == [(10.0, "first"), (20.0, "second")]


@on_stand
async def test_a_life_begins_when_the_attempt_waits_and_is_waited_for(stand: Stand) -> None:
    birth = Birth("pod p", "bells", "pod", "m:f")
    stand.actor("a")
    stand.world.begin(birth)
    stand.world.step()
    assert stand.told == []  # the attempt is at work
    sleeping = stand.sleep("a", 60.0)
    assert stand.told == [("born", birth)]
    stand.actor("pod p")
    stand.world.started("pod p")
    assert not sleeping.done()
    inner = stand.sleep("pod p", 25.0)
    assert inner.result() == 25.0
    assert not sleeping.done()
    stand.tap.remove("pod p")
    stand.world.ended("pod p", Death(0))
    assert stand.bells.rung == [(25.0, "pod p", 0)]
    assert sleeping.result() == 60.0


@on_stand
async def test_a_life_stands_still_when_its_attempt_is_gone_until_time_is_let_pass(stand: Stand) -> None:
    stand.actor("a")
    stand.world.begin(Birth("pod p", "bells", "pod", "m:f"))
    stand.sleep("a", 5.0)
    stand.actor("pod p")
    stand.world.started("pod p")
    stand.tap.remove("a")
    stand.world.leave("a")
    inner = stand.sleep("pod p", 25.0)
    assert not inner.done()
    passing = stand.world.sleep(NOBODY, 1000.0, -1.0, idle=True).answer
    assert inner.result() == 25.0
    stand.tap.remove("pod p")
    stand.world.ended("pod p", Death(3))
    assert passing.result() == 25.0


@on_stand
async def test_nothing_left_to_happen_takes_no_time(stand: Stand) -> None:
    assert stand.world.sleep(NOBODY, 1000.0, -1.0, idle=True).answer.result() == 0.0


@on_stand
async def test_a_life_that_is_killed_before_its_turn_never_begins(stand: Stand) -> None:
    stand.world.begin(Birth("pod p", "bells", "pod", "m:f"))
    stand.world.kill("pod p")
    stand.actor("a")
    assert stand.sleep("a", 1.0).result() == 1.0
    assert stand.told == []
    assert stand.world.alive == 0


@on_stand
async def test_who_polls_in_a_world_that_does_not_change_is_woken_later_and_later(stand: Stand) -> None:
    stand.actor("a")
    times = [stand.sleep("a", 60.0).result() for _ in range(20)]
    assert times[:8] == [60.0 * number for number in range(1, 9)]
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert gaps == sorted(gaps)
    assert times[-1] > 86400.0


@on_stand
async def test_who_has_polled_long_for_a_life_is_not_woken_late_when_that_has_ended(stand: Stand) -> None:
    stand.actor("a")
    stand.world.begin(Birth("job 1", "bells", "job", "x:y"))
    waiting = stand.sleep("a", 10.0)
    stand.actor("job 1")
    stand.world.started("job 1")
    stand.sleep("job 1", 36000.0)
    for _ in range(2000):
        assert waiting.done()
        waiting = stand.sleep("a", 10.0)
    now = stand.world.clock.now
    stand.tap.remove("job 1")
    stand.world.ended("job 1", Death(0))
    assert waiting.result() <= now + 10.0
    assert stand.sleep("a", 10.0).result() <= now + 20.0


@on_stand
async def test_who_waits_for_what_is_to_come_is_woken_when_it_asked(stand: Stand) -> None:
    stand.actor("a")
    stand.world.clock.set(3000.0, "bells", "done")
    times = [stand.sleep("a", 60.0).result() for _ in range(50)]
    assert times == [60.0 * number for number in range(1, 51)]
    assert stand.bells.rung == [(3000.0, "done")]


@on_stand
async def test_a_deadline_is_not_slept_over(stand: Stand) -> None:
    stand.actor("a")
    assert stand.sleep("a", 60.0, limit=45.0).result() == 45.0
    for _ in range(12):
        stand.sleep("a", 60.0)
    now = stand.world.clock.now
    assert stand.sleep("a", 60.0, limit=61.0).result() == now + 61.0


@on_stand
async def test_who_has_just_read_something_may_act_upon_it_before_time_goes_on(stand: Stand) -> None:
    stand.actor("reader")
    stand.actor("pod")
    feed = Feed()
    feed.idle = lambda: stand.world.quiet(feed)
    stand.world.feeds["reader"] = [{feed}]
    reading = asyncio.ensure_future(anext(feed))
    await asyncio.sleep(0)
    feed.push(b"line")
    assert await reading == b"line"
    reading = asyncio.ensure_future(anext(feed))
    await asyncio.sleep(0)  # all is read
    pod = stand.sleep("pod", 60.0)
    assert not pod.done()
    stand.world.acts("reader")
    assert not pod.done()
    assert await asyncio.wait_for(pod, 5) == 60.0
    reading.cancel()


@on_stand
async def test_what_a_life_prints_is_told_to_an_emulator_that_listens(stand: Stand) -> None:
    stand.world.begin(Birth("job 1", "bells", "job", "x:y"))
    stand.world.told("job 1", ["nobody hears it"])
    heard: list[Any] = []
    stand.bells.told = lambda *what: heard.append(what)  # type: ignore[attr-defined]
    stand.world.told("job 1", ["a", "b"])
    stand.world.told("job 2", ["from nobody"])
    assert heard == [("job 1", ["a", "b"])]


@on_stand
async def test_an_endless_wait_is_told(stand: Stand) -> None:
    stand.actor("a")
    for _ in range(100):
        if not stand.sleep("a", 3600.0).done():
            break
    assert [each[:2] for each in stand.told] == [("forever", "a")]
    assert stand.told[0][2] <= LONGEST


@on_stand
async def test_a_state_that_is_brought_back_has_its_time_and_alarms(stand: Stand) -> None:
    stand.actor("a")
    stand.world.clock.set(100.0, "bells", "done")
    stand.sleep("a", 30.0)
    kept = stand.world.snapshot()
    stand.sleep("a", 200.0)
    assert stand.bells.rung == [(100.0, "done")]
    asleep = stand.world.sleep("nobody there", 1.0, -1.0).answer
    stand.world.restore(kept)
    assert asleep.cancelled()
    assert stand.world.clock.now == 30.0
    stand.sleep("a", 200.0)
    assert stand.bells.rung == [(100.0, "done"), (100.0, "done")]


@on_stand
async def test_in_an_endless_world_images_and_jobs_never_end_until_a_state_is_brought_back(stand: Stand) -> None:
    stand.world.behaviours = {"images": {"*": "succeed"}, "jobs": {"*": "succeed"}, "children": {"*": "fail"}}
    kept = stand.world.snapshot()
    stand.world.endless = {}
    asked = [("images", "train:1"), ("jobs", "glue:a"), ("init-images", "git:1"), ("children", "other")]
    assert [stand.world.behaviour(*each) for each in asked] == ["never-ends", "never-ends", "succeed", "fail"]
    assert list(stand.world.endless) == ["train:1", "glue:a"]
    stand.world.restore(kept)
    assert stand.world.behaviour("jobs", "glue:a") == "succeed"


@on_stand
async def test_in_an_endless_world_sleeps_grow_but_not_past_an_alarm_a_limit_or_a_tenth_of_the_wait(
    stand: Stand,
) -> None:
    stand.world.endless = {}
    stand.actor("a")
    stand.world.clock.set(50000.0, "bells", "done")
    woken = [stand.sleep("a", 60.0).result() for _ in range(60)]
    assert woken[:8] == [60.0 * each for each in range(1, 9)]
    steps = [after - before for before, after in itertools.pairwise(woken) if after <= 50000.0]
    assert max(steps) > 1000.0
    assert all(step <= max(60.0, 0.1 * after) + 1e-6 for step, after in zip(steps, woken, strict=False))
    assert 50000.0 in woken
    assert stand.sleep("a", 60.0, limit=30.0).result() == woken[-1] + 30.0


@pytest.mark.parametrize(
    ("name", "expected"),
    [("acme/train:1", "tests.fakes:train"), ("acme/train:debug", "fail"), ("redis:7", "succeed"), ("other", "")],
)
def test_the_longest_pattern_that_fits_says_what_an_image_does(name: str, expected: str) -> None:
    rows = {"acme/*": "succeed", "acme/train:*": "tests.fakes:train", "acme/train:debug": "fail", "redis*": "succeed"}
    world = World(lambda event: None, Tap({}, lambda actor, index: None), {"images": rows})
    assert world.behaviour("images", name) == expected
    assert world.behaviour("jobs", name) == ""
