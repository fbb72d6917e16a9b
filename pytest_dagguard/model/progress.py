"""How far a search has come: what is told while it runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """A trial that is about to be made.

    :param scenario: its name
    :param tried: trials that were made before
    :param known: distinct states that the clean run passes through
    :param left: seconds of the budget
    """

    dag_id: str
    task_id: str
    scenario: str
    tried: int
    known: int
    left: float
