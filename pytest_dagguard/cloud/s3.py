"""The S3 emulator: moto's S3 in process, mended where it differs from S3 in what idempotent code depends on."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pytest_dagguard.cloud import s3_services
from pytest_dagguard.cloud.emulator import Blobs, Caller, Request, Response
from pytest_dagguard.cloud.s3_address import Call, copy_source, decoded, half_of_doomed, parse
from pytest_dagguard.cloud.s3_connection import environment, redirect
from pytest_dagguard.cloud.s3_footprint import Names, operation
from pytest_dagguard.model.errors import ConfigurationError, DagguardError, NotEmulated
from pytest_dagguard.model.operation import Operation
from pytest_dagguard.model.seed import Seed
from pytest_dagguard.model.state import Entry

if TYPE_CHECKING:
    from moto.s3.models import FakeKey, FakeMultipart

    from pytest_dagguard.cloud.s3_moto.backend import Backend, Picture

_OBJECTS, _UPLOADS = "s3://", "s3-upload://"
_REGION = "us-east-1"
# S3's own rule; old buckets have capitals and underscores, but none can be made today.
_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")

# moto would answer these with something else (often a listing), so they are refused instead.
_UNKNOWN_TO_MOTO = frozenset(
    {
        "GetObjectRetention",
        "GetObjectTorrent",
        "RenameObject",
        "RestoreObject",
        "SelectObjectContent",
        "UpdateObjectEncryption",
        "GetBucketRequestPayment",
        "PutBucketRequestPayment",
        "CreateSession",
    }
)
_UNKNOWN_WORDS = ("Analytics", "Annotation", "IntelligentTiering", "Metadata", "Metrics", "BucketAbac")

_FORGET_AFTER = 500
"""Requests after which moto's lists of every instance ever made of anything are emptied."""


class S3:
    """One emulated S3. See :class:`pytest_dagguard.cloud.emulator.Emulator`."""

    name = "s3"

    def __init__(self, blobs: Blobs, auto_buckets: bool) -> None:
        """
        :param auto_buckets: make a bucket that is missing when a request names it
        """
        from moto.s3.models import s3_backends

        from pytest_dagguard.cloud.s3_moto.backend import Backend

        self._blobs = blobs
        self._auto_buckets = auto_buckets
        self._names = Names.load()
        self._requests = 0
        # moto keeps storages in a global by account: one of our own makes this emulator independent of others.
        account = f"{uuid.uuid4().int % 10**12:012}"
        self._backend: Backend = Backend("aws", account)
        s3_backends[account]["aws"] = self._backend

    def tell_time(self, now: Callable[[], float]) -> None:
        """See :class:`pytest_dagguard.cloud.emulator.Timed`."""
        from pytest_dagguard.cloud.s3_moto import time

        time.moved(now)

    def sorter(self, serving: Mapping[str, str]) -> Callable[[Request], str]:
        """Tells of a request that arrives here whose it is.

        :param serving: name that requests are signed with -> the emulator that answers them
        """
        return lambda request: serving.get(s3_services.named(request)[0], self.name)

    def environment(self, url: str) -> dict[str, str]:
        """Variables that point every AWS client at ``url``."""
        return environment(url)

    def connection(self, connection: dict[str, Any], url: str) -> dict[str, Any] | None:
        """An AWS connection that leads to ``url``, None for one of another type."""
        return redirect(connection, url)

    def classify(self, request: Request) -> Operation:
        """Name the operation.

        :raises NotEmulated: for a request to another AWS service, and for what moto does not know of S3
        """
        service, action = s3_services.named(request)
        if service:
            return s3_services.classify(service, action)
        call = parse(request)
        verb = self._verb(call)
        body = decoded(request)[1] if verb == "DeleteObjects" else b""
        return operation(verb, call, body, self._backend.buckets.__contains__, self._auto_buckets)

    def apply(self, request: Request, caller: Caller) -> Response:
        """Let the operation take effect.

        :raises NotEmulated: as :meth:`classify`, and where moto fails on the request
        """
        service, action = s3_services.named(request)
        if service:
            return s3_services.answer(service, action)
        from pytest_dagguard.cloud.s3_moto.answer import Answer

        call = parse(request)
        verb = self._verb(call)
        self._enter()
        if self._auto_buckets and verb not in ("CreateBucket", "DeleteBucket"):
            self._make_buckets(call)
        try:
            headers, body = decoded(request)
            answered = Answer(self._backend, verb, call, headers, body).answer()
        except DagguardError:
            raise
        except Exception as error:
            # A defect of moto must not be taken for a fault of the task: the verdict is inconclusive.
            raise NotEmulated("s3", verb, f"moto fails on it with {type(error).__name__}: {error}") from error
        return _response(request.method, answered.status, answered.headers, answered.body)

    def apply_half(self, request: Request, caller: Caller) -> Response:
        """Let a DeleteObjects take effect for the first half of its objects."""
        return self.apply(half_of_doomed(request), caller)

    def entries(self, names: Collection[str] | None = None) -> dict[str, Entry]:
        """Buckets, objects and unfinished uploads."""
        wanted = (_OBJECTS + "*", _UPLOADS + "*") if names is None else names
        found: dict[str, Entry] = {}
        for name in wanted:
            if name.startswith(_OBJECTS):
                found.update(self._object_entries(name))
            elif name.startswith(_UPLOADS):
                found.update(self._upload_entries(name))
        return found

    def snapshot(self) -> Picture:
        """The present state."""
        return self._backend.picture()

    def restore(self, snapshot: Picture) -> None:
        """Bring back a state."""
        self._enter()
        self._backend.show(snapshot)

    def seed(self, seed: Seed) -> None:
        """Make the seed's objects, and the buckets that are not there.

        :raises ConfigurationError: S3 could have no bucket of that name
        """
        self._enter()
        for bucket, objects in seed.s3.items():
            if not _BUCKET_NAME.fullmatch(bucket):
                raise ConfigurationError(
                    f"the seed's S3 bucket {bucket!r} cannot exist: a name has 3 to 63 lower case letters, digits, "
                    "dots and hyphens, and begins and ends with a letter or digit; rename its folder"
                )
            if bucket not in self._backend.buckets:
                self._backend.create_bucket(bucket, _REGION)
            for key, content in objects.items():
                self._backend.put_object(bucket, key, content)

    def _verb(self, call: Call) -> str:
        verb = self._names.of(call)
        if not verb:
            raise NotEmulated("s3", f"{call.method} {call.bucket}/{call.key}", "S3 has no such operation")
        if verb in _UNKNOWN_TO_MOTO or any(word in verb for word in _UNKNOWN_WORDS):
            raise NotEmulated("s3", verb, "moto does not emulate this operation")
        if any(each.startswith("arn:") for each in (call.bucket, call.headers.get("x-amz-copy-source", ""))):
            raise NotEmulated("s3", verb, "access points are not emulated")
        return verb

    def _enter(self) -> None:
        """Make moto's global directory of buckets the one of this emulator."""
        from moto.core.model_instances import reset_model_data
        from moto.s3.models import FakeKey, FakeMultipart, s3_backends

        owner = (self._backend.partition, self._backend.account_id)
        s3_backends.bucket_accounts = dict.fromkeys(self._backend.buckets, owner)
        # These lists would keep the content of every object ever stored.
        FakeKey.instances_tracked.clear()
        FakeMultipart.instances_tracked.clear()
        self._requests += 1
        if self._requests % _FORGET_AFTER == 0:
            reset_model_data()

    def _make_buckets(self, call: Call) -> None:
        from moto.s3.exceptions import S3ClientError

        source = copy_source(call.headers)
        for bucket in (call.bucket, source.bucket if source else ""):
            if bucket and bucket not in self._backend.buckets:
                try:
                    self._backend.create_bucket(bucket, call.region)
                except S3ClientError:
                    return  # an impossible name: the request is refused for it

    def _object_entries(self, name: str) -> Iterator[tuple[str, Entry]]:
        bucket, slash, key = name.removeprefix(_OBJECTS).partition("/")
        if not slash:
            for each in self._buckets(bucket):
                yield _OBJECTS + each, self._bucket_entry(each)
            if not bucket.endswith("*"):
                return
        for each in self._buckets(bucket):
            if slash and not key.endswith("*"):
                found = self._backend.buckets[each].keys.get(key)
                if found is not None and hasattr(found, "etag"):
                    yield name, self._entry(found)
                continue
            for key_name, found in self._backend.keys_of(each, key.removesuffix("*")):
                yield f"{_OBJECTS}{each}/{key_name}", self._entry(found)

    def _upload_entries(self, name: str) -> Iterator[tuple[str, Entry]]:
        bucket, slash, _ = name.removeprefix(_UPLOADS).partition("/")
        for each in self._buckets(bucket if slash else bucket.removesuffix("*") + "*"):
            for upload_id, upload in self._backend.buckets[each].multiparts.items():
                resource = f"{_UPLOADS}{each}/{upload.key_name}?{upload_id}"
                if resource == name or (name.endswith("*") and resource.startswith(name[:-1])):
                    yield resource, self._upload_entry(upload)

    def _buckets(self, name: str) -> list[str]:
        """Names of the buckets there are that fit a name, which may end in a star."""
        if name.endswith("*"):
            return [each for each in self._backend.buckets if each.startswith(name[:-1])]
        return [name] if name in self._backend.buckets else []

    def _bucket_entry(self, name: str) -> Entry:
        return Entry("bucket", self._blobs.put(b""), 0, self._backend.buckets[name].versioning_status or "")

    def _entry(self, key: FakeKey) -> Entry:
        content: Any = key._value_buffer
        if not content.digest:
            content.digest = self._blobs.put(content.getvalue())
        tags: Mapping[str, str] = self._backend.tagger.get_tag_dict_for_resource(key.arn)
        headers = [(name.lower(), str(value)) for name, value in key.metadata.items()]
        headers += [(f"tag {name}", value) for name, value in tags.items()]
        return Entry("object", content.digest, key.size, self._version(key, tags), tuple(sorted(headers)))

    @staticmethod
    def _version(key: FakeKey, tags: Mapping[str, str]) -> str:
        """The version id, and a digest of user metadata and tags where there are any: a task can read them."""
        version = key.version_id if key._is_versioned else ""
        shown: dict[str, Any] = {n: v for n, v in key.metadata.items() if n.lower().startswith("x-amz-meta-")}
        if shown or tags:
            text = json.dumps([shown, tags], sort_keys=True)
            version += "+" + hashlib.sha256(text.encode()).hexdigest()[:16]
        return version

    def _upload_entry(self, upload: FakeMultipart) -> Entry:
        content = "".join(upload.parts[each].etag for each in upload.partlist).encode()
        return Entry("upload", self._blobs.put(content), len(content))


def _response(method: str, status: int, headers: Mapping[str, Any], body: bytes) -> Response:
    kept = []
    # Only of a HEAD does the length say more than the body.
    dropped = {"status", "date"} if method == "HEAD" and status in (200, 206) else {"status", "date", "content-length"}
    for name, value in headers.items():
        if value is not None and name.lower() not in dropped:
            kept.append((name, str(value)))
    return Response(status, tuple(kept), b"" if method == "HEAD" or status in (204, 304) else body)


EMULATOR = S3
