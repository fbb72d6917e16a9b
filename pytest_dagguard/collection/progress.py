"""Progress: on a terminal behind what pytest has written last, elsewhere in a plain line every now and then."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

import pytest

from pytest_dagguard.model.progress import Progress

EVERY = 30.0
"""Seconds between two plain lines: a log is no place for more."""

_SAVE, _RESTORE, _CLEAR = "\x1b7", "\x1b8", "\x1b[0K"


class Terminal(Protocol):
    """As much of pytest's terminal reporter as is needed here."""

    isatty: bool

    def write(self, content: str, *, flush: bool = False, **markup: bool) -> None:
        """Write as it is."""

    def write_line(self, line: str, **markup: bool) -> None:
        """Write a line of its own."""


class Reporter:
    """A pytest plugin of the process that runs the items."""

    def __init__(
        self, terminal: Terminal, width: Callable[[], int], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """
        :param width: how many characters there are to the end of the line
        """
        self.terminal, self.width, self.clock = terminal, width, clock
        self.began = self.told_at = clock()
        self.total = self.done = 0
        self._shown = False

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Learn how many items there are."""
        self.total, self.began = len(session.items), self.clock()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the text away before pytest writes in its place."""
        self._clear()
        self.done += report.when == "teardown"

    def told(self, progress: Progress) -> None:
        """Show how far a search has come."""
        text = words(progress, self.done + 1, self.total, self._left())
        if self.terminal.isatty:
            room = self.width() - 2
            self._clear()
            if room >= 20:
                self.terminal.write(f"{_SAVE} {text[:room]}{_RESTORE}", flush=True)
                self._shown = True
        elif self.clock() - self.told_at >= EVERY:
            self.told_at = self.clock()
            self.terminal.write_line(f"dagguard: {text}")

    def _clear(self) -> None:
        if self._shown:
            self.terminal.write(_CLEAR, flush=True)
            self._shown = False

    def _left(self) -> float:
        """Seconds that the rest of the items will take if they are like those before."""
        return (self.clock() - self.began) / self.done * (self.total - self.done) if self.done else 0.0


def words(progress: Progress, item: int, total: int, left: float) -> str:
    """The text: which search, how far, how much there is to come.

    :param item: number of the item that is under way
    :param total: items of the run; 0 where that is not known
    :param left: seconds that the rest will take; 0 where nothing is known of that
    """
    states = f"{progress.tried} tried, {progress.known} state{'' if progress.known == 1 else 's'} known"
    parts = [
        f"{progress.dag_id}.{progress.task_id} {progress.scenario}: {states}",
        f"{max(progress.left, 0):.0f} s of budget left",
    ]
    if total:
        parts.append(f"item {item} of {total}" + (f", about {duration(left)} left" if left else ""))
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """``40 s``, ``3 min``, ``1.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def reporter_of(config: pytest.Config) -> Reporter | None:
    """A reporter that writes where pytest does; None where nothing is to be seen of the run."""
    terminal: Any = config.pluginmanager.getplugin("terminalreporter")
    if terminal is None or hasattr(config, "workerinput") or config.getoption("verbose", 0) < 0:
        return None
    writer = terminal._tw
    return Reporter(terminal, lambda: int(writer.fullwidth - writer.width_of_current_line))
