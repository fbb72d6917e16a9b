"""Which sensor belongs to an operator: by the words in their names. It words a hint, and decides nothing."""

from __future__ import annotations

import re

from pytest_dagguard.model.dag import Task

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+")
_COMMON = frozenset(
    {"operator", "sensor", "start", "run", "create", "submit", "add", "execute", "state", "status", "base"}
)
_ENOUGH = 0.5


def sensor_for(task: Task) -> str:
    """Name of the sensor class in the provider's module beside the operator's; empty where none fits."""
    wanted = _tokens(task.kind)
    scored = [(len(wanted & _tokens(each)) / max(1, len(_tokens(each))), each) for each in task.sensors]
    best = max(scored, key=lambda pair: (pair[0], -len(pair[1])), default=(0.0, ""))
    if best[0] >= _ENOUGH:
        return best[1]
    return task.sensors[0] if len(task.sensors) == 1 else ""


def _tokens(name: str) -> frozenset[str]:
    words = (each.lower() for each in _WORDS.findall(name))
    return frozenset(_stem(each) for each in words if each not in _COMMON)


def _stem(word: str) -> str:
    for ending in ("ing", "ion", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
