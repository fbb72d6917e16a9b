"""Amazon SQS: queues and the messages in them. Each message that is sent counts, whatever it says.

A message that is received is hidden for a while and there again unless it is deleted. A FIFO queue takes no second one
with the same deduplication id within five minutes. Who waits for a message is answered at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pytest_dagguard.cloud.aws_services.service import FOUND, Body, Footprint, Holding, Instead, Service, Wanted
from pytest_dagguard.cloud.emulator import Request
from pytest_dagguard.model.errors import NotEmulated

_QUEUES = frozenset({"CreateQueue", "DeleteQueue", "SetQueueAttributes", "TagQueue", "UntagQueue"})
_MESSAGES = frozenset(
    {
        "ChangeMessageVisibility",
        "ChangeMessageVisibilityBatch",
        "DeleteMessage",
        "DeleteMessageBatch",
        "PurgeQueue",
        "ReceiveMessage",
        "SendMessage",
        "SendMessageBatch",
    }
)
_SENDS = frozenset({"SendMessage", "SendMessageBatch"})
_READS = frozenset({"GetQueueAttributes", "GetQueueUrl", "ListQueueTags", "ListQueues"})


def queue_of(body: Body) -> str:
    """The name of the queue that a request is about; empty where it is about none or all."""
    return str(body.get("QueueName") or body.get("QueueUrl") or "").rstrip("/").rpartition("/")[2]


def ensure(backend: Any, name: str) -> None:
    """Have a queue that is named be there."""
    if name and name not in backend.queues:
        fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if name.endswith(".fifo") else {}
        setattr(backend.create_queue(name, None, **fifo), FOUND, True)


def _holds(backend: Any, wanted: Wanted) -> Iterator[Holding]:
    for queue in list(backend.queues.values()):
        if not getattr(queue, FOUND, False):
            kept = {key: each for key, each in queue.attributes.items() if not key.endswith("Timestamp")}
            kept = {key: each for key, each in kept.items() if not key.startswith("Approximate")}
            kept["tags"] = queue.tags
            yield Holding(f"sqs://{queue.name}", "queue", _text(kept))
        for each in queue._messages:
            said: dict[str, Any] = {"body": plain(each.body)}
            if each.message_attributes:
                said["attributes"] = each.message_attributes
            beside = {"MessageGroupId": each.group_id, "MessageDeduplicationId": each.deduplication_id}
            headers = tuple((key, str(value)) for key, value in sorted(beside.items()) if value)
            received = f"received {each.approximate_receive_count}"
            yield Holding(f"sqs://{queue.name}/{each.id}", "message", _text(said), received, headers)


def plain(body: str) -> Any:
    """A message's text, taken apart where it is JSON, so that a part of it may vary."""
    try:
        said = json.loads(body)
    except ValueError:
        return body
    return said if isinstance(said, (dict, list)) else body


def _text(kept: Mapping[str, Any]) -> bytes:
    return json.dumps(kept, sort_keys=True, default=str).encode()


def _footprint(backend: Any, action: str, body: Body) -> Footprint:
    name = queue_of(body)
    if not name:
        return Footprint("sqs://*", frozenset({"sqs://*"}))
    queue, messages = f"sqs://{name}", f"sqs://{name}/*"
    if action in _SENDS:
        # a FIFO queue looks for the same message; any other takes each
        return Footprint(queue, frozenset({messages} if name.endswith(".fifo") else ()), frozenset({messages}))
    if action in _MESSAGES:
        return Footprint(queue, frozenset({messages}), frozenset({messages}))
    if action in _QUEUES:
        both = frozenset({queue, messages}) if action == "DeleteQueue" else frozenset({queue})
        return Footprint(queue, both, both)
    return Footprint(queue, frozenset({queue, messages} if action == "GetQueueAttributes" else {queue}))


def _prepare(backend: Any, action: str, body: Body) -> None:
    """Have a queue that is named be there, but where it is made or taken away."""
    if action not in ("CreateQueue", "DeleteQueue", "ListQueues"):
        ensure(backend, queue_of(body))


def _receive(backend: Any, body: Body) -> Instead:
    """``ReceiveMessage`` without the wait: a message that is not there now does not come while all stand still."""
    return Instead("ReceiveMessage", {**body, "WaitTimeSeconds": 0})


def _read(request: Request, fields: Mapping[str, str], body: Body) -> Body:
    if "x-www-form-urlencoded" in request.headers.get("Content-Type", ""):
        raise NotEmulated("sqs", "in the protocol of old clients", "botocore 1.31.81 and later speak JSON")
    return body


def now() -> float:
    """Seconds by which messages expire."""
    from moto.sqs import models

    return float(models.unix_time())


def _lapse(backend: Any, seconds: float) -> None:
    """Let messages that were received be there again, and deduplication ids be forgotten."""
    for queue in backend.queues.values():
        for each in queue._messages:
            each.visible_at -= seconds * 1000
            each.delayed_until -= seconds * 1000
            each.sent_timestamp -= int(seconds * 1000)


class _NoLock:
    """In place of moto's lock of each queue, which nobody holds here, and which cannot be copied."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *error: object) -> None:
        return None

    def notify_all(self) -> None:
        """Nobody waits."""

    def wait_for(self, predicate: Any, timeout: float | None = None) -> None:
        """Not waited for."""


def _switch_off(now: Callable[[], float]) -> None:
    """Messages are hidden, kept and remembered by virtual time; locks are for those who wait."""
    from moto.sqs import models

    models.Condition = _NoLock
    models.unix_time = now
    models.unix_time_millis = lambda: now() * 1000


SERVICE = Service(
    signing="sqs",
    host="sqs",
    holds=_holds,
    footprint=_footprint,
    prepare=_prepare,
    verbs=_QUEUES | _MESSAGES | _READS,
    own={"ReceiveMessage": _receive},
    switch_off=_switch_off,
    read=_read,
    lapse=_lapse,
    emulated="queues and their messages are emulated",
)
