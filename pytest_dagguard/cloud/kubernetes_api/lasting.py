"""Pods that are under way, and until when the cluster lets them be."""

from __future__ import annotations

from datetime import datetime

from pytest_dagguard.cloud.kubernetes_api import footprint
from pytest_dagguard.cloud.kubernetes_api.cluster import Cluster
from pytest_dagguard.cloud.kubernetes_api.kinds import Object


def running(cluster: Cluster) -> dict[str, float]:
    """Pods that have not ended -> virtual time of their active deadline, or their Job's; infinite without one."""
    found = {}
    jobs = {each["metadata"]["uid"]: each for _, each in cluster.store.among("jobs.batch")}
    for where, pod in cluster.store.among("pods"):
        if pod["status"].get("phase") in ("Pending", "Running") and "deletionTimestamp" not in pod["metadata"]:
            owners = [jobs[each["uid"]] for each in pod["metadata"].get("ownerReferences", ()) if each["uid"] in jobs]
            found[footprint.name_of(where)] = min(_deadline(cluster, each) for each in (pod, *owners))
    return found


def _deadline(cluster: Cluster, value: Object) -> float:
    limit = value["spec"].get("activeDeadlineSeconds")
    if limit is None:
        return float("inf")
    began = datetime.fromisoformat(value["metadata"]["creationTimestamp"].replace("Z", "+00:00"))
    return cluster.world.clock.now - (cluster.now() - began).total_seconds() + float(limit)
