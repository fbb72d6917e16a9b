"""What a clean run of a task took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Measured:
    """One clean run of one task, on the input data of the seed.

    :param memory: bytes by which the process grew
    :param cpu: seconds of processor time, the load of the file among them
    :param operations: requests to services other than Airflow
    :param xcoms: key -> bytes of what it pushed
    """

    memory: int = 0
    cpu: float = 0.0
    operations: int = 0
    xcoms: Mapping[str, int] = field(default_factory=dict)
