"""What goes on in an experiment beside requests: who sleeps until when, which alarms are set, which lives are to begin.

Time is virtual. It stands still while any actor that may go on is at work, and when all of them wait it jumps to what
comes next: first the lives that are to begin, then the next alarm of an emulator or the next sleeper, whichever is
earlier (a discrete-event simulation). So a job of three hours takes as long as the requests that are made about it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from pytest_dagguard.cloud.clock import Alarm, Clock
from pytest_dagguard.cloud.emulator import Listening, Living
from pytest_dagguard.cloud.feed import Feed
from pytest_dagguard.cloud.tap import Tap
from pytest_dagguard.model.life import NEVER_ENDS, Birth, Death
from pytest_dagguard.model.state import Entry

DAY = 86400.0
LONGEST = 60 * DAY
"""Virtual seconds after which an actor that still waits is said to wait for ever: no job or sensor is meant to."""

NOBODY = ""
"""The actor that stands for time passing while no attempt runs."""

_GRACE = 0.02
"""Seconds of the machine's time in which a reader who has had a piece of an answer may act upon it."""

_GROWTH = 0.1
"""Where nothing ends, a sleep grows up to this part of the time for which its sleeper has waited: so much too late may
what is bounded by the clock of a loop (a sensor's time-out) be seen to end."""

_PATIENT = 8
"""So many times an actor wakes in a world in which nothing has changed, before its sleeps grow longer."""


@dataclass(frozen=True, slots=True)
class Sleeper:
    """Somebody who sleeps.

    :param wake: when it wants to be woken
    :param number: in the order in which they fell asleep
    :param limit: latest time at which it may be woken, by a deadline of its own
    :param asked: seconds it wanted to sleep
    :param idle: wake it as soon as nothing else is left to happen
    :param bell: it is no pause but a timer that runs beside what the actor does
    """

    wake: float
    number: int
    actor: str
    answer: asyncio.Future[float]
    limit: float
    asked: float
    idle: bool = False
    bell: bool = False


@dataclass(slots=True)
class _Habit:
    """How often an actor woke, one time after the other, in a world that nobody had changed."""

    state: int = -1
    times: int = 0
    since: float = 0.0


@dataclass(slots=True)
class World:
    """See the module. All methods are called on the loop of the cloud.

    :param emit: tells the director an event: ``("born", birth)``, ``("doomed", actor)``, ``("forever", actor, now)``
    :param behaviours: kind of thing -> pattern -> behaviour, as the configuration has them
    :param unsaid: kind of thing -> names of which the configuration says nothing, for :meth:`Cloud.unsaid`
    :param endless: names of what was started since nothing ends any more; None where all ends as it is said to
    :param ahead: seconds by which all clocks are ahead of the machine's, beside what is virtual: the attempts' own
    """

    emit: Callable[[tuple[Any, ...]], None]
    tap: Tap
    behaviours: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    living: dict[str, Living] = field(default_factory=dict)
    lives: dict[str, Birth] = field(default_factory=dict)
    unborn: deque[Birth] = field(default_factory=deque)
    sleepers: list[Sleeper] = field(default_factory=list)
    feeds: dict[str, list[set[Feed]]] = field(default_factory=dict)
    unsaid: dict[str, set[str]] = field(default_factory=dict)
    endless: dict[str, None] | None = None
    ahead: float = 0.0
    _starting: set[str] = field(default_factory=set)
    _habits: dict[str, _Habit] = field(default_factory=dict)
    _graces: dict[Feed, asyncio.TimerHandle] = field(default_factory=dict)
    _count: int = 0
    _stepping: bool = False

    def time(self) -> float:
        """Seconds since 1970, as the services' clocks have it.

        It goes with the attempts': what is new to a task is new to the service, and two clean runs within one second do
        not agree on the times of their objects by chance.
        """
        return time.time() + self.ahead + self.clock.now

    def begin(self, birth: Birth) -> None:
        """Have a process started when its turn comes: when all that may go on wait."""
        self.lives[birth.actor] = birth
        self.unborn.append(birth)

    def adopt(self, birth: Birth) -> None:
        """Take in a process that belongs to a life, and that the director is starting by itself."""
        self.lives[birth.actor] = birth
        self._starting.add(birth.actor)

    def kill(self, actor: str) -> None:
        """End a process and all that it started; nothing of it takes effect any more."""
        birth = self.lives.pop(actor, None)
        if birth is None:
            return
        if birth in self.unborn:
            self.unborn.remove(birth)
            return
        self._starting.discard(actor)
        self.leave(actor)
        self.emit(("doomed", actor))
        for name in [name for name, each in self.lives.items() if each.of == actor]:
            self.kill(name)

    def behaviour(self, kind: str, name: str) -> str:
        """What the configuration says of an image or a job; the longest pattern that fits goes first."""
        from fnmatch import fnmatchcase

        if self.endless is not None and kind in ("images", "jobs"):
            self.endless[name] = None
            return NEVER_ENDS
        kind = "images" if kind == "init-images" else kind
        rows = self.behaviours.get(kind, {})
        fitting = [each for each in rows if fnmatchcase(name, each)]
        if not fitting:
            self.unsaid.setdefault(kind, set()).add(name)
        return rows[max(fitting, key=len)] if fitting else ""

    def ended(self, actor: str, death: Death) -> None:
        """Tell its emulator that a process has ended, and go on."""
        birth = self.lives.pop(actor, None)
        self._starting.discard(actor)
        self.leave(actor)
        if birth is not None:
            emulator = self.living[birth.service]
            self._shift(emulator, lambda: emulator.ended(actor, death))
        self.step()

    def told(self, actor: str, lines: Sequence[str]) -> None:
        """Tell its emulator, where that wants to know, what a process has printed."""
        birth = self.lives.get(actor)
        emulator = self.living[birth.service] if birth is not None else None
        if hasattr(emulator, "told"):
            cast(Listening, emulator).told(actor, lines)

    def started(self, actor: str) -> None:
        """A life may go on from now on: it is an actor like the others."""
        self._starting.discard(actor)

    def sleep(self, actor: str, seconds: float, limit: float, idle: bool = False, bell: bool = False) -> Sleeper:
        """Put an actor to sleep.

        :param limit: seconds after which it must be woken at the latest; negative: there is no such
        """
        self._count += 1
        now = self.clock.now
        latest = now + limit if limit >= 0 else float("inf")
        answer = asyncio.get_running_loop().create_future()
        sleeper = Sleeper(min(now + seconds, latest), self._count, actor, answer, latest, seconds, idle, bell)
        self.sleepers.append(sleeper)
        self.step()
        return sleeper

    def wake(self, sleeper: Sleeper) -> None:
        """Take somebody out who does not want to sleep any more."""
        if sleeper in self.sleepers:
            self.sleepers.remove(sleeper)

    def leave(self, actor: str) -> None:
        """An actor is gone: it does not sleep any more."""
        for each in [each for each in self.sleepers if each.actor == actor]:
            self.sleepers.remove(each)
            each.answer.cancel()
        for feed in self._read_by(actor):
            self._forgo(feed)
        self.feeds.pop(actor, None)

    @property
    def alive(self) -> int:
        """How many things are still to happen by themselves: lives, and alarms of emulators."""
        return len(self.lives) + len(self.clock)

    def step(self) -> None:
        """Let happen what comes next, as long as all that may go on wait."""
        if self._stepping:
            return
        self._stepping = True
        try:
            while not self._busy() and self._next():
                pass
        finally:
            self._stepping = False

    def quiet(self, feed: Feed) -> None:
        """Somebody reads an answer that goes on, and has had all of it so far: it may be that all wait now."""
        # what it has just had it may still act upon: a request of its own comes before time goes on
        self._forgo(feed)
        self._graces[feed] = asyncio.get_running_loop().call_later(_GRACE, self._settled, feed)

    def _settled(self, feed: Feed) -> None:
        self._forgo(feed)
        self.step()

    def _forgo(self, feed: Feed) -> None:
        grace = self._graces.pop(feed, None)
        if grace is not None:
            grace.cancel()

    def acts(self, actor: str) -> None:
        """Somebody does something, and may go on to: also one who reads an answer that goes on."""
        for feed in self._read_by(actor):
            if feed.waiting:
                self.quiet(feed)

    def _read_by(self, actor: str) -> Iterator[Feed]:
        return (feed for feeds in self.feeds.get(actor, ()) for feed in feeds)

    def _waits(self, actor: str) -> bool:
        if any(each.actor == actor and not each.bell for each in self.sleepers):
            return True
        return any(feed.waiting and feed not in self._graces for feed in self._read_by(actor))

    def _may_go_on(self, actor: str) -> bool:
        known = self.tap.actors.get(actor)
        return actor == NOBODY or (known is not None and known.open and not known.dead)

    def _busy(self) -> bool:
        """Say whether somebody is at work, or nobody is there for whose sake time might pass.

        Lives go on only while an attempt waits, or the director lets time pass: so whatever falls on an attempt, it
        finds them at the same place in each repetition.
        """
        going = [name for name, each in self.tap.actors.items() if each.open and not each.dead]
        if self._starting or any(not self._waits(each) for each in going):
            return True
        return all(each in self.lives for each in going) and not any(each.actor == NOBODY for each in self.sleepers)

    def _next(self) -> bool:
        """One thing happens; False where all that can be done is to wait for somebody."""
        if self.unborn:
            birth = self.unborn.popleft()
            self._starting.add(birth.actor)
            self.emit(("born", birth))
            return False
        awake = [each for each in self.sleepers if self._may_go_on(each.actor)]
        first = min(awake, key=lambda each: (each.wake, each.number), default=None)
        alarm = self.clock.next()
        if first is not None and first.idle and not self.alive:
            return self._rouse(first, self.clock.now)
        if alarm is not None and (first is None or alarm.when <= first.wake):
            if alarm.when > LONGEST and first is None:
                return False
            rung = self.clock.pop(alarm.when)
            assert rung is not None
            self._ring(rung)
            return True
        if first is None:
            return False
        return self._rouse(first, first.wake if first.bell else self._when(first, awake))

    def _ring(self, alarm: Alarm) -> None:
        emulator = self.living[alarm.service]
        self._shift(emulator, lambda: emulator.ring(*alarm.what))

    def _shift(self, emulator: Living, happen: Callable[[], None]) -> None:
        """Let something happen that no actor has asked for."""
        entries: Callable[[], Mapping[str, Entry]] = getattr(emulator, "entries", dict)
        before = entries()
        happen()
        self.tap.shift(before, entries())
        self._habits.clear()

    def _when(self, first: Sleeper, awake: Sequence[Sleeper]) -> float:
        """When to wake a sleeper: where it finds the same world time and again, later and later.

        A task that polls sees the same at each time in between, since nothing is there that could change anything; to
        sleep for longer than was asked for is what happens on a busy machine.
        """
        habit = self._habits.setdefault(first.actor, _Habit())
        state = self.tap.state
        if state != habit.state:
            habit.times, habit.since = -1, self.clock.now
        habit.times += 1
        habit.state = state
        alone = all(each is first or each.bell for each in awake)
        if self.endless is not None and alone and not self.lives:
            return self._later(first, habit, awake)
        if self.alive or not alone or habit.times <= _PATIENT or first.actor == NOBODY:
            return first.wake
        bells = [each.wake for each in awake if each.bell]
        return min(self.clock.now + first.asked * 2.0 ** (habit.times - _PATIENT), first.limit, *bells)

    def _later(self, first: Sleeper, habit: _Habit, awake: Sequence[Sleeper]) -> float:
        """When to wake a sleeper in a world in which nothing ends: not past what is set to happen by the clock."""
        known = [each.wake for each in awake if each.bell] + [first.limit]
        if (alarm := self.clock.next()) is not None:
            known.append(alarm.when)
        longer = max(first.asked, _GROWTH * (self.clock.now - habit.since)) if habit.times > _PATIENT else first.asked
        return min(self.clock.now + longer, *known)

    def _rouse(self, sleeper: Sleeper, when: float) -> bool:
        if when > LONGEST and sleeper.actor != NOBODY:
            self.emit(("forever", sleeper.actor, self.clock.now))
            return False
        self.clock.pop(when)
        self.sleepers.remove(sleeper)
        if not sleeper.answer.done():
            sleeper.answer.set_result(self.clock.now)
        return False

    def _goes_on(self) -> bool:
        return bool(self.alive) or any(self._may_go_on(each.actor) for each in self.sleepers)

    def stuck(self, actor: str) -> bool:
        """Say whether an actor reads an answer that goes on, and nothing is left that could add to it."""
        return any(feed.waiting for feed in self._read_by(actor)) and not self._goes_on()

    def snapshot(self) -> object:
        """A value for :meth:`restore`: the time, and the alarms that are still to ring. No process is part of it."""
        return self.clock.snapshot()

    def restore(self, kept: Any) -> None:
        """Bring back a time and its alarms; whoever sleeps, and each life, is gone."""
        self.endless = None
        self.ahead = 0.0
        for each in self.sleepers:
            each.answer.cancel()
        self.sleepers.clear()
        for actor in list(self.lives):
            self.kill(actor)
        self._starting.clear()
        self._habits.clear()
        self.feeds.clear()
        for feed in list(self._graces):
            self._forgo(feed)
        self.clock.restore(kept)
