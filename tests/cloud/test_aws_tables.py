"""Tables of DynamoDB with real clients: items are part of the state, by their keys."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer

from aws_stand import Stand, code
from pytest_dagguard.model.operation import conflicts
from pytest_dagguard.model.seed import Seed

ORDERS = {"key": {"id": "S"}, "items": [{"id": "a", "n": 1, "tags": ["x"], "more": {"ok": True, "none": None}}]}
DAYS = {"key": {"customer": "N", "day": "S"}, "items": []}
PUT = {"id": {"S": "b"}, "n": {"N": "2.5"}, "of": {"SS": ["y", "x"]}}


@pytest.fixture
def seeded(aws: Stand) -> Stand:
    aws.emulator.seed(Seed(tables={"orders": ORDERS, "days": DAYS}))
    return aws


def items(aws: Stand) -> dict[str, Any]:
    entries = aws.emulator.entries()
    kept = {name: each.digest for name, each in entries.items() if each.kind == "item"}
    return {name: json.loads(aws.emulator._blobs.contents[digest]) for name, digest in kept.items()}


def test_the_seed_is_there_in_every_region(seeded: Stand) -> None:
    client = seeded.client("dynamodb", "eu-west-1")
    found = client.get_item(TableName="orders", Key={"id": {"S": "a"}})["Item"]
    assert found == {name: TypeSerializer().serialize(value) for name, value in ORDERS["items"][0].items()}  # type: ignore[index]
    assert client.scan(TableName="orders")["Count"] == 1
    assert client.describe_table(TableName="days")["Table"]["TableStatus"] == "ACTIVE"
    assert items(seeded) == {"dynamodb://orders/a": ORDERS["items"][0]}  # type: ignore[index]


def test_items_are_kept_by_their_keys_and_come_back_with_a_state(seeded: Stand) -> None:
    client, kept, before = seeded.client("dynamodb"), seeded.emulator.snapshot(), seeded.emulator.entries()
    for _ in range(2):
        client.put_item(TableName="orders", Item=PUT)
        client.put_item(TableName="days", Item={"customer": {"N": "7"}, "day": {"S": "2024-01-01"}})
        client.batch_write_item(RequestItems={"orders": [{"DeleteRequest": {"Key": {"id": {"S": "a"}}}}]})
        assert items(seeded) == {
            "dynamodb://days/7/2024-01-01": {"customer": 7, "day": "2024-01-01"},
            "dynamodb://orders/b": {"id": "b", "n": 2.5, "of": {"SS": ["x", "y"]}},
        }
    seeded.emulator.restore(kept)
    assert seeded.emulator.entries() == before
    one = {"Key": {"id": {"S": "a"}}, "ExpressionAttributeValues": {":one": {"N": "1"}}}
    client.update_item(TableName="orders", UpdateExpression="ADD n :one", **one)
    assert items(seeded)["dynamodb://orders/a"]["n"] == 2
    seeded.emulator.restore(kept)
    assert seeded.emulator.entries() == before


def test_a_condition_is_kept(seeded: Stand) -> None:
    client = seeded.client("dynamodb")
    once = {"TableName": "orders", "Item": PUT, "ConditionExpression": "attribute_not_exists(id)"}
    client.put_item(**once)
    assert code(lambda: client.put_item(**once)) == "ConditionalCheckFailedException"


def test_a_token_of_a_transaction_holds_for_ten_minutes(seeded: Stand) -> None:
    client = seeded.client("dynamodb")
    update = {
        "TableName": "orders",
        "Key": {"id": {"S": "a"}},
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }

    def write(token: str = "day", **more: Any) -> None:
        client.transact_write_items(TransactItems=[{"Update": {**update, **more}}], ClientRequestToken=token)

    for _ in range(2):
        write()
    assert items(seeded)["dynamodb://orders/a"]["n"] == 2
    other = code(lambda: write(Key={"id": {"S": "b"}}))
    assert other == "IdempotentParameterMismatchException"
    seeded.emulator.lapse(601)
    write()
    assert items(seeded)["dynamodb://orders/a"]["n"] == 3
    failed = code(lambda: write("again", ConditionExpression="n > :one AND attribute_not_exists(id)"))
    assert failed == "TransactionCanceledException"


def test_a_table_that_is_named_and_missing_is_not_made(aws: Stand) -> None:
    client = aws.client("dynamodb")
    assert code(lambda: client.put_item(TableName="none", Item=PUT)) == "ResourceNotFoundException"
    key = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}
    made = {"TableName": "none", "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}], **key}
    client.create_table(**made, BillingMode="PAY_PER_REQUEST")
    again = code(lambda: client.create_table(**made, BillingMode="PAY_PER_REQUEST"))
    assert again == "ResourceInUseException"
    client.put_item(TableName="none", Item=PUT)
    assert sorted(aws.emulator.entries()) == ["dynamodb://none", "dynamodb://none/b"]
    client.delete_table(TableName="none")
    assert aws.emulator.entries() == {}


CALLS: dict[str, Callable[[Any], Any]] = {
    "put": lambda client: client.put_item(TableName="orders", Item=PUT),
    "put other": lambda client: client.put_item(TableName="orders", Item={"id": {"S": "c"}}),
    "put if": lambda client: client.put_item(
        TableName="orders", Item=PUT, ConditionExpression="attribute_not_exists(never_set)"
    ),
    "get": lambda client: client.get_item(TableName="orders", Key={"id": {"S": "b"}}),
    "scan": lambda client: client.scan(TableName="orders"),
    "scan other": lambda client: client.scan(TableName="days"),
    "batch": lambda client: client.batch_write_item(RequestItems={"orders": [{"PutRequest": {"Item": PUT}}]}),
    "batch get": lambda client: client.batch_get_item(RequestItems={"orders": {"Keys": [{"id": {"S": "b"}}]}}),
    "transact": lambda client: client.transact_get_items(
        TransactItems=[{"Get": {"TableName": "orders", "Key": {"id": {"S": "b"}}}}]
    ),
    "delete table": lambda client: client.delete_table(TableName="orders"),
}


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ("put", "put other", False),
        ("put", "get", True),
        ("put", "scan", True),
        ("put", "scan other", False),
        ("put if", "batch", True),
        ("batch", "batch get", True),
        ("put", "transact", True),
        ("get", "scan", False),
        ("put", "delete table", True),
    ],
)
def test_requests_meet_where_they_are_about_one_item(seeded: Stand, one: str, other: str, meet: bool) -> None:
    for name in (one, other):
        CALLS[name](seeded.client("dynamodb"))
    assert conflicts(*seeded.operations) is meet
    assert "dynamodb://" in seeded.operations[0].resource


@pytest.mark.parametrize(
    ("action", "given"),
    [
        ("execute_statement", {"Statement": "SELECT * FROM orders"}),
        ("create_backup", {"TableName": "orders", "BackupName": "nightly"}),
    ],
)
def test_what_is_not_emulated_is_refused_by_name(seeded: Stand, action: str, given: dict[str, Any]) -> None:
    code(lambda: getattr(seeded.client("dynamodb"), action)(**given))
    assert [each.service for each in seeded.refused] == ["dynamodb"]
