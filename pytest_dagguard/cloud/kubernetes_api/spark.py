"""The Spark operator: an application has a driver pod, and what becomes of that becomes of the application.

Executors are not made: they work for the driver, and what an application does is what stands for its image. An
application that is to be started again by the operator itself (``restartPolicy``) is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pytest_dagguard.cloud.kubernetes_api import pod_status
from pytest_dagguard.cloud.kubernetes_api.cluster import SERVICE, Cluster
from pytest_dagguard.cloud.kubernetes_api.kinds import SPARK, Object, Place
from pytest_dagguard.model.errors import NotEmulated

DRIVER = "spark-kubernetes-driver"
"""Name of the driver's container."""

_ENDED = ("COMPLETED", "FAILED")


def image(application: Object) -> str:
    """The image of the driver; empty where none is named."""
    spec = application.get("spec")
    spec = spec if isinstance(spec, dict) else {}
    driver = spec.get("driver")
    return str((driver.get("image") if isinstance(driver, dict) else "") or spec.get("image") or "")


def check(application: Object) -> None:
    """Refuse what would not be carried out as the operator does.

    :raises NotEmulated: it is to be started again by the operator, or on a schedule
    """
    spec = application.get("spec")
    policy = spec.get("restartPolicy") if isinstance(spec, dict) else None
    if isinstance(policy, dict) and policy.get("type", "Never") != "Never":
        what = f"a SparkApplication with restartPolicy {policy['type']}"
        raise NotEmulated(SERVICE, what, "of applications, those with restartPolicy Never are emulated")


def state_of(application: Object) -> str:
    """What its status says; empty where it says nothing."""
    found: Any = application.get("status")
    for step in ("applicationState", "state"):
        found = found.get(step) if isinstance(found, dict) else None
    return str(found or "")


@dataclass(slots=True)
class Spark:
    """Carries out the applications of a cluster.

    :param create: makes a pod in a namespace
    :param delete: deletes an object, as somebody who asks for it does
    """

    cluster: Cluster
    create: Callable[[str, Object], Object]
    delete: Callable[[Place], None]

    def created(self, application: Object) -> None:
        """An application is there: its driver is started."""
        where = _where(application)
        when = self.cluster.store.stamp()
        pod = self.create(application["metadata"]["namespace"], driver(application))
        status = {
            "applicationState": {"state": "SUBMITTED"},
            "driverInfo": {"podName": pod["metadata"]["name"]},
            "executionAttempts": 1,
            "submissionAttempts": 1,
            "lastSubmissionAttemptTime": when,
            "sparkApplicationId": pod["metadata"]["labels"]["spark-app-selector"],
            "submissionID": application["metadata"]["uid"],
        }
        self._set(where, status)
        self.cluster.event(
            application, "SparkApplicationSubmitted", "was submitted successfully", by="spark-application-controller"
        )

    def ring(self, where: Place, uid: str) -> None:
        """An application has been there for as long as it was to be when it had ended."""
        found = self.cluster.store.get(where)
        if found is not None and found["metadata"]["uid"] == uid:
            self.delete(where)

    def pod_changed(self, pod: Object, gone: bool = False) -> None:
        """A pod runs, has ended or was deleted; it may be a driver."""
        for each in pod["metadata"].get("ownerReferences") or []:
            where = (SPARK.key, pod["metadata"]["namespace"], each["name"])
            application = self.cluster.store.get(where)
            if each.get("kind") == SPARK.name and application and application["metadata"]["uid"] == each["uid"]:
                self._follow(where, application, pod, gone)

    def _follow(self, where: Place, application: Object, pod: Object, gone: bool) -> None:
        phase, state = pod["status"]["phase"], state_of(application)
        if state in _ENDED or application["metadata"].get("deletionTimestamp"):
            return
        if gone and phase not in pod_status.ENDED:
            self._end(where, "FAILED", f"driver pod {pod['metadata']['name']} is not found")
        elif phase == "Running" and state == "SUBMITTED":
            self._set(where, {"applicationState": {"state": "RUNNING"}})
        elif phase == "Succeeded":
            self._end(where, "COMPLETED", "")
        elif phase == "Failed":
            code = pod_status.state_of(pod, DRIVER)[1].get("exitCode", 1)
            why = pod["status"].get("reason") or pod_status.state_of(pod, DRIVER)[1].get("reason", "Error")
            self._end(where, "FAILED", f"driver container failed with ExitCode: {code}, Reason: {why}")

    def _end(self, where: Place, state: str, error: str) -> None:
        ended = {"state": state, **({"errorMessage": error} if error else {})}
        application = self._set(where, {"applicationState": ended, "terminationTime": self.cluster.store.stamp()})
        lives = application["spec"].get("timeToLiveSeconds")
        if isinstance(lives, int):
            self.cluster.alarm(float(lives), "spark-expired", *where, application["metadata"]["uid"])

    def _set(self, where: Place, status: Object) -> Object:
        return self.cluster.change(where, lambda fresh: fresh.update(status={**(fresh.get("status") or {}), **status}))


def driver(application: Object) -> Object:
    """The pod of an application's driver, as it is posted."""
    meta, spec = application["metadata"], application["spec"]
    wanted: Object = spec.get("driver") if isinstance(spec.get("driver"), dict) else {}
    labels = {
        **(wanted.get("labels") or {}),
        "spark-role": "driver",
        "spark-app-name": meta["name"],
        "spark-app-selector": "spark-" + meta["uid"].replace("-", ""),
        "sparkoperator.k8s.io/app-name": meta["name"],
        "sparkoperator.k8s.io/launched-by-spark-operator": "true",
        "sparkoperator.k8s.io/submission-id": meta["uid"],
    }
    arguments: list[Any] = ["driver", "--class", str(spec.get("mainClass") or "org.apache.spark.deploy.PythonRunner")]
    if spec.get("mainApplicationFile"):
        arguments.append(str(spec["mainApplicationFile"]))
    container = {
        "name": DRIVER,
        "image": image(application),
        "args": [*arguments, *map(str, spec.get("arguments") or [])],
        "env": wanted.get("env") or [],
        "envFrom": wanted.get("envFrom") or [],
        "volumeMounts": wanted.get("volumeMounts") or [],
    }
    owner = {
        "apiVersion": application["apiVersion"],
        "kind": SPARK.name,
        "name": meta["name"],
        "uid": meta["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return {
        "metadata": {
            "name": (wanted.get("podName") or f"{meta['name']}-driver")[:253],
            "labels": {key: str(value) for key, value in labels.items()},
            "annotations": wanted.get("annotations") or {},
            "ownerReferences": [owner],
        },
        "spec": {"restartPolicy": "Never", "containers": [container], "volumes": spec.get("volumes") or []},
    }


def _where(application: Object) -> Place:
    return SPARK.key, application["metadata"]["namespace"], application["metadata"]["name"]
