"""Progress: what is written, when, and that nothing of it stays on the screen."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pytest_dagguard.collection.progress import Reporter, duration, words
from pytest_dagguard.model.progress import Progress

NOW = Progress("sales", "load", "killed", 2, 7, 4.2)


class Terminal:
    def __init__(self, isatty: bool) -> None:
        self.isatty = isatty
        self.written: list[str] = []

    def write(self, content: str, *, flush: bool = False, **markup: bool) -> None:
        self.written.append(content)

    def write_line(self, line: str, **markup: bool) -> None:
        self.written.append(line + "\n")


def made(isatty: bool, width: int = 80) -> tuple[Reporter, Terminal, list[float]]:
    time = [0.0]
    terminal = Terminal(isatty)
    reporter = Reporter(terminal, lambda: width, lambda: time[0])
    reporter.pytest_collection_finish(SimpleNamespace(items=[1, 2, 3, 4]))  # type: ignore[arg-type]
    return reporter, terminal, time


def ended(reporter: Reporter) -> None:
    for when in ("setup", "call", "teardown"):
        report: Any = SimpleNamespace(when=when)
        reporter.pytest_runtest_logreport(report)


def test_on_a_terminal_it_is_behind_what_is_there_and_is_taken_away() -> None:
    reporter, terminal, _ = made(isatty=True)
    reporter.told(NOW)
    (shown,) = terminal.written
    assert shown.startswith("\x1b7 sales.load killed: 2 tried, 7 states known, 4 s of budget left, item 1 of 4")
    assert shown.endswith("\x1b8")
    ended(reporter)
    assert terminal.written[1:] == ["\x1b[0K"]


def test_it_does_not_break_the_line() -> None:
    reporter, terminal, _ = made(isatty=True, width=30)
    reporter.told(NOW)
    assert len(terminal.written[0].replace("\x1b7", "").replace("\x1b8", "")) < 30
    narrow, terminal, _ = made(isatty=True, width=10)
    narrow.told(NOW)
    assert terminal.written == []


def test_elsewhere_it_is_a_line_in_half_a_minute() -> None:
    reporter, terminal, time = made(isatty=False)
    for second in range(95):
        time[0] = float(second)
        reporter.told(NOW)
    assert len(terminal.written) == 3
    assert all(each.startswith("dagguard: sales.load killed") and "\x1b" not in each for each in terminal.written)


def test_the_rest_is_reckoned_from_what_is_done() -> None:
    reporter, terminal, time = made(isatty=True, width=200)
    time[0] = 60.0
    ended(reporter)
    reporter.told(NOW)
    assert "item 2 of 4, about 3 min left" in terminal.written[-1]


@pytest.mark.parametrize(("seconds", "text"), [(40.0, "40 s"), (200.0, "3 min"), (5400.0, "1.5 h")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_one_state() -> None:
    assert "1 state known" in words(Progress("d", "t", "twice", 0, 1, -1.0), 1, 0, 0.0)
