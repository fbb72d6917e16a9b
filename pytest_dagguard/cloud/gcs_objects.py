"""The methods of the JSON and XML API that make and change objects."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from pytest_dagguard.cloud.emulator import Response
from pytest_dagguard.cloud.gcs_answers import Refusal, as_json, etag
from pytest_dagguard.cloud.gcs_call import UNLOCK, Call, plain_body, upload_parts
from pytest_dagguard.cloud.gcs_preconditions import enforce, number
from pytest_dagguard.cloud.gcs_reading import HASHES, find, headers_of, shown
from pytest_dagguard.cloud.gcs_storage import WRITABLE, Resource, Vault, emulate
from pytest_dagguard.model.errors import NotEmulated


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
        return Response(200, headers_of(stored))
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
