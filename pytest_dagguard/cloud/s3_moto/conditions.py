"""Conditions on a request: what S3 refuses because of the present state, and moto lets through or breaks on."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime

from moto.s3.exceptions import MissingKey, PreconditionFailed
from moto.s3.models import FakeKey

from pytest_dagguard.cloud.s3_address import Call, copy_source
from pytest_dagguard.cloud.s3_moto.backend import Backend

_WRITES = frozenset({"PutObject", "CopyObject", "CompleteMultipartUpload"})


class Unimplemented(Exception):
    """A condition that S3 itself does not know."""


class NotModified(Exception):
    """A conditional read of what the client has already."""

    def __init__(self, key: FakeKey) -> None:
        """
        :param key: the object that was asked for
        """
        super().__init__(key.name)
        self.key = key


def check(verb: str, call: Call, backend: Backend) -> None:
    """Refuse a request whose conditions do not hold.

    :raises moto.s3.exceptions.S3ClientError: with the answer of S3
    :raises Unimplemented: for a condition that S3 does not know
    :raises NotModified: for a read, with the object
    """
    present = backend.get_object(call.bucket, call.key) if call.key else None
    if call.upload_id and not _is_repeated(verb, call, present):
        backend.upload(call.bucket, call.key, call.upload_id)
    if verb in _WRITES and not _is_repeated(verb, call, present):
        _check_write(call, present)
    elif verb == "DeleteObject":
        _check_delete(call, present)
    elif verb in ("GetObject", "HeadObject"):
        key = backend.get_object(call.bucket, call.key, version_id=call.parameter("versionId"))
        if key is not None:
            _check_read(call, key)
    if verb in ("CopyObject", "UploadPartCopy"):
        _check_source(call, backend)


def _is_repeated(verb: str, call: Call, present: FakeKey | None) -> bool:
    """Say whether this completes an upload whose completion is what is there: S3 answers as to the first."""
    upload = present.multipart if present is not None else None
    return verb == "CompleteMultipartUpload" and upload is not None and upload.id == call.upload_id


def matches(condition: str, key: FakeKey) -> bool:
    """Say whether an ``If-Match`` text names the object's ETag. S3 does not care about the quotes."""
    wanted = [each.strip().removeprefix("W/").strip('"') for each in condition.split(",")]
    return "*" in wanted or key.etag.strip('"') in wanted


def _check_write(call: Call, present: FakeKey | None) -> None:
    if_match, if_none_match = call.headers.get("If-Match"), call.headers.get("If-None-Match")
    if if_none_match is not None:
        if if_none_match.strip() != "*":
            raise Unimplemented
        if present is not None:
            raise PreconditionFailed("If-None-Match")
    if if_match is not None:
        if present is None:
            raise MissingKey(key=call.key)
        if not matches(if_match, present):
            raise PreconditionFailed("If-Match")


def _check_delete(call: Call, present: FakeKey | None) -> None:
    if_match = call.headers.get("If-Match")
    if if_match is None:
        return
    if present is None:
        if if_match.strip() == "*":
            raise PreconditionFailed("If-Match")
        raise MissingKey(key=call.key)
    if not matches(if_match, present):
        raise PreconditionFailed("If-Match")


def _check_read(call: Call, key: FakeKey) -> None:
    if_match, if_none_match = call.headers.get("If-Match"), call.headers.get("If-None-Match")
    if if_match is not None:
        if not matches(if_match, key):
            raise PreconditionFailed("If-Match")
    elif _modified_since(call.headers.get("If-Unmodified-Since"), key):
        raise PreconditionFailed("If-Unmodified-Since")
    if if_none_match is not None:
        if matches(if_none_match, key):
            raise NotModified(key)
    elif _modified_since(call.headers.get("If-Modified-Since"), key) is False:
        raise NotModified(key)


def _check_source(call: Call, backend: Backend) -> None:
    source = copy_source(call.headers)
    if source is None:
        return
    key = backend.get_object(source.bucket, source.key, version_id=source.version_id)
    if key is None:
        return  # moto's own answer to that is S3's, see Answer.upload_part_copy for the exception
    prefix = "x-amz-copy-source-"
    if_match, if_none_match = call.headers.get(prefix + "if-match"), call.headers.get(prefix + "if-none-match")
    if if_match is not None:
        if not matches(if_match, key):
            raise PreconditionFailed("x-amz-copy-source-If-Match")
    elif _modified_since(call.headers.get(prefix + "if-unmodified-since"), key):
        raise PreconditionFailed("x-amz-copy-source-If-Unmodified-Since")
    if if_none_match is not None and matches(if_none_match, key):
        raise PreconditionFailed("x-amz-copy-source-If-None-Match")
    if if_none_match is None and _modified_since(call.headers.get(prefix + "if-modified-since"), key) is False:
        raise PreconditionFailed("x-amz-copy-source-If-Modified-Since")


def _modified_since(text: str | None, key: FakeKey) -> bool | None:
    """Say whether the object is younger than this date; None where there is no (valid) date."""
    if text is None:
        return None
    try:
        date: datetime = parsedate_to_datetime(text)
    except ValueError:
        return None
    modified: datetime = key.last_modified
    return modified.replace(microsecond=0, tzinfo=None) > date.replace(tzinfo=None)
