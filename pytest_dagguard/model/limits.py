"""How much of the machine a DAG file or an attempt may use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for one load of a DAG file or one attempt, with all that it starts.

    :param memory: bytes
    :param processes: how many at once
    :param output: bytes that it prints
    :param disk: bytes of files
    """

    memory: int = 2 << 30
    processes: int = 200
    output: int = 64 << 20
    disk: int = 1 << 30

    def words(self, name: str) -> str:
        """What was too much and what raises the bound, to follow "it"."""
        does = {"memory": "uses", "processes": "runs", "output": "prints", "disk": "writes"}[name]
        value = getattr(self, name)
        amount = f"{value} processes at once" if name == "processes" else f"{shown(value)}{_OF[name]}"
        return f"{does} more than {amount}; where it has to, raise {name} under [tool.dagguard.limits]"


_OF = {"memory": " of memory", "output": "", "disk": " of files"}


def shown(size: int) -> str:
    """A number of bytes: ``64 MB``, ``1.5 GB``."""
    for unit, name in ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB")):
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size} bytes"
