"""The kinds of objects that the API server knows, and how they are addressed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
Place = tuple[str, str, str]
"""Where an object is: its kind's key, its namespace (empty where it has none) and its name."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of objects.

    :param group: empty for the core group
    :param subresources: what an object's path may end in
    :param controlled: a controller that this emulator has not would act on it: it can be listed and not created
    """

    group: str
    version: str
    name: str
    plural: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ("status",)
    everyday: bool = False
    controlled: bool = False
    custom: bool = False

    @property
    def api_version(self) -> str:
        """``v1``, ``batch/v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def key(self) -> str:
        """``pods``, ``jobs.batch``: the same for all versions of a kind."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def root(self) -> str:
        """Path of its API group and version, without slashes at the ends."""
        return f"apis/{self.group}/{self.version}" if self.group else f"api/{self.version}"


RBAC = "rbac.authorization.k8s.io"

KINDS: tuple[Kind, ...] = (
    Kind(
        "", "v1", "Pod", "pods", short=("po",), everyday=True,
        subresources=("status", "log", "exec", "attach", "portforward", "eviction", "binding"),
    ),
    Kind("", "v1", "Namespace", "namespaces", False, ("ns",), ("status", "finalize")),
    Kind("", "v1", "Node", "nodes", False, ("no",)),
    Kind("", "v1", "ConfigMap", "configmaps", short=("cm",), subresources=()),
    Kind("", "v1", "Secret", "secrets", subresources=()),
    Kind("", "v1", "ServiceAccount", "serviceaccounts", short=("sa",), subresources=("token",)),
    Kind("", "v1", "Event", "events", short=("ev",), subresources=()),
    Kind("", "v1", "Service", "services", short=("svc",), everyday=True),
    Kind("", "v1", "Endpoints", "endpoints", short=("ep",), subresources=()),
    Kind("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", short=("pvc",)),
    Kind("", "v1", "PersistentVolume", "persistentvolumes", False, ("pv",)),
    Kind("", "v1", "LimitRange", "limitranges", short=("limits",), subresources=()),
    Kind("", "v1", "ResourceQuota", "resourcequotas", short=("quota",)),
    Kind("", "v1", "ReplicationController", "replicationcontrollers", short=("rc",), everyday=True, controlled=True),
    Kind("batch", "v1", "Job", "jobs", everyday=True),
    Kind("batch", "v1", "CronJob", "cronjobs", short=("cj",), everyday=True, controlled=True),
    Kind("apps", "v1", "Deployment", "deployments", short=("deploy",), everyday=True, controlled=True),
    Kind("apps", "v1", "ReplicaSet", "replicasets", short=("rs",), everyday=True, controlled=True),
    Kind("apps", "v1", "StatefulSet", "statefulsets", short=("sts",), everyday=True, controlled=True),
    Kind("apps", "v1", "DaemonSet", "daemonsets", short=("ds",), everyday=True, controlled=True),
    Kind("coordination.k8s.io", "v1", "Lease", "leases", subresources=()),
    Kind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", short=("pdb",)),
    Kind("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", False, ("pc",), ()),
    Kind("storage.k8s.io", "v1", "StorageClass", "storageclasses", False, ("sc",), ()),
    Kind(RBAC, "v1", "Role", "roles", subresources=()),
    Kind(RBAC, "v1", "RoleBinding", "rolebindings", subresources=()),
    Kind(RBAC, "v1", "ClusterRole", "clusterroles", False, (), ()),
    Kind(RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", False, (), ()),
    Kind("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", short=("netpol",), subresources=()),
)  # fmt: skip

POD = KINDS[0]
NAMESPACE = KINDS[1]
NODE = KINDS[2]
EVENT = KINDS[6]
JOB = next(each for each in KINDS if each.name == "Job")

SPARK = Kind("sparkoperator.k8s.io", "v1beta2", "SparkApplication", "sparkapplications", custom=True)
"""The one custom resource whose controller is there too."""

_BY_PATH = {(each.group, each.version, each.plural): each for each in (*KINDS, SPARK)}
_BY_KEY = {each.key: each for each in (*KINDS, SPARK)}
GROUPS: dict[tuple[str, str], tuple[Kind, ...]] = {
    (group, version): tuple(each for each in KINDS if (each.group, each.version) == (group, version))
    for group, version in dict.fromkeys((each.group, each.version) for each in KINDS)
}


def lookup(group: str, version: str, plural: str) -> Kind | None:
    """The kind at a path: a built-in one, or a custom one where the group can only be somebody's own."""
    found = _BY_PATH.get((group, version, plural))
    if found is None and "." in group and not group.endswith(".k8s.io"):
        return Kind(group, version, "", plural, custom=True)
    return found


def of_key(key: str) -> Kind | None:
    """The built-in kind with a key."""
    return _BY_KEY.get(key)


def place(kind: Kind, namespace: str, name: str) -> Place:
    """Where an object of a kind is."""
    return kind.key, namespace if kind.namespaced else "", name


def resource(kind: Kind, namespace: str, name: str) -> str:
    """An object's name for the tap: ``k8s://namespace/pods/name``; ``*`` as the name stands for all."""
    return f"k8s://{namespace if kind.namespaced else ''}/{kind.key}/{name}"
