"""Reading a request: which method of Cloud Storage it calls, on what, with which query, metadata and content."""

from __future__ import annotations

import gzip
import itertools
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from multidict import CIMultiDict

from pytest_dagguard.cloud.emulator import Request
from pytest_dagguard.cloud.gcs_answers import Refusal
from pytest_dagguard.cloud.gcs_preconditions import XML_HEADERS
from pytest_dagguard.model.errors import NotEmulated

UNLOCK = "replace the call in the test, or allow() it with a reason"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the API.

    :param verb: the JSON API's name of the method
    :param request: the request it came in
    :param query: first value of each query parameter; preconditions of the XML API are among them, by JSON name
    :param bucket: empty where it names none
    :param name: the object, or the source of a copy
    :param to_bucket: of a copy
    :param to_name: of a copy
    :param upload_id: of an upload session
    :param xml: True for the XML API
    :param parts: the calls of a batch, each with its ``Content-ID``
    """

    verb: str
    request: Request
    query: Mapping[str, str]
    bucket: str = ""
    name: str = ""
    to_bucket: str = ""
    to_name: str = ""
    upload_id: str = ""
    xml: bool = False
    parts: tuple[tuple[str, Call | Refusal], ...] = field(default=())

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; empty where there is no body.

        :raises Refusal: 400, it is something else
        """
        return _json_object(plain_body(self.request))

    def pairs(self) -> list[tuple[str, str]]:
        """All query parameters, for those that may be given more than once."""
        return parse_qsl(self.request.query, keep_blank_values=True)


def parse(request: Request) -> Call:
    """Read a request.

    :raises NotEmulated: it is not a call that this emulator knows
    :raises Refusal: it is malformed
    """
    method = request.headers.get("X-HTTP-Method-Override", request.method).upper()
    pairs = parse_qsl(request.query, keep_blank_values=True)
    query = dict(reversed(pairs))
    path = re.sub(r"^/+", "/", request.path)
    if path.startswith("/batch"):
        return _batch(request, query)
    if path.startswith("/computeMetadata/v1/instance/service-accounts/") and method == "GET":
        return Call("metadata.token" if path.endswith("/token") else "metadata.account", request, query)
    for prefix in ("/resumable/upload/storage/v1", "/upload/storage/v1"):
        if path.startswith(prefix + "/b/"):
            return _upload(request, method, path[len(prefix) :], query)
    for prefix, download in (("/download/storage/v1", True), ("/storage/v1", False), ("", False)):
        if path.startswith(prefix + "/b/") or path == prefix + "/b":
            rest = path[len(prefix) :]
            if method == "POST" and "uploadType" in query and rest.endswith("/o"):
                return _upload(request, method, rest, query)
            call = _json_api(request, method, rest, query, download)
            needed = "" if call.verb == "objects.list" else call.verb
            if needed.startswith("object") and not (call.name and (call.to_name or call.verb not in _TO)):
                raise Refusal(400, "Required", "required")
            return call
    return _xml_api(request, method, path, query)


# First words of paths that are another service's and no bucket's.
_OTHERS = frozenset(("bigquery", "compute", "computeMetadata", "dataflow", "dns", "oauth2", "pubsub", "sql", "token"))
_OWN = frozenset(("upload", "download", "storage", "resumable", "batch"))


def _unknown(request: Request) -> NotEmulated:
    first = request.path.strip("/").split("/")[0]
    service = first if first in _OTHERS else "googleapis" if re.fullmatch(r"v\d+\w*", first) else "gcs"
    return NotEmulated(service, f"{request.method} {request.path}", UNLOCK)


def _batch(request: Request, query: Mapping[str, str]) -> Call:
    if not re.fullmatch(r"/batch(/storage(/v1)?)?/?", request.path) or request.method != "POST":
        raise _unknown(request)
    parts: list[tuple[str, Call | Refusal]] = []
    for headers, payload in multipart(request):
        call: Call | Refusal
        try:
            call = parse(_inner(payload, request.host))
        except Refusal as refusal:
            call = refusal
        parts.append((headers.get("Content-ID", ""), call))
    return Call("batch", request, query, parts=tuple(parts))


def _inner(payload: bytes, host: str) -> Request:
    """The request in one part of a batch."""
    head, _, body = _split_head(payload)
    lines = head.decode("utf-8", "replace").splitlines()
    words = lines[0].split() if lines else []
    if len(words) < 2:
        raise Refusal(400, "Failed to parse batch request, error: missing request line")
    url = urlsplit(words[1])
    return Request(words[0].upper(), host, url.path, url.query, _headers(lines[1:]), body)


def _upload(request: Request, method: str, rest: str, query: dict[str, str]) -> Call:
    match = re.fullmatch(r"/b/([^/]+)/o", rest)
    if match is None:
        raise _unknown(request)
    bucket = unquote(match[1])
    if "upload_id" in query:
        verb = {"PUT": "upload.chunk", "POST": "upload.chunk", "DELETE": "upload.cancel"}.get(method)
        if verb is None:
            raise _unknown(request)
        return Call(verb, request, query, bucket, query.get("name", ""), upload_id=query["upload_id"])
    if method != "POST":
        raise _unknown(request)
    kind = query.get("uploadType", "")
    if kind not in ("media", "multipart", "resumable"):
        raise Refusal(400, "Bad Request")
    name = query.get("name", "")
    if kind == "resumable":
        name = name or str(_json_object(plain_body(request)).get("name", ""))
    elif kind == "multipart":
        name = name or str(upload_parts(request)[0].get("name", ""))
    if not name:
        raise Refusal(400, "Required", "required")
    return Call("upload.start" if kind == "resumable" else "objects.insert", request, query, bucket, name)


_OBJECT = {"GET": "objects.get", "HEAD": "objects.get", "DELETE": "objects.delete", "PATCH": "objects.patch"} | {
    "PUT": "objects.update"
}
_BUCKET = {"GET": "buckets.get", "HEAD": "buckets.get", "DELETE": "buckets.delete", "PATCH": "buckets.patch"} | {
    "PUT": "buckets.update"
}
_BUCKET_PARTS = {
    ("acl", "GET"): "bucketAccessControls.list",
    ("defaultObjectAcl", "GET"): "defaultObjectAccessControls.list",
    ("iam", "GET"): "buckets.getIamPolicy",
    ("iam", "PUT"): "buckets.setIamPolicy",
    ("iam/testPermissions", "GET"): "buckets.testIamPermissions",
    ("storageLayout", "GET"): "buckets.getStorageLayout",
}
_TO = frozenset(("objects.copy", "objects.rewrite", "objects.move"))
_COPIES = {"copyTo": "objects.copy", "rewriteTo": "objects.rewrite"}


def _json_api(request: Request, method: str, rest: str, query: dict[str, str], download: bool) -> Call:
    words = rest.strip("/").split("/") if not rest.endswith("/") else rest[1:].split("/")
    if words == ["b"]:
        verb = {"GET": "buckets.list", "POST": "buckets.insert"}.get(method)
        if verb is None:
            raise _unknown(request)
        name = str(_json_object(plain_body(request)).get("name", "")) if method == "POST" else ""
        return Call(verb, request, query, name)
    bucket = unquote(words[1])
    if len(words) == 2 and method in _BUCKET:
        return Call(_BUCKET[method], request, query, bucket)
    if words[2:] == ["o"] and method in ("GET", "HEAD"):
        return Call("objects.list", request, query, bucket)
    if len(words) > 3 and words[2] == "o":
        return _object_call(request, method, words, query, download)
    verb = _BUCKET_PARTS.get(("/".join(words[2:]), method))
    if verb is None:
        raise _unknown(request)
    return Call(verb, request, query, bucket)


def _object_call(request: Request, method: str, words: list[str], query: dict[str, str], download: bool) -> Call:
    bucket = unquote(words[1])
    if method == "POST":
        for word, verb in _COPIES.items():
            if word in words[4:]:
                at = words.index(word, 4)
                tail = words[at:]
                if len(tail) >= 5 and tail[1] == "b" and tail[3] == "o":
                    to = (unquote(tail[2]), unquote("/".join(tail[4:])))
                    return Call(verb, request, query, bucket, unquote("/".join(words[3:at])), *to)
        if "moveTo" in words[4:]:
            at = words.index("moveTo", 4)
            to = (bucket, unquote("/".join(words[at + 2 :])))
            return Call("objects.move", request, query, bucket, unquote("/".join(words[3:at])), *to)
        if words[-1] == "compose":
            return Call("objects.compose", request, query, bucket, unquote("/".join(words[3:-1])))
        raise _unknown(request)
    if words[-1] == "acl" and len(words) > 4 and method == "GET":
        return Call("objectAccessControls.list", request, query, bucket, unquote("/".join(words[3:-1])))
    if method not in _OBJECT or (len(words) > 4 and words[4] in ("acl", "iam")):
        raise _unknown(request)
    verb = _OBJECT[method]
    if verb == "objects.get" and (download or query.get("alt") == "media"):
        verb = "objects.download"
    return Call(verb, request, query, bucket, unquote("/".join(words[3:])))


def _xml_api(request: Request, method: str, path: str, query: dict[str, str]) -> Call:
    bucket, _, name = path[1:].partition("/")
    bucket, name = unquote(bucket), unquote(name)
    if not bucket or not name or bucket in _OTHERS | _OWN or re.fullmatch(r"v\d+\w*", bucket):
        raise _unknown(request)
    if "X-Goog-Copy-Source" in request.headers or "x-goog-resumable" in request.headers:
        raise NotEmulated("gcs", f"XML {method} with x-goog-copy-source or x-goog-resumable", UNLOCK)
    for header, parameter in XML_HEADERS.items():
        if header in request.headers:
            query[parameter] = request.headers[header]
    upload_id = query.get("uploadId", "")
    if upload_id:
        verb = {"PUT": "upload.chunk", "POST": "upload.finish", "DELETE": "upload.cancel"}.get(method)
    elif method == "POST":
        verb = "upload.start" if "uploads" in query else None
    else:
        verb = {
            "GET": "objects.download",
            "HEAD": "objects.get",
            "PUT": "objects.insert",
            "DELETE": "objects.delete",
        }.get(method)
    if verb is None or any(each in query for each in ("acl", "tagging", "cors")):
        raise _unknown(request)
    return Call(verb, request, query, bucket, name, upload_id=upload_id, xml=True)


def plain_body(request: Request) -> bytes:
    """The body without its transport compression.

    The JSON API takes ``Content-Encoding`` for how the request travelled, not for a property of the object, unless
    the query says that the object is to have it. The XML API keeps the bytes as sent; do not call this for it.
    """
    body = request.body
    encoding = request.headers.get("Content-Encoding", "").lower()
    if not body or not encoding or "contentEncoding=" + encoding in request.query:
        return body
    try:
        if encoding == "gzip":
            return gzip.decompress(body)
        if encoding == "deflate":
            return zlib.decompress(body)
    except (OSError, EOFError, zlib.error):
        return body
    return body


def upload_parts(request: Request) -> tuple[dict[str, Any], bytes, str]:
    """Metadata, content and content type of a multipart upload.

    :raises Refusal: 400, it has not two parts
    """
    parts = multipart(replace(request, body=plain_body(request)))
    if len(parts) != 2:
        raise Refusal(400, "Multipart must have exactly two parts.", "badRequest")
    (_, meta), (headers, content) = parts
    return _json_object(meta), content, headers.get("Content-Type", "")


def multipart(request: Request) -> list[tuple[CIMultiDict[str], bytes]]:
    """Headers and payload of each part of a multipart body, every byte of the payload as sent.

    :raises Refusal: 400, there is no boundary
    """
    match = re.search(r'boundary="?([^";]+)"?', request.headers.get("Content-Type", ""))
    if match is None:
        raise Refusal(400, "Failed to parse Content-Type header.", "badRequest")
    mark = b"--" + match[1].strip().encode()
    # A delimiter is at the start of a line and alone on it, so that content may contain the boundary's text. The first
    # one tells the line end in use: with "\n" (gcsfs) a "\r" before it belongs to the content.
    first = re.search(re.escape(mark) + rb"[ \t]*(\r?\n)", request.body)
    end = first[1] if first is not None else b"\r\n"
    cuts = list(re.finditer(rb"(?:\A|" + end + rb")" + re.escape(mark) + rb"(--)?[ \t]*(?=\r?\n|\Z)", request.body))
    found = []
    for here, after in itertools.pairwise(cuts):
        payload = request.body[here.end() : after.start()].removeprefix(end)
        head, _, content = _split_head(payload)
        found.append((_headers(head.decode("utf-8", "replace").splitlines()), content))
    return found


def _split_head(payload: bytes) -> tuple[bytes, bytes, bytes]:
    if payload.startswith((b"\r\n", b"\n")):
        return b"", b"", payload.split(b"\n", 1)[1]
    match = re.search(rb"\r?\n\r?\n", payload)
    if match is None:
        return payload, b"", b""
    return payload[: match.start()], match[0], payload[match.end() :]


def _headers(lines: list[str]) -> CIMultiDict[str]:
    found: CIMultiDict[str] = CIMultiDict()
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            found.add(name.strip(), value.strip())
    return found


def _json_object(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        value = json.loads(body)
    except ValueError:
        raise Refusal(400, "Parse Error", "parseError") from None
    if not isinstance(value, dict):
        raise Refusal(400, "Parse Error", "parseError")
    for key, kind in _TYPES.items():
        given = value.get(key)
        if given is not None and not isinstance(given, kind):
            raise Refusal(400, f"Invalid value for: {key}")
        if kind is list and not all(isinstance(each, dict) for each in given or ()):
            raise Refusal(400, f"Invalid value for: {key}")
    return value


_TYPES = (
    dict.fromkeys(("metadata", "labels", "versioning", "destination", "lifecycle", "softDeletePolicy"), dict)
    | dict.fromkeys(("acl", "defaultObjectAcl", "sourceObjects", "bindings", "cors"), list)
    | dict.fromkeys(("name", "storageClass", "contentType", "contentEncoding", "md5Hash", "crc32c", "location"), str)
)
"""What JSON type the real service insists on, so that nothing ill-typed gets into the state."""
