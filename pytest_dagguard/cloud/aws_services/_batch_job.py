"""moto's job of AWS Batch as a value. moto's own is a thread, which cannot be copied."""

from __future__ import annotations

import copy
import threading
from typing import Any

from moto.batch.models import Job


class Still(Job):  # type: ignore[misc]
    """A job that never starts its thread."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Still:
        twin = Still.__new__(Still)
        memo[id(self)] = twin
        threading.Thread.__init__(twin)
        threads_own = set(vars(twin))
        for key, value in vars(self).items():
            if key not in threads_own:
                setattr(twin, key, copy.deepcopy(value, memo))
        return twin
