"""A scenario: a name, texts for people, and a function from a task to a plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.plan import Plan


@dataclass(frozen=True, slots=True)
class Scenario:
    """One file in ``scenarios`` has one of these, called ``SCENARIO``.

    :param summary: one line
    :param text: what it does, why, and an example; shown by ``--dagguard-explain``
    :param plan: what to try with a task
    :param applies: says whether it has a meaning for a task; no item is made where it has none
    """

    summary: str
    text: str
    plan: Callable[[Task], Plan]
    applies: Callable[[Task], bool] = lambda task: True


NEXT_TRY = 90061.0
"""Seconds between the clocks of two attempts: 1 day, 1 hour, 1 minute and 1 second.

A retry that comes after midnight, or a task that is cleared the next morning, is ordinary; names and contents made of
the clock must come out differently, or a fault in them cannot be seen.
"""

MOST_TRIES = 3
"""More tries than this after one fault show nothing new, and a task may ask for dozens."""
