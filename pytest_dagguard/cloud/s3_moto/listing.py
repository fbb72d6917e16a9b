"""Listings of objects. moto's are slow (0.2 ms for each key) and split pages otherwise than S3 does."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from urllib.parse import quote
from xml.sax.saxutils import escape

from moto.s3.exceptions import InvalidArgumentError, InvalidContinuationToken
from moto.s3.models import FakeBucket, FakeKey

from pytest_dagguard.cloud.s3_address import Call

_LARGEST_PAGE = 1000
_TOKEN = b"after:"
_OWNER = "<Owner><ID>75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a</ID></Owner>"


def listing(bucket: FakeBucket, call: Call) -> str:
    """The answer to ListObjects or ListObjectsV2, as XML.

    :raises InvalidArgumentError: ``max-keys`` is not a number S3 accepts
    :raises InvalidContinuationToken: the token was never given out
    """
    second = call.parameter("list-type") == "2"
    prefix, delimiter = call.parameter("prefix") or "", call.parameter("delimiter") or ""
    most = _most(call)
    start = _start_second(call) if second else call.parameter("marker") or ""
    found = _entries(bucket, prefix, delimiter, start)
    # Order by code point is order by UTF-8 bytes, which is S3's.
    names = sorted(found)
    page = names[:most]
    truncated = bool(page) and len(page) < len(names)
    encode = _Encoder(call.parameter("encoding-type") == "url")
    parts = [
        _tag("Name", bucket.name),
        f"<Prefix>{encode(prefix)}</Prefix>",
        _tag("MaxKeys", str(most)),
        _tag("IsTruncated", "true" if truncated else "false"),
        _tag("EncodingType", call.parameter("encoding-type")),
        _tag("Delimiter", encode(delimiter)),
    ]
    last = page[-1] if truncated else ""
    parts += _second_fields(call, encode, len(page), last) if second else _first_fields(call, encode, last)
    owner = _OWNER if not second or call.parameter("fetch-owner") == "true" else ""
    parts += [_entry(name, found[name], encode, owner) for name in page]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        + "".join(parts)
        + "</ListBucketResult>"
    )


class _Encoder:
    """Writes keys and prefixes as the client asked for them."""

    def __init__(self, url: bool) -> None:
        self._url = url

    def __call__(self, text: str) -> str:
        return quote(text) if self._url else escape(text)


def _most(call: Call) -> int:
    text = call.parameter("max-keys") or str(_LARGEST_PAGE)
    if not text.isdecimal():
        raise InvalidArgumentError("Provided max-keys not an integer or within integer range", "max-keys", text)
    return min(int(text), _LARGEST_PAGE)


def _start_second(call: Call) -> str:
    token = call.parameter("continuation-token")
    if token is None:
        return call.parameter("start-after") or ""
    try:
        text = base64.urlsafe_b64decode(token)
    except (binascii.Error, ValueError):
        raise InvalidContinuationToken from None
    if not text.startswith(_TOKEN):
        raise InvalidContinuationToken
    return text[len(_TOKEN) :].decode()


def _entries(bucket: FakeBucket, prefix: str, delimiter: str, start: str) -> dict[str, FakeKey | None]:
    """Keys behind ``start``, and their common prefixes with None."""
    found: dict[str, FakeKey | None] = {}
    for name, key in bucket.keys.items():
        if name <= start or not name.startswith(prefix) or not isinstance(key, FakeKey):
            continue
        cut = name.find(delimiter, len(prefix)) if delimiter else -1
        if cut < 0:
            found[name] = key
        elif (group := name[: cut + len(delimiter)]) != start:
            found[group] = None
    return found


def _first_fields(call: Call, encode: _Encoder, last: str) -> Iterator[str]:
    yield f"<Marker>{encode(call.parameter('marker') or '')}</Marker>"
    # Without a delimiter S3 names no next marker: the last key is the marker.
    if last and call.parameter("delimiter"):
        yield _tag("NextMarker", encode(last))


def _second_fields(call: Call, encode: _Encoder, count: int, last: str) -> Iterator[str]:
    yield _tag("KeyCount", str(count))
    yield _tag("StartAfter", encode(call.parameter("start-after") or ""))
    yield _tag("ContinuationToken", call.parameter("continuation-token"))
    if last:
        yield _tag("NextContinuationToken", base64.urlsafe_b64encode(_TOKEN + last.encode()).decode())


def _entry(name: str, key: FakeKey | None, encode: _Encoder, owner: str) -> str:
    if key is None:
        return f"<CommonPrefixes><Prefix>{encode(name)}</Prefix></CommonPrefixes>"
    checksum = _tag("ChecksumAlgorithm", key.checksum_algorithm)
    return (
        f"<Contents><Key>{encode(name)}</Key><LastModified>{key.last_modified_ISO8601}</LastModified>"
        f"<ETag>{escape(key.etag)}</ETag>{checksum}<Size>{key.size}</Size>"
        f"<StorageClass>{key.storage_class}</StorageClass>{owner}</Contents>"
    )


def _tag(name: str, text: str | None) -> str:
    return f"<{name}>{text}</{name}>" if text else ""
