"""What an experiment leaves: the history, the state and how each attempt ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pytest_dagguard.model.attempt import AttemptResult
from pytest_dagguard.model.history import History
from pytest_dagguard.model.state import Entry
from pytest_dagguard.model.unending import Unending

Content = Callable[[str], bytes]
"""Digest -> content."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one experiment left.

    :param before: the state before its first attempt
    :param after: the state after its last
    :param results: attempt name -> how it ended, in the order of their starts
    :param unreachable: why it is no evidence: stalled, diverged, a call to something not emulated; empty where it is
    :param group: a few words to count such reasons by
    :param children: DAG ids of child runs that were run and failed -> the task that failed first, and its error
    :param unending: what came of a world in which no job ends; None where it was none
    """

    before: Mapping[str, Entry]
    after: Mapping[str, Entry]
    history: History
    results: Mapping[str, AttemptResult] = field(default_factory=dict)
    unreachable: str = ""
    group: str = ""
    children: Mapping[str, str] = field(default_factory=dict)
    unending: Unending | None = None

    @property
    def last(self) -> AttemptResult:
        """How the attempt that started last ended."""
        return list(self.results.values())[-1]
