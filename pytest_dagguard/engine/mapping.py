"""How many map indices a mapped task has in the run that is walked through."""

from __future__ import annotations

from pytest_dagguard.model.counting import count, sources

__all__ = ["MOST_INDICES", "count", "sources"]

MOST_INDICES = 100
"""More are not run before the tasks downstream: they show nothing new and cost a fork each."""
