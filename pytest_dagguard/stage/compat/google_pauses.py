"""Google's clients wait for a random time between two looks at an operation; in an attempt they wait for its mean.

How often a task looks would differ from run to run otherwise, and no place in one run could be found again in another.
"""

from __future__ import annotations

import sys
from typing import Any

_MODULE = "google.api_core.retry.retry_base"


class _Even:
    """Stands for the module ``random`` where pauses are drawn."""

    @staticmethod
    def uniform(low: float, high: float) -> float:
        return (low + high) / 2


def steady() -> None:
    """Take chance out of those pauses, where the library has been imported; other chance stays."""
    module: Any = sys.modules.get(_MODULE)
    if module is not None and hasattr(module, "random"):
        module.random = _Even
