"""Two live pods of one task instance: what reattachment is there to prevent, remembered when it comes about."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pytest_dagguard.cloud.kubernetes_api.kinds import Object
from pytest_dagguard.cloud.kubernetes_api.store import Store

_INSTANCE = ("dag_id", "task_id", "run_id", "map_index")
"""Labels by which Airflow's operators know the pods of one task instance."""


def instance(pod: Object) -> tuple[str, ...]:
    """The task instance that a pod is of, with its namespace; empty for a pod that Airflow did not make."""
    labels = pod["metadata"].get("labels") or {}
    if "dag_id" not in labels or "task_id" not in labels:
        return ()
    return (pod["metadata"].get("namespace") or "default", *(str(labels.get(each, "")) for each in _INSTANCE))


def live(pod: Object) -> bool:
    """Say whether a pod is at work. One that only waits for its start can still be taken away without harm."""
    return bool((pod.get("status") or {}).get("phase") == "Running")


def note(store: Store) -> None:
    """Take note of each task instance that has more than one pod at work now."""
    found: dict[tuple[str, ...], int] = {}
    for _, pod in store.among("pods"):
        if (whose := instance(pod)) and live(pod):
            found[whose] = found.get(whose, 0) + 1
    for whose, count in found.items():
        if count > 1:
            store.overlaps[whose] = max(count, store.overlaps.get(whose, 0))


def entries(store: Store) -> Iterator[tuple[str, bytes]]:
    """A name and a content for each task instance that had two live pods."""
    for whose, count in sorted(store.overlaps.items()):
        namespace, *rest = whose
        yield f"k8s://{namespace}/pods-at-once/{'/'.join(filter(None, rest))}", json.dumps(count).encode()
