"""Naming a call as an operation: verb, resource, and what it reads and writes."""

from __future__ import annotations

from collections.abc import Callable

from pytest_dagguard.cloud.gcs_answers import Refusal
from pytest_dagguard.cloud.gcs_call import Call
from pytest_dagguard.cloud.gcs_preconditions import conditional
from pytest_dagguard.cloud.gcs_uploads import Sessions
from pytest_dagguard.model.operation import Operation

_READS = (
    frozenset(
        ("objects.get", "objects.download", "buckets.get", "buckets.testIamPermissions", "buckets.getStorageLayout")
    )
    | frozenset(("bucketAccessControls.list", "defaultObjectAccessControls.list", "objectAccessControls.list"))
    | frozenset(("buckets.getIamPolicy",))
)


def operation(call: Call, sessions: Sessions, missing: Callable[[str], bool]) -> Operation:
    """Name a call.

    :param sessions: the present upload sessions
    :param missing: says whether the call would make this bucket, because it is not there
    """
    if call.verb == "batch":
        return _batch(call, sessions, missing)
    if call.verb.startswith("upload."):
        found = _upload(call, sessions)
    elif call.verb in ("objects.copy", "objects.rewrite", "objects.move"):
        found = _copy(call)
    else:
        found = _plain(call)
    # A bucket is read by all that is in it: nothing can be written to one that is gone.
    named = {bucket for bucket in (call.bucket, call.to_bucket) if bucket}
    made = frozenset(f"gs://{bucket}" for bucket in named if missing(bucket) and call.verb not in NOT_MADE)
    buckets = frozenset(f"gs://{bucket}" for bucket in named)
    return Operation("gcs", found.verb, found.resource, found.reads | buckets, found.writes | made)


NOT_MADE = ("buckets.insert", "buckets.delete")
"""The methods that do not make a bucket that is not there."""


def _plain(call: Call) -> Operation:
    if call.verb.startswith("metadata."):
        return Operation("gcs", call.verb, "metadata server")
    bucket, item = f"gs://{call.bucket}", f"gs://{call.bucket}/{call.name}"
    one, nothing = frozenset({item if call.name else bucket}), frozenset[str]()
    resource = item if call.name else bucket
    if call.verb == "objects.list":
        listed = frozenset({f"gs://{call.bucket}/{call.query.get('prefix', '')}*"})
        return Operation("gcs", call.verb, f"gs://{call.bucket}/{call.query.get('prefix', '')}*", listed)
    if call.verb == "buckets.list":
        return Operation("gcs", call.verb, "gs://", frozenset({"gs://*"}))
    if call.verb == "buckets.delete":
        return Operation("gcs", call.verb, bucket, frozenset({bucket, f"{bucket}/*"}), one)
    if call.verb == "objects.compose":
        body = call.json()
        sources = {f"{bucket}/{each.get('name')}" for each in body.get("sourceObjects") or [] if isinstance(each, dict)}
        gone = sources if body.get("deleteSourceObjects") else set()
        reads = one if conditional(call.query) else nothing
        return Operation("gcs", call.verb, resource, frozenset(sources) | reads, one | gone)
    if call.verb in _READS:
        return Operation("gcs", call.verb, resource, one)
    reads = nothing if call.verb == "objects.insert" and not conditional(call.query) else one
    return Operation("gcs", call.verb, resource, reads, one)


def _copy(call: Call) -> Operation:
    source = f"gs://{call.bucket}/{call.name}"
    target = f"gs://{call.to_bucket}/{call.to_name}"
    reads, writes = {source}, {target}
    if conditional(call.query):
        reads.add(target)
    if call.verb == "objects.move":
        writes.add(source)
    return Operation("gcs", call.verb, target, frozenset(reads), frozenset(writes))


def _upload(call: Call, sessions: Sessions) -> Operation:
    session = sessions.open.get(call.upload_id)
    bucket, name = (session.bucket, session.name) if session is not None else (call.bucket, call.name)
    verb = sessions.verb(call)
    upload_id = call.upload_id or sessions.next_id(bucket, name)
    upload, item = f"gs-upload://{bucket}/{name}?{upload_id}", f"gs://{bucket}/{name}"
    reads, writes = {upload}, {upload}
    if verb == "upload.status":
        writes = set()
    if verb == "upload.finish":
        writes.add(item)
        if conditional(call.query) or (session is not None and conditional(session.query)):
            reads.add(item)
    return Operation("gcs", verb, upload, frozenset(reads), frozenset(writes))


def _batch(call: Call, sessions: Sessions, missing: Callable[[str], bool]) -> Operation:
    parts = [operation(part, sessions, missing) for _, part in call.parts if not isinstance(part, Refusal)]
    reads = frozenset().union(*(part.reads for part in parts))
    writes = frozenset().union(*(part.writes for part in parts))
    names = [part.resource for part in parts]
    resource = names[0] if len(set(names)) == 1 else _common(names) + "*"
    return Operation("gcs", call.verb, resource, reads, writes)


def _common(names: list[str]) -> str:
    """The longest text that all names begin with."""
    low, high = min(names, default=""), max(names, default="")
    same = 0
    while same < len(low) and low[same] == high[same]:
        same += 1
    return low[:same]
