"""Queues and topics with real clients: what counts as one message, when one that was received is there again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.parsers import ResponseParserError

from aws_stand import Stand, code
from pytest_dagguard.model.operation import conflicts

TOPIC = "arn:aws:sns:eu-west-1:111122223333:done"
QUEUE = "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"


def messages(aws: Stand) -> list[Any]:
    found = [each for name, each in sorted(aws.emulator.entries().items()) if each.kind == "message"]
    return [json.loads(aws.emulator._blobs.contents[each.digest]) for each in found]


def test_a_queue_that_is_named_is_there_and_each_message_counts(aws: Stand) -> None:
    client = aws.client("sqs")
    assert client.get_queue_url(QueueName="jobs")["QueueUrl"].endswith("/jobs")
    assert aws.emulator.entries() == {}
    for _ in range(2):
        client.send_message(QueueUrl=QUEUE, MessageBody='{"day": 1}')
    client.send_message_batch(QueueUrl=QUEUE, Entries=[{"Id": "a", "MessageBody": "text"}])
    assert sorted(messages(aws), key=str) == [{"body": "text"}, {"body": {"day": 1}}, {"body": {"day": 1}}]
    assert {name.rpartition("/")[0] for name in aws.emulator.entries()} == {"sqs://jobs"}


def test_a_queue_that_is_made_is_kept_and_one_with_other_attributes_is_refused(aws: Stand) -> None:
    client = aws.client("sqs")
    for _ in range(2):
        client.create_queue(QueueName="mine", Attributes={"VisibilityTimeout": "60"})
    assert list(aws.emulator.entries()) == ["sqs://mine"]
    again = code(lambda: client.create_queue(QueueName="mine", Attributes={"VisibilityTimeout": "61"}))
    assert again == "QueueAlreadyExists"
    client.delete_queue(QueueUrl=QUEUE.replace("jobs", "mine"))
    assert aws.emulator.entries() == {}


def test_a_message_that_was_received_is_hidden_until_its_time_is_over(aws: Stand) -> None:
    client = aws.client("sqs")
    client.send_message(QueueUrl=QUEUE, MessageBody="x")
    kept = aws.emulator.snapshot()
    (first,) = client.receive_message(QueueUrl=QUEUE, WaitTimeSeconds=20)["Messages"]
    assert "Messages" not in client.receive_message(QueueUrl=QUEUE, WaitTimeSeconds=20)
    assert len(messages(aws)) == 1
    aws.emulator.lapse(31)
    (second,) = client.receive_message(QueueUrl=QUEUE)["Messages"]
    assert first["MessageId"] == second["MessageId"]
    client.delete_message(QueueUrl=QUEUE, ReceiptHandle=second["ReceiptHandle"])
    assert messages(aws) == []
    aws.emulator.restore(kept)
    assert client.receive_message(QueueUrl=QUEUE)["Messages"][0]["MessageId"] == first["MessageId"]


@pytest.mark.parametrize("given", [{"MessageDeduplicationId": "day"}, {}], ids=["by id", "by content"])
def test_a_fifo_queue_takes_a_message_once_in_five_minutes(aws: Stand, given: dict[str, str]) -> None:
    client, queue = aws.client("sqs"), QUEUE + ".fifo"
    send: dict[str, Any] = {"QueueUrl": queue, "MessageBody": "x", "MessageGroupId": "g", **given}
    client.send_message(**send)
    client.send_message(**send)
    assert len(messages(aws)) == 1
    aws.emulator.lapse(301)
    client.send_message(**send)
    assert len(messages(aws)) == 2


def test_a_topic_that_is_named_is_there_and_each_message_counts(aws: Stand) -> None:
    client = aws.client("sns", "eu-west-1")
    for _ in range(2):
        client.publish(TopicArn=TOPIC, Message='{"day": 1}', Subject="s")
    client.publish_batch(TopicArn=TOPIC, PublishBatchRequestEntries=[{"Id": "a", "Message": "text"}])
    client.publish(PhoneNumber="+447420500600", Message="done")
    said = {"message": {"day": 1}, "subject": "s"}
    assert sorted(messages(aws), key=str) == [{"message": "done"}, {"message": "text"}, said, said]
    assert client.get_topic_attributes(TopicArn=TOPIC)["Attributes"]["TopicArn"].endswith(":done")


def test_what_is_published_comes_to_the_queues_that_are_subscribed(aws: Stand) -> None:
    client, queues = aws.client("sns", "eu-west-1"), aws.client("sqs", "eu-west-1")
    for _ in range(2):
        made = client.create_topic(Name="done")["TopicArn"]
        endpoint = "arn:aws:sqs:eu-west-1:111122223333:jobs"
        subscription = client.subscribe(TopicArn=made, Protocol="sqs", Endpoint=endpoint)["SubscriptionArn"]
    kept = aws.emulator.snapshot()
    assert list(aws.emulator.entries()) == ["sns://done"]
    aws.operations.clear()
    client.publish(TopicArn=TOPIC, Message="hello")
    (received,) = queues.receive_message(QueueUrl=QUEUE)["Messages"]
    assert json.loads(received["Body"])["Message"] == "hello"
    assert conflicts(*aws.operations)
    aws.emulator.restore(kept)
    client.unsubscribe(SubscriptionArn=subscription)
    client.publish(TopicArn=TOPIC, Message="hello")
    assert "Messages" not in queues.receive_message(QueueUrl=QUEUE)


@pytest.mark.parametrize("given", [{"MessageDeduplicationId": "day"}, {}], ids=["by id", "by content"])
def test_a_fifo_topic_takes_a_message_once_in_five_minutes(aws: Stand, given: dict[str, str]) -> None:
    client = aws.client("sns", "eu-west-1")
    send: dict[str, Any] = {"TopicArn": TOPIC + ".fifo", "Message": "x", "MessageGroupId": "g", **given}
    first, second = (client.publish(**send)["MessageId"] for _ in range(2))
    assert first == second
    assert len(messages(aws)) == 1
    aws.emulator.lapse(301)
    assert client.publish(**send)["MessageId"] != first
    assert len(messages(aws)) == 2


@pytest.mark.parametrize(
    ("action", "given"),
    [
        ("subscribe", {"TopicArn": TOPIC, "Protocol": "https", "Endpoint": "https://example.com"}),
        ("subscribe", {"TopicArn": TOPIC, "Protocol": "lambda", "Endpoint": "arn:aws:lambda:x:1:function:f"}),
        ("publish", {"TargetArn": "arn:aws:sns:eu-west-1:1:endpoint/GCM/app/1", "Message": "x"}),
        ("create_platform_application", {"Name": "a", "Platform": "GCM", "Attributes": {}}),
    ],
)
def test_what_would_call_somebody_is_refused_by_name(aws: Stand, action: str, given: dict[str, Any]) -> None:
    with pytest.raises(ResponseParserError):
        getattr(aws.client("sns"), action)(**given)
    assert [each.service for each in aws.refused] == ["sns"]


def test_who_sends_to_a_queue_meets_who_receives_and_not_who_sends(aws: Stand) -> None:
    client = aws.client("sqs")
    client.send_message(QueueUrl=QUEUE, MessageBody="x")
    client.receive_message(QueueUrl=QUEUE)
    client.send_message(QueueUrl=QUEUE + "2", MessageBody="x")
    send, receive, other = aws.operations
    assert str(send) == "sqs SendMessage sqs://jobs"
    assert conflicts(send, receive)
    assert not conflicts(receive, other)


def test_an_event_counts_however_often_it_is_put_and_a_rule_once(aws: Stand) -> None:
    client = aws.client("events")
    event = {"Source": "etl", "DetailType": "done", "Detail": '{"day": 1}', "EventBusName": "mine"}
    for _ in range(2):
        assert client.put_events(Entries=[event])["FailedEntryCount"] == 0
        client.put_rule(Name="nightly", ScheduleExpression="rate(1 day)")
    assert client.put_events(Entries=[{**event, "Detail": "no JSON"}])["FailedEntryCount"] == 1
    said = {"source": "etl", "type": "done", "detail": {"day": 1}}
    assert sorted(messages(aws), key=str) == [said, said]
    kept, before = aws.emulator.snapshot(), aws.emulator.entries()
    assert "events://default/rules/nightly" in before
    client.disable_rule(Name="nightly")
    assert aws.emulator.entries() != before
    client.delete_rule(Name="nightly")
    aws.emulator.restore(kept)
    assert aws.emulator.entries() == before
    code(lambda: client.put_targets(Rule="nightly", Targets=[{"Id": "a", "Arn": "arn:aws:lambda:x:1:function:f"}]))
    assert [each.service for each in aws.refused] == ["events"]
