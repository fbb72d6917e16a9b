"""Amazon SNS: topics and what is published to them, and what of it comes to subscribed queues.

Each message that is published counts, whatever it says. A FIFO topic takes no second one with the same deduplication id
within five minutes. Subscriptions that would call somebody (Lambda, HTTP) are refused by name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

from pytest_dagguard.cloud.aws_services import moto_call, sqs
from pytest_dagguard.cloud.aws_services.service import FOUND, OURS, Body, Footprint, Holding, Service, Wanted
from pytest_dagguard.cloud.emulator import Request, Response
from pytest_dagguard.model.errors import NotEmulated

_PUBLISHES = frozenset({"Publish", "PublishBatch"})
_TOPICS = frozenset(
    {"CreateTopic", "DeleteTopic", "SetTopicAttributes", "Subscribe", "TagResource", "Unsubscribe", "UntagResource"}
)
_READS = frozenset(
    {"GetTopicAttributes", "ListSubscriptions", "ListSubscriptionsByTopic", "ListTagsForResource", "ListTopics"}
)
_DELIVERED = ("email", "email-json", "sms", "sqs")
"""Protocols of subscriptions: to queues messages do come, and for people it is enough that they were published."""

_KNOWN = OURS + "deduplicated"
_MEMORY = 300.0


def _topic(body: Body) -> str:
    arn = str(body.get("TopicArn") or body.get("TargetArn") or body.get("ResourceArn") or "")
    return str(body.get("Name") or arn.rpartition(":")[2])


def _holds(backend: Any, wanted: Wanted) -> Iterator[Holding]:
    for topic in list(backend.topics.values()):
        subscribed = [each for each in backend.subscriptions.values() if each.topic is topic]
        to = sorted(f"{each.protocol} {each.endpoint}" for each in subscribed)
        if to or not getattr(topic, FOUND, False):
            kept = {"subscriptions": to, "tags": topic._tags, "fifo": topic.fifo_topic}
            yield Holding(f"sns://{topic.name}", "topic", json.dumps(kept, sort_keys=True).encode())
        for number, message, subject, attributes, group in topic.sent_notifications:
            yield Holding(f"sns://{topic.name}/{number}", "message", _said(message, subject, attributes, group))
    for number, (phone, message) in list(backend.sms_messages.items()):
        yield Holding(f"sns://{phone}/{number}", "message", _said(message, None, None, None))


def _said(message: str, subject: str | None, attributes: Any, group: str | None) -> bytes:
    said = {"message": sqs.plain(message), "subject": subject, "attributes": attributes, "MessageGroupId": group}
    kept = {name: value for name, value in said.items() if value}
    return json.dumps(kept, sort_keys=True, default=str).encode()


def _footprint(backend: Any, action: str, body: Body) -> Footprint:
    name = str(body.get("PhoneNumber") or "") or _topic(body)
    if action == "Unsubscribe":
        name = str(body.get("SubscriptionArn", "")).rpartition(":")[0].rpartition(":")[2]
    if not name:
        return Footprint("sns://*", frozenset({"sns://*"}))
    topic, messages = f"sns://{name}", f"sns://{name}/*"
    if action in _PUBLISHES:
        queues = {f"sqs://{each.endpoint.rpartition(':')[2]}/*" for each in _queues(backend, name)}
        return Footprint(topic, frozenset({topic}), frozenset({messages, *queues}))
    changes = {topic, messages} if action == "DeleteTopic" else {topic}
    return Footprint(topic, frozenset({topic}), frozenset(changes if action in _TOPICS else ()))


def _queues(backend: Any, topic: str) -> list[Any]:
    """The subscriptions of queues to a topic."""
    found = backend.subscriptions.values()
    return [each for each in found if each.topic.name == topic and each.protocol == "sqs"]


def _prepare(backend: Any, action: str, body: Body) -> None:
    """Have a topic that is named be there, and the queues that its messages come to."""
    arn = str(body.get("TopicArn") or body.get("TargetArn") or "")
    if action == "Subscribe" and body.get("Protocol") not in _DELIVERED:
        raise NotEmulated("sns", f"Subscribe by {body.get('Protocol')}", "subscriptions of queues are emulated")
    if ":endpoint/" in arn:
        raise NotEmulated("sns", f"{action} to a device", "of sns, topics and text messages are emulated")
    if arn and action != "DeleteTopic":
        _ensure(backend, arn)
    if action in _PUBLISHES:
        for each in _queues(backend, _topic(body)):
            sqs.ensure(_queues_of(backend), each.endpoint.rpartition(":")[2])


def _queues_of(backend: Any) -> Any:
    from moto.backends import get_backend

    return get_backend("sqs")[moto_call.ACCOUNT][backend.region_name]


def _ensure(backend: Any, arn: str) -> None:
    """Have a topic of this account or of another be there."""
    name = arn.rpartition(":")[2]
    if any(each.name == name for each in backend.topics.values()):
        return
    fifo = {"FifoTopic": "true", "ContentBasedDeduplication": "true"} if name.endswith(".fifo") else {}
    setattr(backend.create_topic(name, fifo), FOUND, True)


def _publish(backend: Any, body: Body) -> Response | None:
    """``Publish``: a FIFO topic remembers deduplication ids, which moto takes no notice of."""
    name = _topic(body)
    if body.get("PhoneNumber") or not name.endswith(".fifo"):
        return None
    known = vars(backend).setdefault(_KNOWN, {})
    given = body.get("MessageDeduplicationId") or hashlib.sha256(str(body.get("Message")).encode()).hexdigest()
    topic, now = next(each for each in backend.topics.values() if each.name == name), sqs.now()
    if (name, given) in known and now - known[name, given][1] < _MEMORY:
        number = known[name, given][0]
    else:
        number = backend.publish(
            str(body.get("Message")),
            arn=topic.arn,
            subject=body.get("Subject"),
            group_id=body.get("MessageGroupId"),
            deduplication_id=body.get("MessageDeduplicationId"),
            message_structure=body.get("MessageStructure"),
        )
        known[name, given] = (number, now)
    return _xml("Publish", f"<MessageId>{number}</MessageId>")


def _publish_batch(backend: Any, body: Body) -> None:
    """:raises NotEmulated: to a FIFO topic, whose deduplication moto does not have"""
    if _topic(body).endswith(".fifo"):
        raise NotEmulated("sns", "PublishBatch to a FIFO topic", "one by one they are emulated")


def _xml(action: str, result: str) -> Response:
    space = "http://sns.amazonaws.com/doc/2010-03-31/"
    text = f'<{action}Response xmlns="{space}"><{action}Result>{result}</{action}Result></{action}Response>'
    return Response(200, (("Content-Type", "text/xml"),), text.encode())


def _lapse(backend: Any, seconds: float) -> None:
    """Let deduplication ids be forgotten."""
    known = vars(backend).get(_KNOWN, {})
    for key, (number, when) in known.items():
        known[key] = (number, when - seconds)


def _read(request: Request, fields: Mapping[str, str], body: Body) -> Body:
    """The fields of a request in AWS's query protocol."""
    if not request.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        return body
    return dict(_form(request))


def _form(request: Request) -> list[tuple[str, str]]:
    return parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)


def _at_home(request: Request, region: str) -> Request:
    """The request with topics and queues of whichever account and region as of the one that is here."""

    def here(name: str, value: str) -> str:
        if not name.endswith(("Arn", "Endpoint")) or not value.startswith("arn:"):
            return value
        parts = value.split(":", 5)
        return ":".join([*parts[:3], region, moto_call.ACCOUNT, *parts[5:]])

    headers = request.headers.copy()
    headers.popall("Content-Length", None)
    body = urlencode([(name, here(name, value)) for name, value in _form(request)]).encode()
    return replace(request, headers=headers, body=body)


def _one_key(now: Callable[[], float]) -> None:
    """Have all subscriptions sign with one key: moto makes one for each, and anew for each copy."""
    from moto.sns import models

    @cache
    def key() -> Any:
        return models.rsa.generate_private_key(public_exponent=65537, key_size=2048)

    models.Subscription.private_key = lambda self: key()


SERVICE = Service(
    signing="sns",
    host="sns",
    holds=_holds,
    footprint=_footprint,
    prepare=_prepare,
    verbs=_PUBLISHES | _TOPICS | _READS,
    own={"Publish": _publish, "PublishBatch": _publish_batch},
    read=_read,
    rewrite=_at_home,
    switch_off=_one_key,
    lapse=_lapse,
    beside=("sqs",),
    emulated="topics and their messages are emulated",
)
