"""Pods that are under way, and until when the cluster lets them be."""

from __future__ import annotations

from pytest_dagguard.cloud.kubernetes_api import footprint
from pytest_dagguard.cloud.kubernetes_api.cluster import Cluster

_DEADLINES = ("deadline", "job-deadline")
"""Alarms that end a pod, each with the uid of the pod or of its Job as the last that it says."""


def running(cluster: Cluster) -> dict[str, float]:
    """Pods that have not ended -> virtual time of their active deadline, or their Job's; infinite without one."""
    deadlines = {each.what[-1]: each.when for each in cluster.world.clock if each.what and each.what[0] in _DEADLINES}
    found = {}
    for where, pod in cluster.store.among("pods"):
        if pod["status"].get("phase") in ("Pending", "Running") and "deletionTimestamp" not in pod["metadata"]:
            owners = (each["uid"] for each in pod["metadata"].get("ownerReferences", ()))
            ends = (deadlines.get(uid, float("inf")) for uid in (pod["metadata"]["uid"], *owners))
            found[footprint.name_of(where)] = min(ends)
    return found
