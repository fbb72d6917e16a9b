"""The methods of the JSON API on buckets."""

from __future__ import annotations

import base64
import copy
from typing import Any

from pytest_dagguard.cloud.emulator import Response
from pytest_dagguard.cloud.gcs_answers import Refusal, as_json, bucket_resource, etag
from pytest_dagguard.cloud.gcs_call import UNLOCK, Call
from pytest_dagguard.cloud.gcs_preconditions import enforce, number
from pytest_dagguard.cloud.gcs_storage import Resource, Vault, emulate
from pytest_dagguard.model.errors import NotEmulated

OWN = frozenset(
    ("kind", "id", "selfLink", "projectNumber", "name", "timeCreated", "updated", "metageneration", "etag")
) | frozenset(("softDeletePolicy", "generation"))
"""What the service sets: the rest of a bucket's resource is what its owner chose."""


def shown(resource: Resource, call: Call) -> Resource:
    """A bucket as the caller is to see it."""
    return bucket_resource(resource, call.request.host, call.query.get("projection") == "full")


def create(vault: Vault, name: str, meta: dict[str, Any]) -> Resource:
    """Make a bucket with what its maker chose (the emulator takes the name only), and without soft delete.

    :raises Refusal: 409, it is there
    """
    refuse_versions(meta)
    emulate(vault, "buckets.insert", name, data={"name": name})
    return _change(vault, name, meta, "1")


def _change(vault: Vault, name: str, meta: dict[str, Any], metageneration: str) -> Resource:
    # The handler changes the resource in place, and snapshots share it.
    vault.buckets[name] = changed = copy.deepcopy(vault.buckets[name])
    for key in [key for key, value in meta.items() if value is None and key not in OWN]:
        changed.pop(key, None)
    labels = meta.get("labels")
    if isinstance(labels, dict):
        merged = {**changed.get("labels", {}), **labels}
        meta = {**meta, "labels": {key: value for key, value in merged.items() if value is not None}}
    emulate(vault, "buckets.patch", name, data=meta)
    if metageneration == "1":
        changed["timeCreated"] = vault.now()
        changed["generation"] = vault.next_generation()
    changed |= {
        "metageneration": metageneration,
        "updated": vault.now(),
        "etag": etag("0", metageneration),
        "softDeletePolicy": {"retentionDurationSeconds": "0"},
    }
    return changed


def refuse_versions(meta: dict[str, Any]) -> None:
    """Say that it is not emulated where a bucket is to keep old generations or to refuse deletes."""
    if (meta.get("versioning") or {}).get("enabled"):
        raise NotEmulated("gcs", "object versioning", UNLOCK)
    if meta.get("retentionPolicy"):
        raise NotEmulated("gcs", "a retention policy", UNLOCK)


def insert(vault: Vault, call: Call) -> Response:
    """``buckets.insert``."""
    meta = call.json()
    if not call.bucket:
        raise Refusal(400, "Required", "required")
    return as_json(shown(create(vault, call.bucket, meta), call))


def get(vault: Vault, call: Call) -> Response:
    """``buckets.get``."""
    found = vault.bucket(call.bucket)
    enforce(call.query, found)
    return as_json(shown(found, call))


def patch(vault: Vault, call: Call) -> Response:
    """``buckets.patch`` and ``buckets.update``."""
    found = vault.bucket(call.bucket)
    enforce(call.query, found)
    change = call.json()
    refuse_versions(change)
    return as_json(shown(_change(vault, call.bucket, change, str(int(found["metageneration"]) + 1)), call))


def delete(vault: Vault, call: Call) -> Response:
    """``buckets.delete``: an empty one, whatever uploads into it are unfinished."""
    found = vault.bucket(call.bucket)
    enforce(call.query, found)
    if vault.objects.get(call.bucket):
        raise Refusal(409, "The bucket you tried to delete is not empty.")
    emulate(vault, "buckets.delete", call.bucket)
    return Response(204)


def listing(vault: Vault, call: Call) -> Response:
    """``buckets.list``."""
    most = min(max(number(call.query, "maxResults") or 1000, 1), 1000)
    try:
        after = base64.urlsafe_b64decode(call.query.get("pageToken", "")).decode()
    except ValueError:
        raise Refusal(400, "Invalid value for page token.") from None
    prefix = call.query.get("prefix", "")
    names = [name for name in sorted(vault.buckets) if name.startswith(prefix) and name > after]
    answer: dict[str, Any] = {"kind": "storage#buckets"}
    if len(names) > most:
        answer["nextPageToken"] = base64.urlsafe_b64encode(names[most - 1].encode()).decode()
    if names:
        answer["items"] = [shown(vault.buckets[name], call) for name in names[:most]]
    return as_json(answer)


def other(vault: Vault, call: Call) -> Response:
    """What the emulator does right by itself: access control lists, IAM policies, permissions; and tokens."""
    if call.verb == "metadata.token":
        return as_json({"access_token": "dagguard", "expires_in": 3600, "token_type": "Bearer"})
    if call.verb == "metadata.account":
        return as_json({"email": "dagguard@dagguard.invalid", "scopes": [], "aliases": ["default"]})
    found = vault.bucket(call.bucket)
    if call.verb == "buckets.getStorageLayout":
        keys = ("location", "locationType")
        layout = {"kind": "storage#storageLayout", "bucket": call.bucket, "hierarchicalNamespace": {"enabled": False}}
        return as_json(layout | {key: found.get(key) for key in keys})
    if call.verb == "objectAccessControls.list":
        vault.object(call.bucket, call.name)
    data = call.json() if call.request.method == "PUT" else None
    permissions = [value for key, value in call.pairs() if key == "permissions"]
    return as_json(emulate(vault, call.verb, call.bucket, call.name, {"permissions": permissions}, data))
