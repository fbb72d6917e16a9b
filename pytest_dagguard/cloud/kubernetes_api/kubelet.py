"""What schedules and runs pods, by the virtual clock. A pod goes on whether or not who made it is alive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pytest_dagguard.cloud.kubernetes_api import births, references
from pytest_dagguard.cloud.kubernetes_api import pod_status as status
from pytest_dagguard.cloud.kubernetes_api.cluster import NODE_NAME, Cluster
from pytest_dagguard.cloud.kubernetes_api.kinds import Object, Place
from pytest_dagguard.cloud.kubernetes_api.store import Life
from pytest_dagguard.cloud.kubernetes_api.volumes import Volumes
from pytest_dagguard.model.life import FAIL, NEVER_ENDS, RUN, SUCCEED, Death

DECLARE = (
    'say what it does: "{image}" = "succeed", "fail", "never-ends", "run" or "module:function" under '
    "[tool.dagguard.images]"
)
_BACK_OFF, _LONGEST = 10.0, 300.0
_NODE_LOST = 300.0
_NOTICED = 10.0
"""Seconds after which the scheduler says why a pod has no node yet."""


@dataclass(slots=True)
class Kubelet:
    """Runs the pods of a cluster.

    :param volumes: of the pods
    :param changed: told when something in a pod runs or has ended
    :param remove: takes a pod out of the cluster
    """

    cluster: Cluster
    volumes: Volumes
    changed: Callable[[Object], None]
    remove: Callable[[Place], None]

    def created(self, pod: Object) -> None:
        """A pod is there: it starts after a while."""
        meta = pod["metadata"]
        start = self.cluster.allot(pod).start
        self._seconds_left(pod)
        if start is None or start > _NOTICED:
            message = "0/1 nodes are available: 1 Insufficient cpu."
            self.cluster.event(pod, "FailedScheduling", message, "Warning", "default-scheduler")
        if start is None:
            return
        self.cluster.store.alarms[meta["uid"]] = self.cluster.alarm(start, "start", *_where(pod), meta["uid"])

    def _seconds_left(self, pod: Object) -> None:
        limit = pod["spec"].get("activeDeadlineSeconds")
        if limit is not None:
            self.cluster.alarm(float(limit), "deadline", *_where(pod), pod["metadata"]["uid"])

    def ring(self, what: str, where: Place, uid: str, *rest: Any) -> None:
        """An alarm about a pod; nothing happens where that pod is gone, or has ended."""
        pod = self.cluster.store.get(where)
        if pod is None or pod["metadata"]["uid"] != uid:
            return
        if what == "delete":
            self.remove(where)
        elif what == "node-gone":
            self._disrupt(where, "DeletionByTaintManager")
            self.remove(where)
        elif pod["status"]["phase"] in status.ENDED:
            return
        elif what == "start":
            self.start(pod)
        elif what == "end":
            self.finish(where, rest[0], Death(rest[1]))
        elif what == "restart":
            self._begin(where, rest[0])
        elif what == "deadline":
            self.fail(where, "DeadlineExceeded", "Pod was active on the node longer than the specified deadline")
        elif what == "fate":
            self._befall(where, rest[0])

    def start(self, pod: Object) -> None:
        """Give a pod its node and start what comes first in it."""
        where = _where(pod)
        self.cluster.store.alarms.pop(pod["metadata"]["uid"], None)
        when = self.cluster.store.stamp()

        def bound(fresh: Object) -> None:
            status.bind(fresh, NODE_NAME, when)
            status.settle(fresh, when)

        pod = self.cluster.change(where, bound)
        name = pod["metadata"]["name"]
        message = f"Successfully assigned {pod['metadata']['namespace']}/{name} to {NODE_NAME}"
        self.cluster.event(pod, "Scheduled", message, by="default-scheduler")
        if why := references.unmounted(self.cluster, pod):
            self.cluster.event(pod, "FailedMount", why, "Warning")
        else:
            self._next(where)
        lot = self.cluster.lot(pod)
        if lot.fate and not lot.after:
            self._befall(where, lot.fate)
        elif lot.fate:
            self.cluster.alarm(lot.after, "fate", *where, pod["metadata"]["uid"], lot.fate)

    def _next(self, where: Place) -> None:
        """Start the init container whose turn it is, or the containers."""
        pod = self.cluster.store.objects[where]
        for each in status.containers(pod, True):
            state, detail = status.state_of(pod, each["name"])
            if state == "waiting":
                self._begin(where, each["name"])
                if not status.is_restartable(each):
                    return
            elif (state == "running" and not status.is_restartable(each)) or (
                state == "terminated" and detail["exitCode"]
            ):
                return
        for each in status.containers(pod):
            if status.state_of(self.cluster.store.objects[where], each["name"])[0] == "waiting":
                self._begin(where, each["name"])

    def _begin(self, where: Place, name: str) -> None:
        """Start one container."""
        pod = self.cluster.store.objects[where]
        container = status.spec_of(pod, name)
        assert container is not None
        image = container["image"]
        before = any(each["name"] == name for each in status.containers(pod, True))
        kind = "init-images" if before else "images"
        does = NEVER_ENDS if name == status.SIDECAR else self.cluster.world.behaviour(kind, image)
        if not does:
            self._unknown(where, name, image)
            return
        if why := references.missing(self.cluster, pod, container):
            self._lacking(where, name, why)
            return
        when = self.cluster.store.stamp()

        def running(fresh: Object) -> None:
            status.set_state(fresh, name, "running", startedAt=when)
            status.settle(fresh, when)

        pod = self.cluster.change(where, running)
        self.cluster.event(pod, "Pulled", f'Container image "{image}" already present on machine')
        self.cluster.event(pod, "Created", f"Created container: {name}")
        self.cluster.event(pod, "Started", f"Started container {name}")
        key = (pod["metadata"]["uid"], name)
        life = Life(where)
        if does in (SUCCEED, FAIL):
            code = 0 if does == SUCCEED else 1
            duration = self.cluster.lot(pod).duration
            life = replace(life, alarm=self.cluster.alarm(duration, "end", *where, key[0], name, code))
        elif does == RUN or ":" in does:
            begun = births.birth(self.cluster, pod, container, does, self.volumes)
            life = replace(life, actor=begun.actor)
            self.cluster.world.begin(begun)
        self.cluster.store.lives[key] = life
        self.changed(pod)

    def _unknown(self, where: Place, name: str, image: str) -> None:
        message = f'Failed to pull image "{image}": dagguard does not know it; ' + DECLARE.format(image=image)
        pod = self.cluster.change(
            where, lambda fresh: status.set_state(fresh, name, "waiting", reason="ErrImagePull", message=message)
        )
        self.cluster.event(pod, "Failed", message, "Warning")

    def _lacking(self, where: Place, name: str, why: str) -> None:
        """A container cannot be made yet."""

        def waiting(fresh: Object) -> None:
            status.set_state(fresh, name, "waiting", reason="CreateContainerConfigError", message=why)

        self.cluster.event(self.cluster.change(where, waiting), "Failed", f"Error: {why}", "Warning")

    def provided(self, namespace: str) -> None:
        """A config map or a secret is there now: some containers may have waited for it."""
        for where, pod in list(self.cluster.store.among("pods", namespace)):
            started = pod["status"]["phase"] == "Pending" and pod["spec"].get("nodeName")
            if started and not references.unmounted(self.cluster, pod):
                self._next(where)

    def told(self, actor: str, lines: Sequence[str]) -> None:
        """A container's process has printed something."""
        for key, life in self.cluster.store.lives.items():
            if life.actor == actor:
                self.cluster.store.write(key, lines, self.cluster.seconds())
                return

    def ended(self, actor: str, death: Death) -> None:
        """A container's process has ended."""
        for (_, name), life in list(self.cluster.store.lives.items()):
            if life.actor == actor:
                self.finish(life.place, name, death)
                return

    def finish(self, where: Place, name: str, death: Death, reason: str = "") -> None:
        """A container has ended: its state, the pod's phase, and what comes after it."""
        store = self.cluster.store
        pod = store.objects[where]
        uid = pod["metadata"]["uid"]
        if status.state_of(pod, name)[0] != "running":
            return
        self._silence((uid, name))
        self._keep_log((uid, name), death)
        when = store.stamp()
        code = death.code
        reason = reason or ("Completed" if code == 0 else "Error")
        container = status.spec_of(pod, name) or {}
        init = container in status.containers(pod, True)
        again = self._again(pod, container, init, code)

        def terminated(fresh: Object) -> None:
            detail = {"exitCode": code, "reason": reason, "finishedAt": when}
            if death.error:
                detail["message"] = death.error
            status.set_state(fresh, name, "terminated", **detail)
            if again:
                found = status.status_of(fresh, name) or {}
                found["restartCount"] += 1
                back = f"back-off restarting failed container={name}"
                status.set_state(fresh, name, "waiting", reason="CrashLoopBackOff", message=back)
            status.settle(fresh, when)
            if init and code and not again:
                fresh["status"]["phase"] = "Failed"

        pod = self.cluster.change(where, terminated)
        if again:
            count = (status.status_of(pod, name) or {})["restartCount"]
            delay = min(_LONGEST, _BACK_OFF * 2 ** (count - 1))
            alarm = self.cluster.alarm(delay, "restart", *where, uid, name)
            store.lives[(uid, name)] = Life(where, alarm=alarm)
        elif init:
            self._next(where)
        if pod["status"]["phase"] in status.ENDED:
            self._end_rest(where)
        self.changed(store.objects[where])

    def _again(self, pod: Object, container: Object, init: bool, code: int) -> bool:
        if container["name"] == status.SIDECAR or pod["metadata"].get("deletionTimestamp"):
            return False
        policy = pod["spec"]["restartPolicy"]
        if init:
            return status.is_restartable(container) or (bool(code) and policy != "Never")
        return policy == "Always" or (policy == "OnFailure" and code != 0)

    def _keep_log(self, key: tuple[str, str], death: Death) -> None:
        store = self.cluster.store
        store.write(key, death.log, self.cluster.seconds())
        if death.error and key not in store.logs:
            store.write(key, [death.error], self.cluster.seconds())
        if death.xcom is not None:
            store.xcoms[key[0]] = death.xcom

    def _end_rest(self, where: Place) -> None:
        """Sidecars among the init containers end with the containers."""
        pod = self.cluster.store.objects[where]
        left = [
            each["name"] for each in status.containers(pod, True) if status.state_of(pod, each["name"])[0] == "running"
        ]
        for name in left:
            self.stop((pod["metadata"]["uid"], name))
        if left:
            when = self.cluster.store.stamp()

            def stopped(fresh: Object) -> None:
                for name in left:
                    status.set_state(fresh, name, "terminated", exitCode=0, reason="Completed", finishedAt=when)

            self.cluster.change(where, stopped)

    def stop(self, key: tuple[str, str]) -> None:
        """End what goes on in a container, without a word in its status."""
        life = self.cluster.store.lives.get(key)
        self._silence(key)
        if life is not None and life.actor:
            self.cluster.world.kill(life.actor)

    def _silence(self, key: tuple[str, str]) -> None:
        life = self.cluster.store.lives.pop(key, None)
        if life is not None and life.alarm is not None:
            self.cluster.world.clock.unset(life.alarm)

    def stop_all(self, uid: str) -> None:
        """End what goes on in a pod."""
        alarm = self.cluster.store.alarms.pop(uid, None)
        if alarm is not None:
            self.cluster.world.clock.unset(alarm)
        for key in [each for each in self.cluster.store.lives if each[0] == uid]:
            self.stop(key)

    def busy(self, uid: str) -> bool:
        """Whether a container of a pod still runs."""
        return any(each[0] == uid for each in self.cluster.store.lives)

    def forget(self, uid: str) -> None:
        """A pod is gone: its logs and volumes go too."""
        self.stop_all(uid)
        store = self.cluster.store
        for key in [each for each in store.logs if each[0] == uid]:
            del store.logs[key]
        store.xcoms.pop(uid, None)
        self.volumes.forget(uid)

    def fail(self, where: Place, reason: str, message: str) -> None:
        """End a pod from outside; the object stays."""
        pod = self.cluster.store.objects[where]
        self.stop_all(pod["metadata"]["uid"])
        when = self.cluster.store.stamp()
        pod = self.cluster.change(where, lambda fresh: status.fail(fresh, when, reason, message))
        if reason:
            self.cluster.event(pod, reason, message, "Warning")
        self.changed(pod)

    def befall(self, actor: str, fate: str) -> None:
        """Something befalls the pod in which a process runs; one of :data:`~.cluster.FATES`."""
        for life in list(self.cluster.store.lives.values()):
            if life.actor == actor:
                self._befall(life.place, fate)
                return

    def _befall(self, where: Place, fate: str) -> None:
        pod = self.cluster.store.objects[where]
        uid = pod["metadata"]["uid"]
        if fate == "evicted":
            self._disrupt(where, "TerminationByKubelet")
            self.fail(where, "Evicted", "The node was low on resource: memory.")
        elif fate == "oom-killed":
            for each in status.containers(pod):
                if each["name"] != status.SIDECAR:
                    self.stop((uid, each["name"]))
                    self.finish(where, each["name"], Death(137), "OOMKilled")
        elif fate == "node-lost":
            self._lose_node(where, uid)

    def _lose_node(self, where: Place, uid: str) -> None:
        """The node does not answer: all on it is dead, which nobody is told until its pods are evicted."""
        self.stop_all(uid)
        when = self.cluster.store.stamp()

        def lost(fresh: Object) -> None:
            status.condition(fresh, "Ready", False, when)
            fresh["status"]["reason"] = "NodeLost"
            fresh["status"]["message"] = f"Node {NODE_NAME} which was running pod {where[2]} is unresponsive"

        pod = self.cluster.change(where, lost)
        self.cluster.event(pod, "NodeNotReady", "Node is not ready", "Warning", "node-controller")
        self.cluster.alarm(_NODE_LOST, "node-gone", *where, uid)

    def _disrupt(self, where: Place, reason: str) -> None:
        """Say on a pod that it does not end by itself."""
        when = self.cluster.store.stamp()
        self.cluster.change(where, lambda fresh: status.condition(fresh, "DisruptionTarget", True, when, reason))


def _where(pod: Object) -> Place:
    return "pods", pod["metadata"]["namespace"], pod["metadata"]["name"]
