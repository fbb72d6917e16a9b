"""gcp-storage-emulator without its server: its storage with the defects mended, and its handlers called directly.

The only file that imports it. Its ``Router`` is left out on purpose: it does not route names that end in a slash or
hold a line break, reads requests from sockets, decodes multipart bodies as mail and is ten times slower than a call.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import google_crc32c
from gcp_storage_emulator.gcs_glob import gcs_glob_match
from gcp_storage_emulator.handlers import buckets, objects
from gcp_storage_emulator.storage import Storage

from pytest_dagguard.cloud.emulator import Blobs
from pytest_dagguard.cloud.gcs_answers import Refusal, etag, no_bucket, no_object

Resource = dict[str, Any]

WRITABLE = (
    "acl",
    "cacheControl",
    "contentDisposition",
    "contentEncoding",
    "contentLanguage",
    "contentType",
    "customTime",
    "metadata",
    "storageClass",
)
"""What a client may set on an object."""

SHOWN = ("cacheControl", "contentDisposition", "contentEncoding", "contentLanguage", "contentType")
"""What whoever downloads an object gets with it."""

HANDLERS: Mapping[str, Callable[..., None]] = {
    "objects.insert": objects.insert,
    "objects.delete": objects.delete,
    "objectAccessControls.list": objects.acl_list,
    "buckets.insert": buckets.insert,
    "buckets.delete": buckets.delete,
    "buckets.patch": buckets.patch,
    "bucketAccessControls.list": buckets.acl_list,
    "defaultObjectAccessControls.list": buckets.default_object_acl_list,
    "buckets.getIamPolicy": buckets.get_iam_policy,
    "buckets.setIamPolicy": buckets.set_iam_policy,
    "buckets.testIamPermissions": buckets.test_iam_permissions,
}


class ExactStore:
    """Content by exact path.

    The emulator's own store folds ``a//b`` and ``a/./b`` into ``a/b``, refuses ``..`` and drops a slash at the end,
    all of which are names of different objects. Content is kept once per digest.
    """

    def __init__(self, blobs: Blobs) -> None:
        self.files: dict[str, tuple[bytes, str]] = {}
        self._blobs = blobs

    def write_bytes(self, path: str, content: bytes) -> None:
        """Keep content under a path (the emulator's own record of itself excepted: it is written at each change)."""
        digest = self._blobs.put(content)
        self.files[path] = (self._blobs.contents[digest], digest)

    def read_bytes(self, path: str) -> bytes:
        """The content under a path.

        :raises FileNotFoundError: there is none
        """
        try:
            return self.files[path][0]
        except KeyError:
            raise FileNotFoundError(path) from None

    def remove_file(self, path: str) -> None:
        """Drop a path.

        :raises FileNotFoundError: there is none
        """
        if self.files.pop(path, None) is None:
            raise FileNotFoundError(path)

    def makedirs(self, path: str) -> None:
        """Nothing: there are no folders."""

    def remove_tree(self, path: str) -> None:
        """Drop all paths in a folder."""
        for each in [each for each in self.files if each.startswith(path + "/")]:
            del self.files[each]


@dataclass(frozen=True, slots=True)
class Kept:
    """What a snapshot holds. Resources and contents are shared: they are replaced by a write and never changed."""

    buckets: dict[str, Resource]
    policies: dict[str, Resource]
    objects: dict[str, dict[str, Resource]]
    files: dict[str, tuple[bytes, str]]
    last: int


class Vault(Storage):  # type: ignore[misc]
    """The emulator's storage in memory: names exact, generations strictly increasing, deleted objects gone."""

    def __init__(self, blobs: Blobs, clock: Callable[[], float] = time.time) -> None:
        """
        :param blobs: where content is kept
        :param clock: seconds since the epoch, for generations and timestamps
        """
        super().__init__(use_memory_fs=True, project_number="1234")
        self._store = self.store = ExactStore(blobs)
        self.clock = clock
        self._last = 0

    def now(self) -> str:
        """The present time as Cloud Storage writes it."""
        return datetime.fromtimestamp(self.clock(), timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def next_generation(self) -> str:
        """A generation: microseconds as in the real service, and greater than any before."""
        self._last = max(self._last + 1, int(self.clock() * 1_000_000))
        return str(self._last)

    def _write_config_to_file(self) -> None:
        """Nothing: dumping everything as JSON at each change took most of the time of a write."""

    def _object_path(self, bucket_name: str, file_name: str) -> str:
        return f"{bucket_name}/{file_name}"

    def _bucket_soft_delete_retention_seconds(self, bucket_name: str) -> int:
        return 0

    def create_file(
        self, bucket_name: str, file_name: str, content: bytes, file_obj: Resource, file_id: str | None = None
    ) -> None:
        """Store an object, after giving its resource the numbers and times that the emulator gets wrong.

        :raises gcp_storage_emulator.exceptions.NotFound: there is no such bucket
        """
        generation, now = self.next_generation(), self.now()
        file_obj.pop("mediaLink", None)
        file_obj.pop("selfLink", None)
        file_obj |= {
            "id": f"{bucket_name}/{file_name}/{generation}",
            "generation": generation,
            # The emulator gives 2 to an object that is created with metadata.
            "metageneration": "1",
            "etag": etag(generation, "1"),
            "size": str(len(content)),
            "timeCreated": now,
            "updated": now,
            "timeStorageClassUpdated": now,
            "timeFinalized": now,
        }
        super().create_file(bucket_name, file_name, content, file_obj)

    def bucket(self, name: str) -> Resource:
        """A bucket.

        :raises Refusal: 404
        """
        found: Resource | None = self.buckets.get(name)
        if found is None:
            raise no_bucket()
        return found

    def live(self, bucket: str, name: str) -> Resource | None:
        """The live object, None where there is none.

        :raises Refusal: 404, there is no such bucket
        """
        self.bucket(bucket)
        found: Resource | None = self.objects.get(bucket, {}).get(name)
        return found

    def object(self, bucket: str, name: str, generation: str | None = None) -> Resource:
        """The live object.

        :param generation: it must be this one; old generations are not kept
        :raises Refusal: 404
        """
        found = self.live(bucket, name)
        if found is None or (generation and found["generation"] != generation):
            raise no_object(bucket, name)
        return found

    def content(self, bucket: str, name: str) -> bytes:
        """The bytes of an object that is there."""
        return self.store.files[f"{bucket}/{name}"][0]

    def replace(self, bucket: str, name: str, resource: Resource) -> None:
        """Put another resource in place of an object's, content untouched."""
        self.objects[bucket][name] = resource

    def matching(self, bucket: str, prefix: str | None) -> list[Resource]:
        """The objects of a bucket with this prefix, sorted by name.

        :raises Refusal: 404, there is no such bucket
        """
        self.bucket(bucket)
        found: list[Resource] = self.get_file_list(bucket, prefix)[0]
        return found

    def hashes(self, content: bytes) -> str:
        """The value of an ``X-Goog-Hash`` header for some content."""
        crc32c = base64.b64encode(google_crc32c.value(content).to_bytes(4, "big")).decode()
        md5 = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
        return f"crc32c={crc32c},md5={md5}"

    def keep(self) -> Kept:
        """All that :meth:`bring_back` needs; tables are copied, what is in them is shared."""
        return Kept(
            dict(self.buckets),
            dict(self.bucket_iam_policies),
            {bucket: dict(named) for bucket, named in self.objects.items()},
            dict(self.store.files),
            self._last,
        )

    def bring_back(self, kept: Kept) -> None:
        """Be as at the time of :meth:`keep`."""
        self.buckets = dict(kept.buckets)
        self.bucket_iam_policies = dict(kept.policies)
        self.objects = {bucket: dict(named) for bucket, named in kept.objects.items()}
        self.store.files = dict(kept.files)
        self._last = kept.last


def headers(resource: Resource) -> tuple[tuple[str, str], ...]:
    """What an object's resource says beside its content, as a client may set it."""
    found = [(name, str(resource[name])) for name in SHOWN if resource.get(name)]
    found += [(f"metadata {name}", str(value)) for name, value in (resource.get("metadata") or {}).items()]
    return tuple(sorted(found))


class _Request:
    """As much of the emulator's request as its handlers look at."""

    base_url = full_url = path = ""

    def __init__(self, params: dict[str, str], query: dict[str, list[str]], data: Any) -> None:
        self.params, self.query, self.data = params, query, data

    def get_header(self, key: str, default: str | None = None) -> str | None:
        return default


class _Response:
    """As much of the emulator's response as its handlers set."""

    def __init__(self) -> None:
        self.status = 200
        self.value: Any = None

    def __setitem__(self, key: str, value: str) -> None:
        """Nothing: answers get their headers elsewhere."""

    def json(self, value: Any) -> None:
        self.value = value


def emulate(
    vault: Vault, verb: str, bucket: str, name: str = "", query: dict[str, list[str]] | None = None, data: Any = None
) -> Any:
    """Let the emulator's handler of a method do its work.

    :param verb: a key of :data:`HANDLERS`
    :returns: the JSON value of its answer, None where it has none
    :raises Refusal: it answered with an error
    """
    response = _Response()
    HANDLERS[verb](_Request({"bucket_name": bucket, "object_id": name}, query or {}, data), response, vault)
    status = int(response.status)
    if status < 400:
        return response.value
    if status == 404:
        raise no_object(bucket, name) if bucket in vault.buckets and name else no_bucket()
    message = response.value["error"]["message"] if isinstance(response.value, dict) else ""
    raise Refusal(status, message)


def glob_matches(pattern: str, name: str) -> bool:
    """Say whether a name fits a ``matchGlob`` pattern."""
    return bool(gcs_glob_match(pattern, name))


def quiet() -> None:
    """Mute the emulator's loggers: it logs expected answers as errors."""
    for name in ("api.bucket", "api.object", "gcp_storage_emulator"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
