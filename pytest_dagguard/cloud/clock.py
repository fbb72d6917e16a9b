"""The virtual clock of an experiment: it stands still while anybody works, and jumps while all wait.

Alarms are data, not functions: a state that is kept has those that are still to ring in it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, order=True, slots=True)
class Alarm:
    """Something that an emulator wants to be told at a time.

    :param when: seconds since the experiment began
    :param number: in the order in which they were set: of two at the same time the earlier one rings first
    :param service: name of the emulator
    :param what: handed to its ``ring``
    """

    when: float
    number: int
    service: str
    what: tuple[Any, ...]


class Clock:
    """Time in seconds since the experiment began, and the alarms that are set."""

    def __init__(self) -> None:
        self.now = 0.0
        self._alarms: list[Alarm] = []
        self._count = 0

    def __len__(self) -> int:
        """How many alarms are set."""
        return len(self._alarms)

    def set(self, delay: float, service: str, *what: Any) -> Alarm:
        """Have ``ring(*what)`` of an emulator called when ``delay`` seconds have passed."""
        self._count += 1
        alarm = Alarm(self.now + max(0.0, delay), self._count, service, what)
        heapq.heappush(self._alarms, alarm)
        return alarm

    def unset(self, alarm: Alarm) -> None:
        """Forget an alarm; one that has rung is not there any more, which is no error."""
        if alarm in self._alarms:
            self._alarms.remove(alarm)
            heapq.heapify(self._alarms)

    def __iter__(self) -> Iterator[Alarm]:
        """The alarms that are set, in no order."""
        return iter(self._alarms)

    def next(self) -> Alarm | None:
        """The alarm that rings next."""
        return self._alarms[0] if self._alarms else None

    def pop(self, until: float) -> Alarm | None:
        """Go on to the next alarm and take it out, or to ``until`` where none rings before, and return None."""
        if self._alarms and self._alarms[0].when <= until:
            alarm = heapq.heappop(self._alarms)
            self.now = max(self.now, alarm.when)
            return alarm
        self.now = max(self.now, until)
        return None

    def snapshot(self) -> tuple[float, int, tuple[Alarm, ...]]:
        """A value for :meth:`restore`."""
        return self.now, self._count, tuple(self._alarms)

    def restore(self, kept: tuple[float, int, tuple[Alarm, ...]]) -> None:
        """Bring back a time and its alarms."""
        self.now, self._count, self._alarms = kept[0], kept[1], list(kept[2])
