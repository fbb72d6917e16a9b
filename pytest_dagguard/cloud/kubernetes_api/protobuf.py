"""The few objects that kubectl posts in protobuf (``kubectl create job|configmap|secret|namespace|...``), read.

The wire format is that of https://protobuf.dev/programming-guides/encoding/, the envelope that of
https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding, the field numbers are those of the
published ``generated.proto`` files. A field that is not in these tables is refused by name, never left out.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pytest_dagguard.cloud.kubernetes_api.failure import Refused
from pytest_dagguard.cloud.kubernetes_api.kinds import Object
from pytest_dagguard.model.errors import NotEmulated

MAGIC = b"k8s\x00"
TEXT, BYTES, NUMBER, TRUTH, TIME = "text", "bytes", "number", "truth", "time"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message.

    :param form: what one value is: a word above, or the name of a message
    :param many: ``list``, ``map`` (of texts to ``form``), or empty for one value
    """

    name: str
    form: str = TEXT
    many: str = ""


Message = dict[int, Field]


def _texts(*names: str) -> Message:
    return {number: Field(name) for number, name in enumerate(names, 1)}


MESSAGES: dict[str, Message] = {
    "ObjectMeta": {
        **_texts("name", "generateName", "namespace", "selfLink", "uid", "resourceVersion"),
        7: Field("generation", NUMBER),
        8: Field("creationTimestamp", TIME),
        11: Field("labels", TEXT, "map"),
        12: Field("annotations", TEXT, "map"),
        14: Field("finalizers", TEXT, "list"),
    },
    "Namespace": {1: Field("metadata", "ObjectMeta"), 2: Field("spec", "Nothing"), 3: Field("status", "Nothing")},
    "ConfigMap": {
        1: Field("metadata", "ObjectMeta"),
        2: Field("data", TEXT, "map"),
        3: Field("binaryData", BYTES, "map"),
        4: Field("immutable", TRUTH),
    },
    "Secret": {
        1: Field("metadata", "ObjectMeta"),
        2: Field("data", BYTES, "map"),
        3: Field("type"),
        4: Field("stringData", TEXT, "map"),
        5: Field("immutable", TRUTH),
    },
    "ServiceAccount": {1: Field("metadata", "ObjectMeta")},
    "Job": {1: Field("metadata", "ObjectMeta"), 2: Field("spec", "JobSpec"), 3: Field("status", "Nothing")},
    "JobSpec": {
        1: Field("parallelism", NUMBER),
        2: Field("completions", NUMBER),
        3: Field("activeDeadlineSeconds", NUMBER),
        6: Field("template", "PodTemplateSpec"),
        7: Field("backoffLimit", NUMBER),
        8: Field("ttlSecondsAfterFinished", NUMBER),
        9: Field("completionMode"),
        10: Field("suspend", TRUTH),
    },
    "PodTemplateSpec": {1: Field("metadata", "ObjectMeta"), 2: Field("spec", "PodSpec")},
    "PodSpec": {
        2: Field("containers", "Container", "list"),
        3: Field("restartPolicy"),
        4: Field("terminationGracePeriodSeconds", NUMBER),
        5: Field("activeDeadlineSeconds", NUMBER),
        6: Field("dnsPolicy"),
        7: Field("nodeSelector", TEXT, "map"),
        8: Field("serviceAccountName"),
        9: Field("serviceAccount"),
        10: Field("nodeName"),
        11: Field("hostNetwork", TRUTH),
        12: Field("hostPID", TRUTH),
        13: Field("hostIPC", TRUTH),
        16: Field("hostname"),
        17: Field("subdomain"),
        19: Field("schedulerName"),
        20: Field("initContainers", "Container", "list"),
    },
    "Container": {
        1: Field("name"),
        2: Field("image"),
        3: Field("command", TEXT, "list"),
        4: Field("args", TEXT, "list"),
        5: Field("workingDir"),
        7: Field("env", "EnvVar", "list"),
        13: Field("terminationMessagePath"),
        14: Field("imagePullPolicy"),
        16: Field("stdin", TRUTH),
        17: Field("stdinOnce", TRUTH),
        18: Field("tty", TRUTH),
        20: Field("terminationMessagePolicy"),
    },
    "EnvVar": {1: Field("name"), 2: Field("value")},
    "Unknown": {1: Field("type", "TypeMeta"), 2: Field("raw", BYTES), 3: Field("encoding"), 4: Field("media")},
    "TypeMeta": _texts("apiVersion", "kind"),
    "DeleteOptions": {
        1: Field("gracePeriodSeconds", NUMBER),
        2: Field("preconditions", "Preconditions"),
        3: Field("orphanDependents", TRUTH),
        4: Field("propagationPolicy"),
        5: Field("dryRun", TEXT, "list"),
    },
    "Preconditions": _texts("uid", "resourceVersion"),
    "Nothing": {},
}


@dataclass(slots=True)
class _Reader:
    data: bytes
    at: int = field(default=0)

    def number(self) -> int:
        found = shift = 0
        while True:
            byte = self.take(1)[0]
            found |= (byte & 127) << shift
            if byte < 128:
                return found
            shift += 7

    def take(self, count: int) -> bytes:
        piece = self.data[self.at : self.at + count]
        if len(piece) < count:
            raise Refused(400, "couldn't parse the body of the request: unexpected end of protobuf")
        self.at += count
        return piece

    def fields(self) -> Iterator[tuple[int, int | bytes]]:
        while self.at < len(self.data):
            tag = self.number()
            kind = tag & 7
            if kind == 0:
                yield tag >> 3, self.number()
            elif kind == 2:
                yield tag >> 3, self.take(self.number())
            else:
                yield tag >> 3, self.take({1: 8, 5: 4}.get(kind, len(self.data) + 1))


def read(raw: bytes) -> Object:
    """An object from its envelope.

    :raises Refused: 400, it is no protobuf
    :raises NotEmulated: its kind, or a field that it has, is not in the tables
    """
    if not raw.startswith(MAGIC):
        raise Refused(400, "couldn't parse the body of the request: provided data does not appear to be protobuf")
    envelope = _message("Unknown", raw[len(MAGIC) :])
    said = envelope.get("type") or {}
    kind = str(said.get("kind") or "")
    if kind not in MESSAGES or kind == "Unknown":
        raise NotEmulated("kubernetes", f"{kind or 'an object'} in protobuf", "kubectl create -f sends JSON")
    found = _message(kind, base64.b64decode(envelope.get("raw") or ""))
    return {**said, **found}


def _message(name: str, raw: bytes) -> Object:
    fields = MESSAGES[name]
    found: Object = {}
    for number, value in _Reader(raw).fields():
        known = fields.get(number)
        if known is None:
            if value in (b"", 0) or name == "Nothing":
                continue  # a struct of Go that is empty is sent all the same
            raise NotEmulated("kubernetes", f"field {number} of {name} in protobuf", "kubectl create -f sends JSON")
        if known.form == TIME and value == b"":
            continue
        _add(found, known, value)
    return found


def _add(found: Object, known: Field, value: int | bytes) -> None:
    if known.many == "map":
        pair = dict(_Reader(_raw(value)).fields())
        found.setdefault(known.name, {})[_raw(pair.get(1, b"")).decode()] = _value(known.form, pair.get(2, b""))
    elif known.many == "list":
        found.setdefault(known.name, []).append(_value(known.form, value))
    else:
        one = _value(known.form, value)
        # numbers that nobody has set are sent as 0, which only a generation cannot be
        if one != "" and one != {} and (known.name, one) != ("generation", 0):
            found[known.name] = one


def _raw(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise Refused(400, "couldn't parse the body of the request: wrong wire type in protobuf")
    return value


def _value(form: str, value: int | bytes) -> Any:
    if form in (NUMBER, TRUTH):
        if not isinstance(value, int):
            raise Refused(400, "couldn't parse the body of the request: wrong wire type in protobuf")
        signed = value - (1 << 64) if value >> 63 else value
        return bool(value) if form == TRUTH else signed
    if form == TEXT:
        return _raw(value).decode("utf-8", "replace")
    if form == BYTES:
        return base64.b64encode(_raw(value)).decode()
    return _message(form, _raw(value)) if form in MESSAGES else ""
