"""What schedules of one task have come to, so that none is run twice for two scenarios.

A scenario that holds attempt 1, runs its retry and lets attempt 1 go on comes by the very state that the scenario of
kills asks for. Repetitions that confirm a finding are run each time.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Schedule

MOST_ENTRIES = 200_000
"""Resources in all kept states together; what would be more is forgotten."""


@dataclass(slots=True)
class Memory:
    """Outcomes by the schedule that led to them."""

    _outcomes: dict[tuple[Hashable, Schedule], Outcome] = field(default_factory=dict)
    _entries: int = 0

    def keep(self, terms: Hashable, schedule: Schedule, outcome: Outcome) -> None:
        """Remember an outcome that is evidence.

        :param terms: all that the outcome depends on besides the schedule
        """
        size = len(outcome.after)
        if not outcome.unreachable and (terms, schedule) not in self._outcomes and self._entries + size <= MOST_ENTRIES:
            self._outcomes[terms, schedule] = outcome
            self._entries += size

    def find(self, terms: Hashable, schedule: Schedule) -> Outcome | None:
        """What the schedule came to; None where it was not run on these terms."""
        return self._outcomes.get((terms, schedule))
