"""The methods of the JSON and XML API on objects."""

from __future__ import annotations

import base64
import gzip
import re
import zlib
from collections.abc import Mapping
from datetime import datetime
from email.utils import formatdate
from typing import Any

from pytest_dagguard.cloud.emulator import Response
from pytest_dagguard.cloud.gcs_answers import Refusal, as_json, etag, no_object, object_resource
from pytest_dagguard.cloud.gcs_call import UNLOCK, Call, plain_body, upload_parts
from pytest_dagguard.cloud.gcs_preconditions import enforce, enforce_etag, number
from pytest_dagguard.cloud.gcs_storage import WRITABLE, Resource, Vault, emulate, glob_matches
from pytest_dagguard.model.errors import NotEmulated

HASHES = {"crc32c": "crc32c", "md5": "md5Hash"}


def create(vault: Vault, bucket: str, name: str, content: bytes, meta: Mapping[str, Any], kind: str = "") -> Resource:
    """Write an object, whole.

    :param meta: its metadata as a client gives it, with ``md5Hash`` and ``crc32c`` to be checked
    :param kind: content type where the metadata has none
    :returns: the stored resource
    :raises Refusal: 400 for a wrong checksum, 404 for a bucket that is not there
    """
    refuse_holds(meta)
    given = {key: value for key, value in meta.items() if key in WRITABLE or key in ("md5Hash", "crc32c")}
    given.setdefault("storageClass", vault.bucket(bucket).get("storageClass", "STANDARD"))
    data = {"meta": given, "content": content, "content-type": kind or "application/octet-stream"}
    stored: Resource = emulate(
        vault, "objects.insert", bucket, query={"uploadType": ["multipart"], "name": [name]}, data=data
    )
    return stored


def refuse_holds(meta: Mapping[str, Any]) -> None:
    """Say that it is not emulated where an object is to refuse its own deletion.

    :raises NotEmulated: it is
    """
    for key in ("temporaryHold", "eventBasedHold", "retention"):
        if meta.get(key):
            raise NotEmulated("gcs", f"an object with {key}", UNLOCK)


def header_hashes(header: str) -> dict[str, str]:
    """Checksums of an ``X-Goog-Hash`` header, named as in the metadata."""
    pairs = (each.strip().split("=", 1) for each in header.split(",") if "=" in each)
    return {HASHES[name]: value for name, value in pairs if name in HASHES}


def insert(vault: Vault, call: Call) -> Response:
    """``objects.insert``: multipart, media, or PUT of the XML API."""
    headers = call.request.headers
    meta: dict[str, Any]
    if call.xml:
        content, kind, meta = call.request.body, headers.get("Content-Type", ""), xml_metadata(headers)
        if "Content-MD5" in headers:
            meta["md5Hash"] = headers["Content-MD5"]
    elif call.query.get("uploadType") == "multipart":
        meta, content, kind = upload_parts(call.request)
    else:
        meta, content, kind = {}, plain_body(call.request), headers.get("Content-Type", "")
    if call.query.get("contentEncoding") and not call.xml:
        meta["contentEncoding"] = call.query["contentEncoding"]
    meta |= header_hashes(headers.get("X-Goog-Hash", ""))
    enforce(call.query, vault.live(call.bucket, call.name))
    stored = create(vault, call.bucket, call.name, content, meta, kind)
    if call.xml:
        return Response(200, _headers(stored))
    return as_json(shown(stored, call))


def xml_metadata(headers: Mapping[str, str]) -> dict[str, Any]:
    """An object's metadata as headers of the XML API give it."""
    names = {
        "Cache-Control": "cacheControl",
        "Content-Disposition": "contentDisposition",
        "Content-Encoding": "contentEncoding",
        "Content-Language": "contentLanguage",
        "x-goog-storage-class": "storageClass",
        "x-goog-custom-time": "customTime",
    }
    found: dict[str, Any] = {key: headers[header] for header, key in names.items() if headers.get(header)}
    if found.get("contentEncoding") == "aws-chunked":
        del found["contentEncoding"]
    custom = {key.lower()[12:]: value for key, value in headers.items() if key.lower().startswith("x-goog-meta-")}
    return found | ({"metadata": custom} if custom else {})


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
        return Response(200, (*_headers(found), ("Content-Length", found["size"])))
    return as_json(shown(found, call), headers=(("ETag", found["etag"]),))


def download(vault: Vault, call: Call) -> Response:
    """``objects.get`` with ``alt=media``, and GET of the XML API: whole or a range, gzip kept or undone."""
    found = find(vault, call)
    headers = call.request.headers
    enforce_etag(headers, found["etag"])
    content = vault.content(call.bucket, call.name)
    extra = list(_headers(found))
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


def _headers(resource: Resource) -> tuple[tuple[str, str], ...]:
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


def delete(vault: Vault, call: Call) -> Response:
    """``objects.delete``: at once and for good."""
    find(vault, call)
    emulate(vault, "objects.delete", call.bucket, call.name)
    return Response(204)


def patch(vault: Vault, call: Call) -> Response:
    """``objects.patch`` (only what is named, null removes) and ``objects.update`` (what is not named is removed)."""
    found, change = find(vault, call), call.json()
    refuse_holds(change)
    changed = dict(found)
    if call.verb == "objects.update":
        for key in WRITABLE:
            if key not in ("storageClass", "acl"):
                changed.pop(key, None)
    _merge(changed, change)
    changed["metageneration"] = str(int(found["metageneration"]) + 1)
    changed["updated"] = vault.now()
    changed["etag"] = etag(found["generation"], changed["metageneration"])
    vault.replace(call.bucket, call.name, changed)
    return as_json(shown(changed, call))


def _merge(resource: Resource, change: Mapping[str, Any]) -> None:
    for key in WRITABLE:
        if key not in change:
            continue
        value = change[key]
        if key == "metadata" and isinstance(value, dict):
            merged = {**(resource.get("metadata") or {}), **value}
            value = {name: text for name, text in merged.items() if text is not None} or None
        if value is None and key != "storageClass":
            resource.pop(key, None)
        elif value is not None:
            resource[key] = value


def _copied(vault: Vault, call: Call) -> Resource:
    """Copy an object as it is told, all preconditions held."""
    source = vault.object(call.bucket, call.name, call.query.get("sourceGeneration"))
    enforce(call.query, source, "ifSource")
    enforce(call.query, vault.live(call.to_bucket, call.to_name))
    meta = {key: source[key] for key in WRITABLE if key in source and key not in ("acl", "storageClass")}
    _merge(meta, call.json())
    content = vault.content(call.bucket, call.name)
    return create(vault, call.to_bucket, call.to_name, content, meta)


def copy(vault: Vault, call: Call) -> Response:
    """``objects.copy``."""
    return as_json(shown(_copied(vault, call), call))


def move(vault: Vault, call: Call) -> Response:
    """``objects.move``: copy and delete in one, within a bucket."""
    stored = _copied(vault, call)
    if call.name != call.to_name:
        emulate(vault, "objects.delete", call.bucket, call.name)
    return as_json(shown(stored, call))


def rewrite(vault: Vault, call: Call) -> Response:
    """``objects.rewrite``: in several calls where the caller limits the bytes of one and the class changes.

    The token says how far it is and of which generation, so that nothing needs to be kept between the calls.
    """
    source = vault.object(call.bucket, call.name, call.query.get("sourceGeneration"))
    enforce(call.query, source, "ifSource")
    size, before = int(source["size"]), _progress(call.query.get("rewriteToken"), source["generation"])
    limit = number(call.query, "maxBytesRewrittenPerCall")
    storage_class = call.json().get("storageClass", source["storageClass"])
    if limit and storage_class != source["storageClass"] and before + limit < size:
        enforce(call.query, vault.live(call.to_bucket, call.to_name))
        token = base64.urlsafe_b64encode(f"{source['generation']}:{before + limit}".encode()).decode()
        answer = {"totalBytesRewritten": str(before + limit), "done": False, "rewriteToken": token}
    else:
        answer = {"totalBytesRewritten": str(size), "done": True, "resource": shown(_copied(vault, call), call)}
    return as_json({"kind": "storage#rewriteResponse", "objectSize": str(size), **answer})


def _progress(token: str | None, generation: str) -> int:
    if not token:
        return 0
    try:
        of, _, done = base64.urlsafe_b64decode(token).decode().partition(":")
    except ValueError:
        raise Refusal(400, "Invalid rewrite token.") from None
    if of != generation or not done.isdigit():
        raise Refusal(400, "Invalid rewrite token.")
    return int(done)


def compose(vault: Vault, call: Call) -> Response:
    """``objects.compose``: up to 32 objects of the bucket into one."""
    body = call.json()
    sources = body.get("sourceObjects") or []
    if not sources or len(sources) > 32:
        raise Refusal(400, f"The number of source components provided ({len(sources)}) is not between 1 and 32.")
    found = []
    for each in sources:
        wanted = each.get("generation")
        found.append(vault.object(call.bucket, str(each.get("name")), str(wanted) if wanted else None))
        conditions = {key: str(value) for key, value in (each.get("objectPreconditions") or {}).items()}
        enforce(conditions, found[-1])
    enforce(call.query, vault.live(call.bucket, call.name))
    meta = dict(body.get("destination") or {})
    meta.setdefault("contentType", found[0].get("contentType"))
    content = b"".join(vault.content(call.bucket, each["name"]) for each in found)
    stored = create(vault, call.bucket, call.name, content, meta)
    # The real service gives no MD5 to a composite object and says how many parts it has.
    composite = {key: value for key, value in stored.items() if key != "md5Hash"}
    composite["componentCount"] = sum(int(each.get("componentCount", 1)) for each in found)
    vault.replace(call.bucket, call.name, composite)
    if body.get("deleteSourceObjects"):
        for each in {each["name"] for each in found} - {call.name}:
            emulate(vault, "objects.delete", call.bucket, each)
    return as_json(shown(composite, call))


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
