"""The methods of the JSON and XML API that read objects: their metadata, their content, and lists of them."""

from __future__ import annotations

import base64
import gzip
import re
import zlib
from datetime import datetime
from email.utils import formatdate
from typing import Any

from pytest_dagguard.cloud.emulator import Response
from pytest_dagguard.cloud.gcs_answers import Refusal, as_json, no_object, object_resource
from pytest_dagguard.cloud.gcs_call import Call
from pytest_dagguard.cloud.gcs_preconditions import enforce, enforce_etag, number
from pytest_dagguard.cloud.gcs_storage import Resource, Vault, glob_matches

HASHES = {"crc32c": "crc32c", "md5": "md5Hash"}
"""Name of a checksum in headers -> in the JSON of an object."""


def shown(resource: Resource, call: Call) -> Resource:
    """A resource as the caller is to see it."""
    return object_resource(resource, call.request.host, call.query.get("projection") == "full")


def find(vault: Vault, call: Call) -> Resource:
    """The object a call is about, its preconditions held.

    :raises Refusal: 404, 412, 304
    """
    found = vault.object(call.bucket, call.name, call.query.get("generation"))
    enforce(call.query, found)
    return found


def get(vault: Vault, call: Call) -> Response:
    """``objects.get``, and HEAD of the XML API."""
    if call.query.get("softDeleted", "").lower() == "true":
        raise no_object(call.bucket, call.name)
    found = find(vault, call)
    enforce_etag(call.request.headers, found["etag"])
    if call.xml:
        return Response(200, (*headers_of(found), ("Content-Length", found["size"])))
    return as_json(shown(found, call), headers=(("ETag", found["etag"]),))


def download(vault: Vault, call: Call) -> Response:
    """``objects.get`` with ``alt=media``, and GET of the XML API: whole or a range, gzip kept or undone."""
    found = find(vault, call)
    headers = call.request.headers
    enforce_etag(headers, found["etag"])
    content = vault.content(call.bucket, call.name)
    extra = list(headers_of(found))
    if "response-content-disposition" in call.query:
        extra.append(("Content-Disposition", call.query["response-content-disposition"]))
    if found.get("contentEncoding") == "gzip":
        accepted = "gzip" in headers.get("Accept-Encoding", "").lower()
        if not accepted and "no-transform" not in str(found.get("cacheControl", "")):
            plain = _gunzip(content)
            if plain is not None:
                # The range is of the plain content then, which the real service does not serve: it ignores the header.
                return Response(200, (*extra, ("Warning", "214 UploadServer gunzipped")), plain)
    if found.get("contentEncoding"):
        extra.append(("Content-Encoding", str(found["contentEncoding"])))
    cut = _range(headers.get("Range", ""), len(content))
    if cut is None:
        return Response(200, tuple(extra), content)
    start, end = cut
    extra.append(("Content-Range", f"bytes {start}-{end - 1}/{len(content)}"))
    return Response(206, tuple(extra), content[start:end])


def _gunzip(content: bytes) -> bytes | None:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return None


def _range(header: str, size: int) -> tuple[int, int] | None:
    """Start and end of a range, None for the whole.

    :raises Refusal: 416, it is beyond the end
    """
    match = re.fullmatch(r"\s*bytes=(\d*)-(\d*)\s*", header)
    if match is None or match[0].strip() == "bytes=-":
        return None
    if not match[1]:
        start, end = max(size - int(match[2]), 0), size
    else:
        start, end = int(match[1]), min(int(match[2]) + 1, size) if match[2] else size
        if match[2] and int(match[2]) < start:
            return None
    if start >= size or end <= start:
        raise Refusal(416, "The requested range cannot be satisfied.")
    return start, end


def headers_of(resource: Resource) -> tuple[tuple[str, str], ...]:
    """What the real service says of an object in the headers of its content."""
    hashes = [f"{name}={resource[key]}" for name, key in HASHES.items() if resource.get(key)]
    seconds = _seconds(resource["updated"])
    found = [
        ("Content-Type", str(resource.get("contentType") or "application/octet-stream")),
        ("X-Goog-Hash", ",".join(hashes)),
        ("X-Goog-Generation", resource["generation"]),
        ("X-Goog-Metageneration", resource["metageneration"]),
        ("X-Goog-Stored-Content-Encoding", str(resource.get("contentEncoding") or "identity")),
        ("X-Goog-Stored-Content-Length", resource["size"]),
        ("X-Goog-Storage-Class", str(resource.get("storageClass"))),
        ("ETag", resource["etag"]),
        ("Last-Modified", formatdate(seconds, usegmt=True)),
    ]
    for key in ("cacheControl", "contentDisposition", "contentLanguage"):
        if resource.get(key):
            found.append((re.sub("([A-Z])", r"-\1", key).title(), str(resource[key])))
    for key, value in (resource.get("metadata") or {}).items():
        # The JSON API takes any key; what cannot be the name of a header is left out.
        if value is not None and re.fullmatch(r"[\w.!#$&'*+^`|~-]+", key, re.ASCII):
            found.append((f"X-Goog-Meta-{key}", str(value)))
    # A header is one line.
    return tuple((name, re.sub(r"[\r\n\0]+", " ", text)) for name, text in found)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def listing(vault: Vault, call: Call) -> Response:
    """``objects.list``: prefix, delimiter, glob, offsets and pages."""
    query = call.query
    glob, delimiter = query.get("matchGlob", ""), query.get("delimiter", "")
    if glob and delimiter not in ("", "/"):
        raise Refusal(400, "When listing with a glob pattern, the only supported delimiter is '/'.")
    most = min(max(number(query, "maxResults") or 1000, 1), 1000)
    answer: dict[str, Any] = {"kind": "storage#objects"}
    found = [] if query.get("softDeleted", "").lower() == "true" else vault.matching(call.bucket, query.get("prefix"))
    start, after = query.get("startOffset", ""), _decoded(query.get("pageToken", ""))
    end, inclusive = query.get("endOffset", ""), query.get("includeTrailingDelimiter", "").lower() == "true"
    items: list[Resource] = []
    prefixes: list[str] = []
    last = ""
    for each in found:
        name = each["name"]
        if name < start or (end and name >= end):
            continue
        folder = _folder(name, len(query.get("prefix", "")), delimiter)
        entry = folder or name
        is_item = not folder or (inclusive and name == folder)
        is_new = bool(folder) and folder not in prefixes[-1:]
        if (after and entry <= after) or not (is_item or is_new) or (glob and not glob_matches(glob, entry)):
            continue
        if len(items) + len(prefixes) >= most:
            answer["nextPageToken"] = base64.urlsafe_b64encode(last.encode()).decode()
            break
        if is_new:
            prefixes.append(folder)
        if is_item:
            items.append(shown(each, call))
        last = entry
    return as_json(answer | ({"prefixes": prefixes} if prefixes else {}) | ({"items": items} if items else {}))


def _folder(name: str, skipped: int, delimiter: str) -> str:
    """The part of a name up to the first delimiter after the prefix, empty where there is none."""
    if not delimiter:
        return ""
    at = name.find(delimiter, skipped)
    return name[: at + len(delimiter)] if at >= 0 else ""


def _decoded(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token).decode()
    except ValueError:
        raise Refusal(400, "Invalid value for page token.") from None
