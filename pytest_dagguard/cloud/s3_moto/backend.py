"""moto's S3 storage: content is never changed in place, so that states share it, and moto's defects are mended."""

from __future__ import annotations

import copy
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moto.s3.exceptions import NoSuchUpload
from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey, FakeMultipart, MultipartDict, S3Backend, s3_backends
from moto.s3.utils import _VersionedKeyStore

from pytest_dagguard.model.errors import NotEmulated

_LARGEST_PAGE = 1000


class Content(io.BytesIO):
    """An object's bytes. Several states share them: whoever disposes of an object must not close them."""

    digest = ""
    """SHA-256 of the bytes once somebody asked for it."""

    def close(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Picture:
    """All that :class:`Backend` holds at one moment."""

    buckets: tuple[dict[str, Any], ...]
    tags: dict[str, dict[str, str | None]]
    counts: dict[str, int]


class Backend(S3Backend):  # type: ignore[misc]
    """moto's storage of one emulator."""

    def __init__(self, region_name: str, account_id: str) -> None:
        """
        :param region_name: moto's name of the partition, ``aws``
        :param account_id: one that no other emulator in the process has
        """
        super().__init__(region_name, account_id)
        self._counts: dict[str, int] = {}

    # Names that the service gives are random in moto. Here they follow from the requests, so that equal histories
    # leave equal states.

    def _identity(self, kind: str, bucket: str, key: str) -> str:
        what = f"{kind} {bucket}/{key}"
        self._counts[what] = self._counts.get(what, 0) + 1
        return hashlib.sha256(f"{what} {self._counts[what]}".encode()).hexdigest()

    def put_object(self, bucket_name: str, key_name: str, value: bytes, *args: Any, **kwargs: Any) -> FakeKey:
        """Store an object. The content goes past moto's temporary file."""
        key = super().put_object(bucket_name, key_name, b"", *args, **kwargs)
        _fill(key, value)
        if self.get_bucket(bucket_name).is_versioned:
            key._version_id = self._identity("version", bucket_name, key_name)[:32]
        return key

    def _set_delete_marker(self, bucket_name: str, key_name: str) -> FakeDeleteMarker:
        keys = self.get_bucket(bucket_name).keys
        marker = FakeDeleteMarker(key=keys[key_name])
        marker._version_id = self._identity("version", bucket_name, key_name)[:32]
        # moto appends to the list of versions in place, which may be another state's list too.
        keys.setlist(key_name, [*keys.getlist(key_name), marker])
        return marker

    def _own(self, bucket_name: str, key_name: str, version_id: str | None = None) -> None:
        """Replace an object by a copy of its own before something in it is changed in place."""
        keys = self.get_bucket(bucket_name).keys
        versions = keys.getlist(key_name, [])
        key = self.get_object(bucket_name, key_name, version_id)
        if key is not None:
            dict.__setitem__(keys, key_name, [_clone(each) if each is key else each for each in versions])

    def copy_object(
        self, src_key: FakeKey, dest_bucket_name: str, dest_key_name: str, *args: Any, **kwargs: Any
    ) -> None:
        """Copy an object. moto adds its tags to those of the object that it overwrites."""
        tags = dict(self.tagger.tags.get(src_key.arn, {}))
        super().copy_object(src_key, dest_bucket_name, dest_key_name, *args, **kwargs)
        self.tagger.tags[self.get_bucket(dest_bucket_name).keys[dest_key_name].arn] = tags

    def put_bucket_versioning(self, bucket_name: str, status: str) -> None:
        """Turn versioning on.

        :raises NotEmulated: it is turned off again, which makes moto forget every version
        """
        if status != "Enabled":
            raise NotEmulated("s3", "PutBucketVersioning", "moto does not emulate buckets of suspended versioning")
        super().put_bucket_versioning(bucket_name, status)

    def put_object_acl(self, bucket_name: str, key_name: str, *args: Any, **kwargs: Any) -> None:
        """Change an object's ACL."""
        self._own(bucket_name, key_name)
        super().put_object_acl(bucket_name, key_name, *args, **kwargs)

    def put_object_legal_hold(self, bucket_name: str, key_name: str, version_id: str | None, *args: Any) -> None:
        """Change an object's legal hold."""
        self._own(bucket_name, key_name, version_id)
        super().put_object_legal_hold(bucket_name, key_name, version_id, *args)

    def put_object_retention(
        self, bucket_name: str, key_name: str, version_id: str | None, retention: tuple[str | None, str | None]
    ) -> None:
        """Change an object's retention."""
        self._own(bucket_name, key_name, version_id)
        super().put_object_retention(bucket_name, key_name, version_id, retention)

    def create_multipart_upload(self, bucket_name: str, key_name: str, *args: Any) -> FakeMultipart:
        """Begin an upload."""
        upload = super().create_multipart_upload(bucket_name, key_name, *args)
        uploads = self.get_bucket(bucket_name).multiparts
        dict.pop(uploads, upload.id)
        upload.id = self._identity("upload", bucket_name, key_name)
        uploads[upload.id] = upload
        return upload

    def upload(self, bucket_name: str, key_name: str, upload_id: str) -> FakeMultipart:
        """The unfinished upload of this object.

        :raises NoSuchUpload: there is none of that id for that key (moto looks at neither)
        """
        found = self.get_bucket(bucket_name).multiparts.get(upload_id)
        if found is None or found.key_name != key_name:
            raise NoSuchUpload(upload_id=upload_id)
        return found

    def upload_part(self, bucket_name: str, multipart_id: str, part_id: int, value: bytes) -> FakeKey:
        """Store a part."""
        part = super().upload_part(bucket_name, multipart_id, part_id, b"")
        _fill(part, value or b"")
        return part

    def upload_part_copy(self, dest_bucket_name: str, *args: Any, **kwargs: Any) -> FakeKey:
        """Store a part that is copied from an object."""
        part = super().upload_part_copy(dest_bucket_name, *args, **kwargs)
        _fill(part, part.value)
        return part

    def list_parts(
        self, bucket_name: str, multipart_id: str, part_number_marker: int = 0, max_parts: int = _LARGEST_PAGE
    ) -> list[FakeKey]:
        """One page of an upload's parts. moto takes the marker for an index instead of a part number."""
        upload = self.get_bucket(bucket_name).multiparts[multipart_id]
        later = [each for each in upload.partlist if each > part_number_marker]
        return [upload.parts[each] for each in later[: min(max_parts, _LARGEST_PAGE)]]

    def is_truncated(self, bucket_name: str, multipart_id: str, next_part_number_marker: int) -> bool:
        """Say whether parts follow this one."""
        upload = self.get_bucket(bucket_name).multiparts[multipart_id]
        return bool(upload.partlist) and upload.partlist[-1] > next_part_number_marker

    def list_multipart_uploads(self, bucket_name: str) -> dict[str, FakeMultipart]:
        """Unfinished uploads, by key and then by age as S3 has them."""
        uploads = self.get_bucket(bucket_name).multiparts
        return dict(sorted(uploads.items(), key=lambda each: each[1].key_name))

    def log_incoming_request(self, request: Any, bucket_name: str) -> None:
        """Write no access log: S3 does not promise one, and its random names would make states differ."""

    def picture(self) -> Picture:
        """What is stored now."""
        return Picture(
            tuple(_bucket_fields(each) for each in self.buckets.values()),
            {arn: dict(tags) for arn, tags in self.tagger.tags.items() if tags},
            dict(self._counts),
        )

    def show(self, picture: Picture) -> None:
        """Bring back what was stored then."""
        self.buckets = {}
        s3_backends.bucket_accounts.clear()
        for fields in picture.buckets:
            bucket = _bare(FakeBucket)
            vars(bucket).update(fields)
            vars(bucket).update(_bucket_fields(bucket))
            self.buckets[bucket.name] = bucket
            s3_backends.bucket_accounts[bucket.name] = (self.partition, self.account_id)
        self.tagger.tags = {arn: dict(tags) for arn, tags in picture.tags.items()}
        self._counts = dict(picture.counts)

    def keys_of(self, bucket_name: str, prefix: str = "") -> Iterator[tuple[str, FakeKey]]:
        """The present objects of a bucket whose key begins so."""
        for name, key in self.buckets[bucket_name].keys.items():
            if isinstance(key, FakeKey) and name.startswith(prefix):
                yield name, key


def _fill(key: FakeKey, value: bytes) -> None:
    # moto warns of objects that are garbage-collected before they are disposed of; there is nothing to dispose of.
    vars(key).update(_value_buffer=Content(value), contentsize=len(value), disposed=True)


def _bare(kind: type[Any]) -> Any:
    # moto's constructors keep every instance in a list for ever.
    return object.__new__(kind)


def _clone(key: FakeKey) -> FakeKey:
    twin: FakeKey = _bare(FakeKey)
    vars(twin).update(vars(key), _metadata=copy.copy(key.metadata))
    return twin


def _clone_upload(upload: FakeMultipart) -> FakeMultipart:
    twin: FakeMultipart = _bare(FakeMultipart)
    vars(twin).update(vars(upload))
    # Completing an upload takes the content encoding out of its metadata in place.
    vars(twin).update(parts=dict(upload.parts), partlist=list(upload.partlist), metadata=copy.copy(upload.metadata))
    return twin


def _bucket_fields(bucket: FakeBucket) -> dict[str, Any]:
    """A bucket's fields, with what moto changes in place copied and with the objects shared."""
    keys, uploads = _VersionedKeyStore(), MultipartDict()
    dict.update(keys, dict.copy(bucket.keys))
    dict.update(uploads, {name: _clone_upload(each) for name, each in bucket.multiparts.items()})
    own = {name: value.copy() for name, value in vars(bucket).items() if type(value) in (list, dict)}
    return {**vars(bucket), **own, "keys": keys, "multiparts": uploads}
