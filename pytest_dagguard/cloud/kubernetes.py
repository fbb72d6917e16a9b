"""Kubernetes: an API server, a node on which pods run by the virtual clock, and the Job controller.

No container is ever run here. What an image does is said in the configuration; a process that is to run for it is begun
by whoever runs the experiment. What cannot be answered truly is refused by name.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property
from typing import Any

from pytest_dagguard.cloud.emulator import Blobs, Caller, Request, Response, World
from pytest_dagguard.cloud.feed import Feed
from pytest_dagguard.cloud.kubernetes_api import (
    content,
    discovery,
    eks,
    environment,
    execs,
    footprint,
    jobs,
    lasting,
    overlaps,
    reading,
    spark,
    tables,
)
from pytest_dagguard.cloud.kubernetes_api.call import SERVICE, Call, read
from pytest_dagguard.cloud.kubernetes_api.cluster import NODE_NAME, Cluster, ExecAnswer, node
from pytest_dagguard.cloud.kubernetes_api.failure import Refused
from pytest_dagguard.cloud.kubernetes_api.kinds import NODE, SPARK, Object, place
from pytest_dagguard.cloud.kubernetes_api.kubelet import DECLARE
from pytest_dagguard.cloud.kubernetes_api.logs import Logs
from pytest_dagguard.cloud.kubernetes_api.patch import APPLY
from pytest_dagguard.cloud.kubernetes_api.pod_status import SIDECAR
from pytest_dagguard.cloud.kubernetes_api.volumes import Volumes
from pytest_dagguard.cloud.kubernetes_api.writing import Writing
from pytest_dagguard.model.errors import DagguardError, NotEmulated
from pytest_dagguard.model.life import Death
from pytest_dagguard.model.operation import Operation
from pytest_dagguard.model.seed import Seed
from pytest_dagguard.model.state import Entry

_SPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
_STARTS = ("pods", "jobs.batch", SPARK.key)
_JSON = (("Content-Type", "application/json"),)


class Kubernetes:
    """The emulator. See :class:`pytest_dagguard.cloud.emulator.Emulator` and ``Living`` there."""

    name = SERVICE
    serves = frozenset({eks.SIGNING})
    """Names that requests are signed with which arrive at the port of S3 and are for this emulator."""

    def __init__(self, blobs: Blobs, auto: bool) -> None:
        """
        :param auto: whether a namespace that is named exists
        """
        self.blobs = blobs
        self.folder_path = ""
        self.cluster = Cluster(auto)
        self.volumes = Volumes(lambda: self.folder.path / "volumes")
        self.writing = Writing(self.cluster, self.volumes)
        self.logs = Logs(self.cluster)
        self.watches = reading.Watches(self.cluster)
        self.cluster.store.listeners.append(self.watches.changed)
        self._entries: dict[str, tuple[Object, Entry | None]] = {}
        for each in _SPACES:
            self.cluster.add_namespace(each)
        self.cluster.store.put(place(NODE, "", NODE_NAME), node(self.cluster.store.stamp()))

    @cached_property
    def folder(self) -> environment.Folder:
        """Where files for clients go: below :attr:`folder_path`, or a temporary folder."""
        return environment.Folder(self.folder_path)

    @cached_property
    def authority(self) -> environment.Authority:
        """Made when the first port asks for it."""
        return environment.Authority()

    @property
    def tls(self) -> ssl.SSLContext:
        """The cluster's certificate, for a port with https beside the one with http."""
        return self.authority.context

    def attach(self, world: World) -> None:
        """Come into a world."""
        self.cluster.attach(world)

    def tell_time(self, now: Callable[[], float]) -> None:
        """See :class:`pytest_dagguard.cloud.emulator.Timed`."""
        self.cluster.time = now

    def environment(self, url: str) -> dict[str, str]:
        """A kubeconfig for ``url``."""
        return environment.environment(self.folder, url)

    def secure(self, url: str) -> dict[str, str]:
        """What a client inside of the cluster needs; ``url`` is that of the port with https."""
        return environment.inside(self.folder, self.authority, url)

    def connection(self, connection: dict[str, Any], url: str) -> dict[str, Any] | None:
        """Have a ``kubernetes`` connection lead here."""
        return environment.redirect(connection)

    def classify(self, request: Request) -> Operation:
        """Name the operation.

        :raises NotEmulated: a kind, a subresource, a command or an image of which nobody has said what it does
        """
        if eks.is_asked(request):
            return eks.classify(request)
        try:
            call = read(request)
            if call is None:
                return Operation(SERVICE, f"{request.method.lower()} {_root(request.path)}", f"k8s:{request.path}")
            self._check(call)
            return footprint.operation(self.cluster.store, call)
        except Refused:
            return Operation(SERVICE, f"{request.method.lower()} {_root(request.path)}", f"k8s:{request.path}")

    def _check(self, call: Call) -> None:
        """Refuse what would be answered untruly."""
        makes = call.verb == "create" or call.media == APPLY
        if makes and call.kind.controlled:
            raise NotEmulated(SERVICE, call.title, f"the emulated cluster has no controller for {call.kind.plural}")
        if call.sub in ("attach", "portforward", "binding", "token"):
            raise NotEmulated(SERVICE, call.title, "containers are not really there")
        if call.sub == "exec" and call.place in self.cluster.store.objects:
            execs.answer_for(self.cluster, call)
        if makes and call.kind.key == SPARK.key:
            spark.check(call.body)
        if makes and call.kind.key == "jobs.batch":
            jobs.check(call.body)
        if call.verb in ("create", "patch", "update") and call.kind.key in _STARTS and not call.sub:
            for image in _images(call):
                if not self.cluster.world.behaviour("images", image):
                    raise NotEmulated(SERVICE, f"{call.title} with image {image}", DECLARE.format(image=image))

    def apply(self, request: Request, caller: Caller) -> Response:
        """Answer the request."""
        if eks.is_asked(request):
            return eks.answer(request, caller.endpoints[f"{SERVICE}-tls"], self.authority.certificate)
        try:
            call = read(request)
            if call is None:
                return self._about(request)
            self._check(call)
            answer = self._answer(call)
        except Refused as refused:
            answer = _reply(refused.code, refused.status)
        overlaps.note(self.cluster.store)
        self.logs.flush()
        return answer

    def _about(self, request: Request) -> Response:
        found = discovery.answer(request.path) if request.method in ("GET", "HEAD") else None
        if found is None:
            raise Refused(404, "the server could not find the requested resource")
        if isinstance(found, str):
            return Response(200, (("Content-Type", "text/plain; charset=utf-8"),), found.encode())
        return _reply(200, found)

    def _answer(self, call: Call) -> Response:
        if call.sub in ("exec", "log", "eviction"):
            return self._special(call)
        if call.verb == "watch" or (call.verb == "get" and call.watching):
            return Response(200, _JSON, feed=self.watches.begin(call))
        if call.verb == "get":
            code, found = 200, reading.get(self.cluster, call)
        elif call.verb == "list":
            code, found = 200, reading.listing(self.cluster, call)
        elif call.verb == "create" and not call.name:
            code, found = self.writing.create(call)
        elif call.verb == "update" and call.name:
            code, found = self.writing.update(call)
        elif call.verb == "patch" and call.name:
            code, found = self.writing.patch(call)
        elif call.verb == "delete" and not call.sub:
            code, found = self.writing.delete(call)
        elif call.verb == "deletecollection":
            code, found = self.writing.delete_many(call)
        else:
            raise Refused(405, "the server does not allow this method on the requested resource")
        return _reply(code, tables.renderer(call)(found))

    def _special(self, call: Call) -> Response:
        """What is no object: logs, commands, evictions."""
        if call.sub == "log" and call.verb == "get":
            found = self.logs.read(call)
            plain = (("Content-Type", "text/plain"),)
            return Response(200, plain, feed=found) if isinstance(found, Feed) else Response(200, plain, found)
        if call.sub == "eviction" and call.verb == "create":
            return _reply(*self.writing.evict(call))
        if call.sub == "exec" and call.verb in ("get", "create"):
            if call.request.headers.get("Upgrade", "").lower() != "websocket":
                raise Refused(400, "Upgrade request required: commands are executed over a websocket")
            talk = execs.execute(self.cluster, call, self.writing.kubelet.finish)
            return Response(101, websocket=talk, protocols=execs.PROTOCOLS)
        raise Refused(405, "the server does not allow this method on the requested resource")

    def ring(self, *what: Any) -> None:
        """An alarm rings."""
        kind = what[0]
        if kind == "watch-over":
            self.watches.over(what[1])
        elif kind.startswith("job-"):
            self.writing.jobs.ring(kind, (what[1], what[2], what[3]), what[4])
        elif kind == "spark-expired":
            self.writing.spark.ring((what[1], what[2], what[3]), what[4])
        else:
            self.writing.kubelet.ring(kind, (what[1], what[2], what[3]), what[4], *what[5:])
        overlaps.note(self.cluster.store)
        self.logs.flush()

    def ended(self, actor: str, death: Death) -> None:
        """A container's process has ended."""
        self.writing.kubelet.ended(actor, death)
        self.logs.flush()

    def told(self, actor: str, lines: Sequence[str]) -> None:
        """A container's process has printed something."""
        self.writing.kubelet.told(actor, lines)
        self.logs.flush()

    def command(self, name: str, payload: dict[str, Any]) -> object:
        """What an experiment wants of the cluster.

        ``pods``: what happens to pods, the fields of :class:`~pytest_dagguard.cloud.kubernetes_api.cluster.Lot`.
        ``befall``: something befalls, now, the pod in which the process ``actor`` runs: ``fate``.
        ``exec``: what a command says, the fields of ``ExecAnswer`` there.
        ``compact``: forget all that has happened, so that who watches from an earlier revision gets 410.

        :raises DagguardError: there is no such command, or it has no such field
        """
        try:
            if name == "pods":
                self.cluster.draw(payload)
            elif name == "befall":
                self.writing.kubelet.befall(**payload)
                self.logs.flush()
            elif name == "exec":
                self.cluster.answers = (*self.cluster.answers, ExecAnswer(**payload))
            elif name == "compact":
                self.cluster.store.compact(self.cluster.store.revision)
            else:
                raise DagguardError(
                    f"the Kubernetes emulator has no command {name}; it has befall, compact, exec, pods"
                )
        except TypeError as error:
            raise DagguardError(f"the Kubernetes emulator's command {name} cannot be: {error}") from None
        return None

    def running(self) -> dict[str, float]:
        """Pods that are under way -> virtual time at which the cluster ends them."""
        return lasting.running(self.cluster)

    def entries(self, names: Collection[str] | None = None) -> dict[str, Entry]:
        """All that somebody has made. Not events, nodes, and what is there by itself."""
        exact = None if names is None else {each for each in names if not each.endswith("*")}
        prefixes = () if names is None else tuple(each[:-1] for each in names if each.endswith("*"))
        found = {}
        for where, value in self.cluster.store.objects.items():
            name = footprint.name_of(where)
            if exact is not None and name not in exact and not name.startswith(prefixes):
                continue
            entry = self._entry(name, where, value)
            if entry is not None:
                found[name] = entry
        for name, text in overlaps.entries(self.cluster.store):
            if exact is None or name in exact or name.startswith(prefixes):
                found[name] = Entry("pods-at-once", self.blobs.put(text), len(text))
        for name, text in self.volumes.files():
            name = f"k8s-volume://{name}"
            if exact is None or name in exact or name.startswith(prefixes):
                found[name] = Entry("object", self.blobs.put(text), len(text))
        return found

    def _entry(self, name: str, where: tuple[str, str, str], value: Object) -> Entry | None:
        kept = self._entries.get(name)
        if kept is not None and kept[0] is value:
            return kept[1]
        kind = content.kind_of(where, value)
        made = None
        if kind and not _by_itself(where, value):
            text = content.content(where, value)
            made = Entry(kind, self.blobs.put(text), len(text), value["metadata"]["resourceVersion"])
        self._entries[name] = (value, made)
        return made

    def snapshot(self) -> object:
        """All objects and what goes on in them. Alarms are the clock's to keep; watches belong to their callers."""
        return self.cluster.store.snapshot(), self.cluster.lots, self.cluster.answers, self.volumes.snapshot()

    def restore(self, snapshot: Any) -> None:
        """Bring it back; whoever watches or follows gets an end."""
        self.watches.close()
        self.logs.close()
        store, self.cluster.lots, self.cluster.answers, files = snapshot
        self.cluster.store.restore(store)
        self.volumes.restore(files, {pod["metadata"]["uid"] for _, pod in self.cluster.store.among("pods")})
        self._entries = {}

    def seed(self, seed: Seed) -> None:
        """Config maps and secrets that are there."""
        for space, kinds in seed.kubernetes.items():
            self.cluster.ensure_namespace(space)
            for key, named in kinds.items():
                for name, rows in named.items():
                    self.cluster.provide(key, space, name, rows)


def _by_itself(where: tuple[str, str, str], value: Object) -> bool:
    """Whether an object is there without anybody having made it."""
    if where[0] == "serviceaccounts":
        return where[2] == "default"
    return where[0] == "namespaces" and not value["metadata"].get("managedFields")


def _images(call: Call) -> Iterator[str]:
    """The images that a request names, but that of the XCom sidecar."""
    found = call.content
    if call.kind.key == SPARK.key and isinstance(found, dict) and (named := spark.image(found)):
        yield named
        return
    spec = found.get("spec") if isinstance(found, dict) else None
    if call.kind.key == "jobs.batch" and isinstance(spec, dict):
        template = spec.get("template")
        spec = template.get("spec") if isinstance(template, dict) else None
    for group in ("initContainers", "containers"):
        listed = spec.get(group) if isinstance(spec, dict) else None
        for each in listed if isinstance(listed, list) else ():
            if isinstance(each, dict) and isinstance(each.get("image"), str) and each.get("name") != SIDECAR:
                yield each["image"]


def _root(path: str) -> str:
    return path.strip("/").split("/")[0] or "/"


def _reply(code: int, found: Object) -> Response:
    body = json.dumps(found, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
    return Response(code, _JSON, body)


def EMULATOR(blobs: Blobs, auto_buckets: bool) -> Kubernetes:
    """Make the emulator.

    :param blobs: where content goes
    :param auto_buckets: whether a namespace that is named and missing exists
    """
    return Kubernetes(blobs, auto_buckets)
