"""The cluster: what is kept, the world around it, and what an experiment wants of its pods."""

from __future__ import annotations

import base64
import copy
import fnmatch
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from pytest_dagguard.cloud.clock import Alarm, Clock
from pytest_dagguard.cloud.emulator import World
from pytest_dagguard.cloud.kubernetes_api.kinds import EVENT, NAMESPACE, Object, Place, place
from pytest_dagguard.cloud.kubernetes_api.store import Store, fine_stamp, new_uid, stamp
from pytest_dagguard.model.errors import DagguardError
from pytest_dagguard.model.life import Birth

SERVICE = "kubernetes"
NODE_NAME = "dagguard-node"
FATES = ("evicted", "node-lost", "oom-killed")


@dataclass(frozen=True, slots=True)
class Lot:
    """What happens to pods whose name fits a pattern, by itself. All times in seconds of the virtual clock.

    :param start: how long they stay Pending; None: for ever
    :param duration: how long a container whose image only succeeds or fails runs
    :param fate: one of :data:`FATES`, empty for none
    :param after: when it falls on them, counted from their start
    :param first: it is for so many pods only, those that are made first; 0: for all
    :param termination: how long a container goes on after SIGTERM; no longer than the grace period in any case
    """

    pattern: str = "*"
    start: float | None = 0.0
    duration: float = 30.0
    fate: str = ""
    after: float = 1.0
    termination: float = 0.0
    first: int = 0


@dataclass(frozen=True, slots=True)
class ExecAnswer:
    """What a command that is executed in a container says; nothing is ever run for it.

    :param pattern: of the command, its words joined by blanks
    :param echo: whether it gives back what comes on its standard input
    """

    pattern: str
    stdout: str = ""
    stderr: str = ""
    code: int = 0
    echo: bool = False


class _Nowhere:
    """A world in which nothing lives, until the cloud attaches its own."""

    def __init__(self) -> None:
        self.clock = Clock()

    def begin(self, birth: Birth) -> None:
        raise DagguardError(f"the Kubernetes emulator is in no world that could begin {birth.actor}")

    def kill(self, actor: str) -> None:
        return

    def behaviour(self, kind: str, name: str) -> str:
        return ""


@dataclass(slots=True)
class Cluster:
    """Joins the parts of the emulator.

    :param auto: whether a namespace that is named exists
    """

    auto: bool = True
    world: World = field(default_factory=_Nowhere)
    store: Store = field(init=False)
    lots: tuple[Lot, ...] = (Lot(),)
    answers: tuple[ExecAnswer, ...] = ()
    time: Callable[[], float] | None = None

    def __post_init__(self) -> None:
        self.store = Store(clock=self.world.clock, now=self.now)

    def attach(self, world: World) -> None:
        """Come into a world."""
        self.world = world
        self.store.clock = world.clock

    def now(self) -> datetime:
        """The time on the cluster's clocks: as it is told, or that of the machine and the virtual clock's on top."""
        if self.time is not None:
            return datetime.fromtimestamp(self.time(), timezone.utc)
        return datetime.now(timezone.utc) + timedelta(seconds=self.world.clock.now)

    def lot(self, pod: Object) -> Lot:
        """What is to happen to a pod; of several that fit, the last one said."""
        meta = pod["metadata"]
        drawn = self.store.drawn.get(meta["uid"])
        fitting = (each for each in reversed(self.lots) if fnmatch.fnmatchcase(meta["name"], each.pattern))
        return drawn or next((each for each in fitting if not each.first), Lot())

    def allot(self, pod: Object) -> Lot:
        """Draw the lot of a pod that was just made."""
        meta = pod["metadata"]
        for at, each in enumerate(self.lots):
            if each.first and fnmatch.fnmatchcase(meta["name"], each.pattern):
                self.store.drawn[meta["uid"]] = each
                left = (replace(each, first=each.first - 1),) if each.first > 1 else ()
                self.lots = (*self.lots[:at], *left, *self.lots[at + 1 :])
                break
        return self.lot(pod)

    def draw(self, payload: Mapping[str, Any]) -> None:
        """Say what is to happen to pods, see :class:`Lot`.

        :raises DagguardError: a fate that there is not
        """
        made = replace(Lot(), **{str(name).replace("-", "_"): value for name, value in payload.items()})
        if made.fate and made.fate not in FATES:
            raise DagguardError(f"no pod has the fate {made.fate!r}; there are {', '.join(FATES)}")
        same = (made.pattern, bool(made.first))
        self.lots = (*(each for each in self.lots if (each.pattern, bool(each.first)) != same), made)

    def alarm(self, delay: float, *what: Any) -> Alarm:
        """Have the emulator's ``ring(*what)`` called in ``delay`` virtual seconds."""
        return self.world.clock.set(delay, SERVICE, *what)

    def change(self, where: Place, work: Callable[[Object], None]) -> Object:
        """Change an object: ``work`` gets a copy, which is then kept."""
        fresh = copy.deepcopy(self.store.objects[where])
        work(fresh)
        return self.store.put(where, fresh)

    def ensure_namespace(self, name: str) -> bool:
        """Have a namespace exist because it was named; False where that may not be."""
        where = place(NAMESPACE, "", name)
        if where in self.store.objects:
            return True
        if not self.auto or not name:
            return False
        self.add_namespace(name)
        return True

    def add_namespace(self, name: str) -> None:
        """Have a namespace, and what is in it by itself."""
        self.store.put(place(NAMESPACE, "", name), namespace(name, self.store.stamp()))
        self.add_account(name)

    def add_account(self, name: str) -> None:
        """Have the service account that pods of a namespace have by default."""
        self.store.put(("serviceaccounts", name, "default"), _service_account(name, self.store.stamp()))

    def provide(self, key: str, space: str, name: str, rows: Mapping[str, str]) -> None:
        """Have a config map or a secret be there.

        :param key: ``configmaps`` or ``secrets``
        """
        meta = {"name": name, "namespace": space, "uid": new_uid(), "creationTimestamp": self.store.stamp()}
        value: Object = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": meta, "data": dict(rows)}
        if key == "secrets":
            coded = {each: base64.b64encode(text.encode()).decode() for each, text in rows.items()}
            value |= {"kind": "Secret", "type": "Opaque", "data": coded}
        self.store.put((key, space, name), value)

    def event(self, about: Object, reason: str, message: str, type_: str = "Normal", by: str = "kubelet") -> None:
        """Keep an event about an object."""
        now = self.now()
        meta = about["metadata"]
        space = meta.get("namespace") or "default"
        name = f"{meta['name']}.{new_uid().replace('-', '')[:16]}"
        involved = {
            "kind": about["kind"],
            "apiVersion": about["apiVersion"],
            "namespace": space,
            "name": meta["name"],
            "uid": meta["uid"],
            "resourceVersion": meta.get("resourceVersion", ""),
        }
        when = stamp(now)
        value = {
            "kind": "Event",
            "apiVersion": "v1",
            "metadata": {"name": name, "namespace": space, "uid": new_uid(), "creationTimestamp": when},
            "involvedObject": involved,
            "reason": reason,
            "message": message,
            "source": {"component": by, **({"host": NODE_NAME} if by == "kubelet" else {})},
            "firstTimestamp": when,
            "lastTimestamp": when,
            "count": 1,
            "type": type_,
            "eventTime": None,
            "reportingComponent": by,
            "reportingInstance": NODE_NAME if by == "kubelet" else "",
        }
        self.store.put(place(EVENT, space, name), value)

    def seconds(self) -> float:
        """The time now, in seconds since the epoch."""
        return self.now().timestamp()

    def fine_stamp(self) -> str:
        """The time now to the microsecond."""
        return fine_stamp(self.seconds())


def namespace(name: str, when: str) -> Object:
    """A namespace that is there without anybody having made it."""
    return {
        "kind": "Namespace",
        "apiVersion": "v1",
        "metadata": {
            "name": name,
            "uid": new_uid(),
            "creationTimestamp": when,
            "labels": {"kubernetes.io/metadata.name": name},
        },
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


def _service_account(space: str, when: str) -> Object:
    return {
        "kind": "ServiceAccount",
        "apiVersion": "v1",
        "metadata": {"name": "default", "namespace": space, "uid": new_uid(), "creationTimestamp": when},
    }


def node(when: str) -> Object:
    """The node on which all pods run."""
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "kubelet is posting ready status",
        "lastHeartbeatTime": when,
        "lastTransitionTime": when,
    }
    room = {"cpu": "64", "memory": "256Gi", "pods": "500", "ephemeral-storage": "1Ti"}
    return {
        "kind": "Node",
        "apiVersion": "v1",
        "metadata": {
            "name": NODE_NAME,
            "uid": new_uid(),
            "creationTimestamp": when,
            "labels": {"kubernetes.io/hostname": NODE_NAME, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"},
        },
        "spec": {},
        "status": {
            "capacity": room,
            "allocatable": room,
            "conditions": [ready],
            "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}, {"type": "Hostname", "address": NODE_NAME}],
            "nodeInfo": {
                "machineID": "0", "systemUUID": "0", "bootID": "0", "kernelVersion": "6.1", "osImage": "dagguard",
                "containerRuntimeVersion": "containerd://1.7", "kubeletVersion": "v1.32.4",
                "kubeProxyVersion": "v1.32.4", "operatingSystem": "linux", "architecture": "amd64",
            },
        },
    }  # fmt: skip
