"""What an S3 request is about: bucket, key and query, whichever way of writing them the client chose."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree

from multidict import CIMultiDict

from pytest_dagguard.cloud.emulator import Request

# bucket.localhost, bucket.127.0.0.1, bucket.s3.amazonaws.com, bucket.s3.dualstack.eu-west-1.amazonaws.com, ...
_VIRTUAL_HOSTS = (
    re.compile(r"(?P<bucket>.+)\.(?:localhost|127\.0\.0\.1)"),
    re.compile(r"(?P<bucket>.+?)\.s3(?:[.-][a-z0-9.-]+)?\.amazonaws\.com(?:\.cn)?"),
)
_SCOPE = re.compile(r"Credential=[^/,\s]+/\d{8}/(?:([^/,\s]+)/)?([^/,\s]+)/aws4_request")
_TRAILER = re.compile(rb"^(x-amz-checksum-[a-z0-9]+)[ ]*:[ ]*(\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Call:
    """An S3 request, taken apart.

    :param bucket: empty where the request names none
    :param key: decoded; empty for a request about the bucket
    :param query: decoded, with the names that have no value
    :param region: of the signature; ``us-east-1`` where it is not signed
    """

    method: str
    bucket: str
    key: str
    query: dict[str, list[str]]
    headers: CIMultiDict[str]
    region: str

    def parameter(self, name: str) -> str | None:
        """The first value of a query parameter, None where it is absent."""
        values = self.query.get(name)
        return values[0] if values else None

    @property
    def upload_id(self) -> str:
        """The multipart upload that it names, empty where it names none."""
        return self.parameter("uploadId") or ""


@dataclass(frozen=True, slots=True)
class CopySource:
    """The object that ``x-amz-copy-source`` names."""

    bucket: str
    key: str
    version_id: str | None


@dataclass(frozen=True, slots=True)
class Doomed:
    """One object in the body of a DeleteObjects request. ``etag`` is the condition on it, empty for none."""

    key: str
    version_id: str | None
    etag: str


def scope(request: Request) -> tuple[str, str]:
    """Region and service of the signature, header or presigned; empty texts where it is not signed so."""
    authorization = request.headers.get("Authorization", "")
    found = _SCOPE.search(authorization)
    if found is None and "X-Amz-Credential" in request.query:
        credential = parse_qs(request.query).get("X-Amz-Credential", [""])[0]
        found = _SCOPE.search(f"Credential={credential}")
    return (found[1] or "", found[2]) if found else ("", "")


def parse(request: Request) -> Call:
    """Take a request to S3 apart."""
    path = unquote(request.path).removeprefix("/")
    bucket = _bucket_of(request.host)
    key = path
    if not bucket:
        bucket, _, key = path.partition("/")
    query = parse_qs(request.query, keep_blank_values=True)
    return Call(request.method, bucket, key, query, request.headers, scope(request)[0] or "us-east-1")


def _bucket_of(host: str) -> str:
    """The bucket in the host name, empty where the bucket is in the path."""
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    for pattern in _VIRTUAL_HOSTS:
        if found := pattern.fullmatch(name):
            return found["bucket"]
    return ""


def copy_source(headers: CIMultiDict[str]) -> CopySource | None:
    """The source of a CopyObject or UploadPartCopy request, None where there is no such header."""
    value = headers.get("x-amz-copy-source")
    if value is None:
        return None
    path, _, version = value.partition("?versionId=")
    bucket, _, key = unquote(path).removeprefix("/").partition("/")
    return CopySource(bucket, key, unquote(version) or None)


def doomed(body: bytes) -> tuple[list[Doomed], bool]:
    """What a DeleteObjects body asks to delete, and whether it asks not to be told of what was deleted.

    :raises xml.etree.ElementTree.ParseError: the body is no XML
    """
    objects: list[Doomed] = []
    quiet = False
    for element in ElementTree.fromstring(body):
        name = _local(element)
        if name == "Quiet":
            quiet = (element.text or "").strip().lower() == "true"
        elif name == "Object":
            fields = {_local(each): each.text or "" for each in element}
            objects.append(Doomed(fields.get("Key", ""), fields.get("VersionId") or None, fields.get("ETag", "")))
    return objects, quiet


def half_of_doomed(request: Request) -> Request:
    """A DeleteObjects request for the first half of its objects, without the checksums of the whole."""
    headers, body = decoded(request)
    root = ElementTree.fromstring(body)
    objects = [each for each in root if _local(each) == "Object"]
    for each in objects[len(objects) // 2 :]:
        root.remove(each)
    kept = CIMultiDict(
        (name, value)
        for name, value in headers.items()
        if not name.lower().startswith(("content-md5", "content-length", "x-amz-checksum", "x-amz-trailer"))
    )
    return replace(request, headers=kept, body=ElementTree.tostring(root))


def _local(element: ElementTree.Element) -> str:
    # S3 takes the body with its namespace and without.
    return element.tag.rsplit("}", 1)[-1]


def decoded(request: Request) -> tuple[CIMultiDict[str], bytes]:
    """Headers and body after removal of the ``aws-chunked`` encoding; a checksum in the trailer becomes a header.

    :raises ValueError: the body claims that encoding and does not have it
    """
    if not request.headers.get("x-amz-content-sha256", "").startswith("STREAMING-"):
        return request.headers, request.body
    headers = request.headers.copy()
    content, trailer = _unchunk(request.body)
    for name, value in _TRAILER.findall(trailer):
        headers[name.decode()] = value.decode()
    headers.popall("x-amz-content-sha256", None)
    headers["Content-Length"] = str(len(content))
    codings = [each.strip() for each in headers.get("Content-Encoding", "").split(",")]
    kept = ",".join(each for each in codings if each not in ("", "aws-chunked"))
    headers.popall("Content-Encoding", None)
    if kept:
        headers["Content-Encoding"] = kept
    return headers, content


def _unchunk(body: bytes) -> tuple[bytes, bytes]:
    chunks: list[bytes] = []
    position = 0
    while True:
        end = body.index(b"\r\n", position)
        # A signed chunk has its signature behind the size.
        size = int(body[position:end].split(b";", 1)[0], 16)
        position = end + 2
        if size == 0:
            return b"".join(chunks), body[position:]
        chunks.append(body[position : position + size])
        position += size + 2
