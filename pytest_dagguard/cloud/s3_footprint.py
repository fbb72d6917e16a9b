"""Which operation an S3 request is, and which resources it reads and writes.

The names come from botocore's own description of S3, so that a new operation of the service is named without a change
here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from multidict import CIMultiDict

from pytest_dagguard.cloud.s3_address import Call, copy_source, doomed
from pytest_dagguard.model.operation import Operation

_SERVICE_LEVEL, _BUCKET_LEVEL, _KEY_LEVEL = range(3)

# Two requests that no path or query tells from others: a directory bucket's and an object lambda's.
_INDISTINCT = frozenset({"ListDirectoryBuckets", "WriteGetObjectResponse"})


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a request must have to be the operation ``name``."""

    name: str
    literals: tuple[tuple[str, str], ...]
    parameters: frozenset[str]
    headers: frozenset[str]

    @property
    def weight(self) -> int:
        return 2 * len(self.literals) + len(self.parameters) + len(self.headers)

    def fits(self, query: Mapping[str, list[str]], headers: CIMultiDict[str]) -> bool:
        for name, value in self.literals:
            if name not in query or (value and query[name][0] != value):
                return False
        return self.parameters <= query.keys() and all(each in headers for each in self.headers)


class Names:
    """Tells the name of an S3 request."""

    def __init__(self, description: Mapping[str, Any]) -> None:
        """
        :param description: botocore's ``service-2.json`` of S3
        """
        self._shapes: dict[tuple[str, int], list[_Shape]] = {}
        for name, operation in description["operations"].items():
            if operation.get("deprecated") or name in _INDISTINCT:
                continue
            path, _, query = operation["http"]["requestUri"].partition("?")
            level = _KEY_LEVEL if "{Key+}" in path else _BUCKET_LEVEL if "{Bucket}" in path else _SERVICE_LEVEL
            literals = tuple(parse_qsl(query, keep_blank_values=True))
            members = description["shapes"][operation["input"]["shape"]] if "input" in operation else {}
            shape = _Shape(name, literals, _required(members, "querystring"), _required(members, "header"))
            self._shapes.setdefault((operation["http"]["method"], level), []).append(shape)
        for shapes in self._shapes.values():
            shapes.sort(key=lambda each: -each.weight)

    @classmethod
    def load(cls) -> Names:
        """Read botocore's description of S3."""
        from moto.core.loaders import create_loader

        return cls(create_loader().load_service_model("s3", "service-2"))

    def of(self, call: Call) -> str:
        """The operation's name in the AWS API, empty where the request is none."""
        level = _KEY_LEVEL if call.key else _BUCKET_LEVEL if call.bucket else _SERVICE_LEVEL
        for shape in self._shapes.get((call.method, level), ()):
            if shape.fits(call.query, call.headers):
                return shape.name
        return ""


def _required(shape: Mapping[str, Any], location: str) -> frozenset[str]:
    """Wire names of the required members of an input shape that travel in this place."""
    members = shape.get("members", {})
    return frozenset(
        members[each]["locationName"] for each in shape.get("required", ()) if members[each].get("location") == location
    )


@dataclass(frozen=True, slots=True)
class _Footprint:
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    resource: str = ""


def operation(verb: str, call: Call, body: bytes, exists: Callable[[str], bool], auto_buckets: bool) -> Operation:
    """The operation with its footprint.

    :param verb: as :meth:`Names.of` has it
    :param body: decoded; looked at for DeleteObjects only
    :param exists: says whether there is a bucket of this name
    :param auto_buckets: True where a bucket that is missing is made by whoever names it first
    """
    found = _footprint(verb, call, body, exists)
    made = frozenset[str]()
    if auto_buckets and verb not in ("CreateBucket", "DeleteBucket"):
        source = copy_source(call.headers)
        buckets = {call.bucket, source.bucket if source else ""} - {""}
        made = frozenset(f"s3://{each}" for each in buckets if not exists(each))
    return Operation("s3", verb, found.resource or _resource(call), found.reads, found.writes | made)


def _resource(call: Call) -> str:
    if not call.bucket:
        return "s3://"
    return f"s3://{call.bucket}/{call.key}" if call.key else f"s3://{call.bucket}"


def _footprint(verb: str, call: Call, body: bytes, exists: Callable[[str], bool]) -> _Footprint:
    if call.upload_id:
        return _upload_footprint(verb, call)
    if call.key:
        return _key_footprint(verb, call)
    if call.bucket:
        return _bucket_footprint(verb, call, body, exists)
    return _Footprint(reads=frozenset({"s3://*"}))


def _upload_footprint(verb: str, call: Call) -> _Footprint:
    key = frozenset({f"s3://{call.bucket}/{call.key}"})
    name = f"s3-upload://{call.bucket}/{call.key}?{call.upload_id}"
    upload = frozenset({name})
    if verb == "ListParts":
        return _Footprint(reads=upload, resource=name)
    if verb == "CompleteMultipartUpload":
        conditional = "If-Match" in call.headers or "If-None-Match" in call.headers
        return _Footprint(reads=upload | (key if conditional else frozenset()), writes=upload | key)
    return _Footprint(reads=_source(call), writes=upload, resource=name)


def _key_footprint(verb: str, call: Call) -> _Footprint:
    key = frozenset({f"s3://{call.bucket}/{call.key}"})
    if verb == "CreateMultipartUpload":
        return _Footprint(writes=frozenset({f"s3-upload://{call.bucket}/{call.key}?*"}))
    if call.method in ("GET", "HEAD") or verb == "SelectObjectContent":
        return _Footprint(reads=key)
    conditional = "If-Match" in call.headers or "If-None-Match" in call.headers
    # Tags, ACLs and the like change an object that must be there.
    partial = verb not in ("PutObject", "CopyObject", "DeleteObject")
    return _Footprint(reads=_source(call) | (key if conditional or partial else frozenset()), writes=key)


def _bucket_footprint(verb: str, call: Call, body: bytes, exists: Callable[[str], bool]) -> _Footprint:
    bucket = f"s3://{call.bucket}"
    inside = f"{bucket}/*"
    if verb in ("ListObjects", "ListObjectsV2", "ListObjectVersions"):
        return _Footprint(reads=frozenset({f"{bucket}/{call.parameter('prefix') or ''}*"}))
    if verb == "ListMultipartUploads":
        return _Footprint(reads=frozenset({f"s3-upload://{call.bucket}/{call.parameter('prefix') or ''}*"}))
    if verb == "DeleteObjects":
        return _doomed_footprint(bucket, body)
    if verb == "CreateBucket":
        # Whatever is asked of a key in it has another answer afterwards, but a second creation changes nothing.
        changes = frozenset() if exists(call.bucket) else frozenset({bucket, inside})
        return _Footprint(reads=frozenset({bucket}), writes=changes)
    if verb == "DeleteBucket":
        return _Footprint(reads=frozenset({bucket, inside}), writes=frozenset({bucket}))
    if call.method in ("GET", "HEAD"):
        return _Footprint(reads=frozenset({bucket}))
    return _Footprint(reads=frozenset({bucket}), writes=frozenset({bucket}))


def _doomed_footprint(bucket: str, body: bytes) -> _Footprint:
    try:
        objects, _ = doomed(body)
    except ElementTree.ParseError:
        return _Footprint()  # S3 refuses it, and nothing is deleted
    return _Footprint(
        reads=frozenset(f"{bucket}/{each.key}" for each in objects if each.etag),
        writes=frozenset(f"{bucket}/{each.key}" for each in objects),
    )


def _source(call: Call) -> frozenset[str]:
    source = copy_source(call.headers)
    return frozenset({f"s3://{source.bucket}/{source.key}"}) if source else frozenset()
