"""A request, read: which object or list, which verb, with what."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, unquote

from pytest_dagguard.cloud.emulator import Request
from pytest_dagguard.cloud.kubernetes_api import protobuf
from pytest_dagguard.cloud.kubernetes_api.failure import Refused
from pytest_dagguard.cloud.kubernetes_api.kinds import NAMESPACE, Kind, Object, lookup, place, resource
from pytest_dagguard.model.errors import NotEmulated

SERVICE = "kubernetes"
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}
_PROTOBUF = "application/vnd.kubernetes.protobuf"


@dataclass(frozen=True)
class Call:
    """One request for an object or a list of objects.

    :param name: empty for a list
    :param sub: ``status``, ``log``; empty for the object itself
    """

    request: Request
    kind: Kind
    namespace: str
    name: str
    sub: str

    @cached_property
    def query(self) -> dict[str, list[str]]:
        """The parameters, each with all its values."""
        return parse_qs(self.request.query, keep_blank_values=True)

    def one(self, name: str, otherwise: str = "") -> str:
        """A parameter's last value."""
        return self.query.get(name, [otherwise])[-1]

    def flag(self, name: str) -> bool:
        """A parameter that is true or false; clients write ``True`` and ``1`` as well."""
        return self.one(name).lower() in ("true", "1", "t")

    @property
    def verb(self) -> str:
        """``get``, ``list``, ``watch``, ``create``, ``update``, ``patch``, ``delete``, ``deletecollection``."""
        method = self.request.method
        if method in ("GET", "HEAD"):
            if self.name:
                return "get"
            return "watch" if self.watching else "list"
        if method == "DELETE":
            return "delete" if self.name else "deletecollection"
        if method not in _VERBS:
            raise Refused(405, f"the server does not allow the method {method} on the requested resource")
        return _VERBS[method]

    @property
    def watching(self) -> bool:
        """Whether changes are wanted."""
        return self.flag("watch")

    @property
    def title(self) -> str:
        """The operation's name: ``create pods``, ``get pods/log``."""
        return f"{self.verb} {self.kind.key}{'/' + self.sub if self.sub else ''}"

    @property
    def place(self) -> tuple[str, str, str]:
        """Where the object is."""
        return place(self.kind, self.namespace, self.name)

    @property
    def resource(self) -> str:
        """The object's name for the tap."""
        return resource(self.kind, self.namespace, self.name or "*")

    @property
    def media(self) -> str:
        """The content type without its parameters."""
        return self.request.headers.get("Content-Type", "application/json").partition(";")[0].strip().lower()

    @cached_property
    def body(self) -> Object:
        """The body, which is an object.

        :raises Refused: it is none, or in a form that the server does not take
        """
        found = self.content
        if not isinstance(found, dict):
            raise Refused(400, "the object provided is unrecognized (must be of type object)")
        return found

    @cached_property
    def content(self) -> Any:
        """The body, whatever it is: a JSON patch is a list."""
        raw = self.request.body
        if self.media == _PROTOBUF:
            return protobuf.read(raw)
        try:
            if "yaml" in self.media:
                import yaml

                return yaml.safe_load(raw)
            return json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise Refused(400, f"couldn't parse the body of the request: {error}") from None
        except Exception as error:  # noqa: BLE001 - PyYAML's errors have a common base in its own module
            raise Refused(400, f"couldn't parse the body of the request: {error}") from None


def read(request: Request) -> Call | None:
    """The request as a call; None where its path is none of an object or a list.

    :raises Refused: there is no such resource
    :raises NotEmulated: a cluster has it, and this emulator has not
    """
    steps = [unquote(each) for each in request.path.strip("/").split("/")]
    if steps[0] == "api" and len(steps) >= 3 and steps[1] == "v1":
        group, version, rest = "", "v1", steps[2:]
    elif steps[0] == "apis" and len(steps) >= 4:
        group, version, rest = steps[1], steps[2], steps[3:]
    else:
        return None
    namespace = ""
    if rest[0] == "namespaces" and not group:
        if len(rest) == 3 and rest[2] in NAMESPACE.subresources:
            return Call(request, NAMESPACE, "", rest[1], rest[2])
        if len(rest) >= 3:
            namespace, rest = rest[1], rest[2:]
    elif rest[0] == "namespaces" and len(rest) >= 3:
        namespace, rest = rest[1], rest[2:]
    kind = lookup(group, version, rest[0])
    if kind is None:
        raise NotEmulated(SERVICE, f"{request.method} {request.path}", "the emulated cluster does not have this kind")
    if kind.custom and not kind.name and not namespace:
        kind = Kind(group, version, "", rest[0], bool(namespace), custom=True)
    name = rest[1] if len(rest) > 1 else ""
    sub = "/".join(rest[2:])
    if (len(rest) > 1 and not name) or (sub and sub not in kind.subresources) or (namespace and not kind.namespaced):
        raise Refused(404, "the server could not find the requested resource")
    return Call(request, kind, namespace, name, sub)
