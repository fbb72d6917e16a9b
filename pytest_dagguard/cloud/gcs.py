"""Google Cloud Storage, in memory: gcp-storage-emulator with its defects mended.

One file a concern beside this one: ``gcs_call`` reads requests, ``gcs_footprint`` names them, ``gcs_preconditions``
enforces, ``gcs_reading``, ``gcs_objects``, ``gcs_buckets`` and ``gcs_uploads`` answer, ``gcs_storage`` holds the
emulator.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from pytest_dagguard.cloud import gcs_buckets, gcs_environment, gcs_objects, gcs_reading
from pytest_dagguard.cloud.emulator import Blobs, Caller, Request, Response
from pytest_dagguard.cloud.gcs_answers import Refusal
from pytest_dagguard.cloud.gcs_call import Call, parse
from pytest_dagguard.cloud.gcs_footprint import NOT_MADE, operation
from pytest_dagguard.cloud.gcs_storage import Kept, Resource, Vault, headers, quiet
from pytest_dagguard.cloud.gcs_uploads import Session, Sessions
from pytest_dagguard.model.operation import Operation
from pytest_dagguard.model.seed import Seed
from pytest_dagguard.model.state import Entry

_METHODS: Mapping[str, Callable[[Vault, Call], Response]] = {
    "objects.insert": gcs_objects.insert,
    "objects.get": gcs_reading.get,
    "objects.download": gcs_reading.download,
    "objects.list": gcs_reading.listing,
    "objects.delete": gcs_objects.delete,
    "objects.patch": gcs_objects.patch,
    "objects.update": gcs_objects.patch,
    "objects.copy": gcs_objects.copy,
    "objects.rewrite": gcs_objects.rewrite,
    "objects.move": gcs_objects.move,
    "objects.compose": gcs_objects.compose,
    "buckets.insert": gcs_buckets.insert,
    "buckets.get": gcs_buckets.get,
    "buckets.list": gcs_buckets.listing,
    "buckets.delete": gcs_buckets.delete,
    "buckets.patch": gcs_buckets.patch,
    "buckets.update": gcs_buckets.patch,
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of the service at one moment."""

    kept: Kept
    sessions: dict[str, Session]
    counts: dict[tuple[str, str], int]


class Gcs:
    """The emulator of Cloud Storage."""

    name = "gcs"

    def __init__(self, blobs: Blobs, auto_buckets: bool) -> None:
        """
        :param blobs: where content is kept
        :param auto_buckets: make a bucket that a request names and that is not there
        """
        quiet()
        self._blobs = blobs
        self._auto = auto_buckets
        self._vault = Vault(blobs)
        self._sessions = Sessions(self._vault)
        self._read: tuple[Request, Call] | None = None

    def tell_time(self, now: Callable[[], float]) -> None:
        """See :class:`~pytest_dagguard.cloud.emulator.Timed`."""
        self._vault.clock = now

    def environment(self, url: str) -> dict[str, str]:
        """See :class:`~pytest_dagguard.cloud.emulator.Emulator`."""
        return gcs_environment.environment(url)

    def connection(self, connection: dict[str, Any], url: str) -> dict[str, Any] | None:
        """See :class:`~pytest_dagguard.cloud.emulator.Emulator`."""
        return gcs_environment.connection(connection, url)

    def _call(self, request: Request) -> Call:
        # The tap classifies and then applies the same request: its body need not be read twice.
        if self._read is None or self._read[0] is not request:
            self._read = (request, parse(request))
        return self._read[1]

    def _missing(self, bucket: str) -> bool:
        return self._auto and bucket not in self._vault.buckets

    def classify(self, request: Request) -> Operation:
        """See :class:`~pytest_dagguard.cloud.emulator.Emulator`."""
        try:
            return operation(self._call(request), self._sessions, self._missing)
        except Refusal:
            return Operation("gcs", "malformed", f"{request.method} {request.path}")

    def apply(self, request: Request, caller: Caller) -> Response:
        """See :class:`~pytest_dagguard.cloud.emulator.Emulator`."""
        try:
            call = self._call(request)
        except Refusal as refusal:
            return refusal.json()
        self._read = None
        return self._answer(call)

    def apply_half(self, request: Request, caller: Caller) -> Response:
        """Let the first half of a batch take effect."""
        call = self._call(request)
        self._read = (request, replace(call, parts=call.parts[: len(call.parts) // 2]))
        return self.apply(request, caller)

    def _answer(self, call: Call) -> Response:
        try:
            if call.verb == "batch":
                response = self._batch(call)
            else:
                self._make_buckets(call)
                response = self._method(call)
        except Refusal as refusal:
            if call.xml:
                response = refusal.xml()
            else:
                response = refusal.text() if call.verb == "objects.download" else refusal.json()
        if call.request.method == "HEAD":
            length = () if any(name == "Content-Length" for name, _ in response.headers) else (str(len(response.body)),)
            headers = (*response.headers, *(("Content-Length", each) for each in length))
            return Response(response.status, headers)
        return response

    def _make_buckets(self, call: Call) -> None:
        if call.verb not in NOT_MADE:
            for bucket in (call.bucket, call.to_bucket):
                if bucket and self._missing(bucket):
                    gcs_buckets.create(self._vault, bucket, {})

    def _method(self, call: Call) -> Response:
        method = _METHODS.get(call.verb)
        if method is not None:
            response = method(self._vault, call)
            if call.verb == "buckets.delete":
                self._sessions.drop(call.bucket)
            return response
        if call.verb == "upload.start":
            return self._sessions.start(call)
        if call.verb == "upload.cancel":
            return self._sessions.cancel(call)
        if call.verb == "upload.finish":
            return self._sessions.complete(call)
        if call.verb == "upload.chunk":
            return self._sessions.part(call) if call.xml else self._sessions.chunk(call)
        return gcs_buckets.other(self._vault, call)

    def _batch(self, call: Call) -> Response:
        if len(call.parts) > 1000:
            raise Refusal(400, "The batch request has too many parts.")
        mark = b"batch_dagguard"
        out = bytearray()
        for content_id, part in call.parts:
            answer = part.json() if isinstance(part, Refusal) else self._answer(part)
            out += b"--" + mark + b"\r\nContent-Type: application/http\r\n"
            if content_id:
                out += f"Content-ID: <response-{content_id.strip('<>')}>\r\n".encode()
            phrase = HTTPStatus(answer.status).phrase if answer.status != 499 else "Client Closed Request"
            out += f"\r\nHTTP/1.1 {answer.status} {phrase}\r\n".encode()
            headers = (*answer.headers, ("Content-Length", str(len(answer.body))))
            out += "".join(f"{name}: {value}\r\n" for name, value in headers).encode()
            out += b"\r\n" + answer.body + b"\r\n"
        out += b"--" + mark + b"--\r\n"
        return Response(200, (("Content-Type", "multipart/mixed; boundary=" + mark.decode()),), bytes(out))

    def entries(self, names: Collection[str] | None = None) -> dict[str, Entry]:
        """See :class:`~pytest_dagguard.cloud.emulator.Emulator`."""
        if names is None:
            return dict(self._all(""))
        found: dict[str, Entry] = {}
        for name in names:
            if name.endswith("*"):
                found |= {each: entry for each, entry in self._all(name[:-1]) if each.startswith(name[:-1])}
            else:
                entry = self._one(name)
                if entry is not None:
                    found[name] = entry
        return found

    def _one(self, name: str) -> Entry | None:
        scheme, _, rest = name.partition("://")
        if scheme == "gs-upload":
            session = self._sessions.open.get(rest.rpartition("?")[2])
            return session.entry(self._blobs) if session is not None and session.done is None else None
        bucket, slash, key = rest.partition("/")
        if scheme != "gs" or bucket not in self._vault.buckets:
            return None
        if not slash:
            return self._bucket_entry(self._vault.buckets[bucket])
        resource = self._vault.objects.get(bucket, {}).get(key)
        return self._object_entry(bucket, key, resource) if resource is not None else None

    def _all(self, prefix: str) -> Iterator[tuple[str, Entry]]:
        """All entries; whole buckets that cannot have the prefix are left out."""
        for bucket, resource in self._vault.buckets.items():
            root = f"gs://{bucket}"
            if root.startswith(prefix) or prefix.startswith(root + "/"):
                yield root, self._bucket_entry(resource)
                for key, each in self._vault.objects.get(bucket, {}).items():
                    if f"{root}/{key}".startswith(prefix):
                        yield f"{root}/{key}", self._object_entry(bucket, key, each)
        for upload_id, session in self._sessions.open.items():
            if session.done is None:
                yield f"gs-upload://{session.bucket}/{session.name}?{upload_id}", session.entry(self._blobs)

    def _object_entry(self, bucket: str, key: str, resource: Resource) -> Entry:
        content, digest = self._vault.store.files[f"{bucket}/{key}"]
        metageneration = resource["metageneration"]
        version = resource["generation"] + (f".{metageneration}" if metageneration != "1" else "")
        return Entry("object", digest, len(content), version, headers(resource))

    def _bucket_entry(self, resource: Resource) -> Entry:
        name = resource["name"]
        chosen = {key: value for key, value in resource.items() if key not in gcs_buckets.OWN}
        chosen["iam"] = self._vault.bucket_iam_policies.get(name, {}).get("bindings", [])
        content = json.dumps(chosen, sort_keys=True).encode()
        return Entry("bucket", self._blobs.put(content), len(content), resource["metageneration"])

    def snapshot(self) -> Snapshot:
        """See :class:`~pytest_dagguard.cloud.emulator.Emulator`."""
        return Snapshot(self._vault.keep(), dict(self._sessions.open), dict(self._sessions.counts))

    def restore(self, snapshot: Any) -> None:
        """See :class:`~pytest_dagguard.cloud.emulator.Emulator`."""
        self._vault.bring_back(snapshot.kept)
        self._sessions.open = dict(snapshot.sessions)
        self._sessions.counts = dict(snapshot.counts)
        self._read = None

    def seed(self, seed: Seed) -> None:
        """See :class:`~pytest_dagguard.cloud.emulator.Emulator`."""
        for bucket, named in seed.gcs.items():
            if bucket not in self._vault.buckets:
                gcs_buckets.create(self._vault, bucket, {})
            for name, content in named.items():
                gcs_objects.create(self._vault, bucket, name, content, {})


def EMULATOR(blobs: Blobs, auto_buckets: bool) -> Gcs:
    """Make the emulator; arguments as in :class:`Gcs`."""
    return Gcs(blobs, auto_buckets)
