"""Parameters and secrets with real clients: what a second write leaves, and what is the same however often it is said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aws_stand import Stand, code
from pytest_dagguard.model.operation import conflicts
from pytest_dagguard.model.seed import Seed

TOKEN = "2024-01-01" * 4
SEED = Seed(parameters={"/db/url": "postgres://db", "/db/n": "3", "flag": ""}, secrets={"prod/db": '{"password": "x"}'})


@pytest.fixture
def seeded(aws: Stand) -> Stand:
    aws.emulator.seed(SEED)
    return aws


def content(aws: Stand, name: str) -> Any:
    data = aws.emulator._blobs.contents[aws.emulator.entries()[name].digest].decode()
    return json.loads(data) if data[:1] == "{" else data


def test_the_seed_is_there_in_every_region_and_for_all_that_ask(seeded: Stand) -> None:
    client = seeded.client("ssm", "eu-west-1")
    assert client.get_parameter(Name="/db/url", WithDecryption=True)["Parameter"]["Value"] == "postgres://db"
    arn = "arn:aws:ssm:eu-west-1:111122223333:parameter/db/n"
    assert client.get_parameter(Name=arn)["Parameter"]["Value"] == "3"
    found = client.get_parameters(Names=["/db/url", "/db/none"])
    assert [each["Name"] for each in found["Parameters"]] == ["/db/url"]
    assert found["InvalidParameters"] == ["/db/none"]
    pages = client.get_paginator("get_parameters_by_path").paginate(Path="/db", PaginationConfig={"PageSize": 1})
    assert sorted(each["Name"] for page in pages for each in page["Parameters"]) == ["/db/n", "/db/url"]
    assert len(client.describe_parameters()["Parameters"]) == 3
    secrets = seeded.client("secretsmanager", "eu-west-1")
    whole = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-AbCdEf"
    for each in ("prod/db", whole, whole[:-7]):
        assert secrets.get_secret_value(SecretId=each)["SecretString"] == '{"password": "x"}'
    assert secrets.batch_get_secret_value(SecretIdList=[whole])["SecretValues"][0]["Name"] == "prod/db"
    reference = "/aws/reference/secretsmanager/prod/db"
    found = client.get_parameter(Name=reference, WithDecryption=True)["Parameter"]["Value"]
    assert found == '{"password": "x"}'


def test_what_the_seed_lacks_is_not_there(seeded: Stand) -> None:
    client, secrets = seeded.client("ssm"), seeded.client("secretsmanager")
    assert code(lambda: client.get_parameter(Name="/none")) == "ParameterNotFound"
    assert code(lambda: client.delete_parameter(Name="/none")) == "ParameterNotFound"
    assert code(lambda: secrets.get_secret_value(SecretId="none")) == "ResourceNotFoundException"
    assert code(lambda: secrets.put_secret_value(SecretId="none", SecretString="x")) == "ResourceNotFoundException"


def test_all_that_is_kept_is_in_the_state_and_comes_back_with_it(seeded: Stand) -> None:
    kept, before = seeded.emulator.snapshot(), seeded.emulator.entries()
    assert sorted(before) == ["secretsmanager://prod/db", "ssm://db/n", "ssm://db/url", "ssm://flag"]
    client, secrets = seeded.client("ssm"), seeded.client("secretsmanager")
    client.put_parameter(Name="/db/url", Value="other", Overwrite=True)
    client.put_parameter(Name="new", Value="1", Type="SecureString")
    client.delete_parameters(Names=["/db/n", "/none"])
    secrets.delete_secret(SecretId="prod/db", ForceDeleteWithoutRecovery=True)
    assert sorted(seeded.emulator.entries()) == ["ssm://db/url", "ssm://flag", "ssm://new"]
    assert content(seeded, "ssm://db/url") == "other"
    assert content(seeded, "ssm://new") == "1"
    for _ in range(2):
        seeded.emulator.restore(kept)
        assert seeded.emulator.entries() == before
        client.put_parameter(Name="/db/url", Value="third", Overwrite=True)
    seeded.emulator.restore(seeded.empty)
    assert seeded.emulator.entries() == {}
    seeded.emulator.restore(kept)
    assert seeded.emulator.entries() == before


def test_a_parameter_is_replaced_only_where_that_is_said(aws: Stand) -> None:
    client = aws.client("ssm")
    assert client.put_parameter(Name="/a", Value="1", Type="String")["Version"] == 1
    assert code(lambda: client.put_parameter(Name="/a", Value="1", Type="String")) == "ParameterAlreadyExists"
    first = aws.emulator.entries()["ssm://a"]
    assert client.put_parameter(Name="/a", Value="1", Overwrite=True)["Version"] == 2
    second = aws.emulator.entries()["ssm://a"]
    assert (first.digest, first.headers) == (second.digest, second.headers)
    assert first.version != second.version
    client.add_tags_to_resource(ResourceType="Parameter", ResourceId="/a", Tags=[{"Key": "team", "Value": "x"}])
    assert ("tag:team", "x") in aws.emulator.entries()["ssm://a"].headers
    assert [each["Value"] for each in client.get_parameter_history(Name="/a")["Parameters"]] == ["1", "1"]


def test_a_secret_that_is_rotated_twice_is_not_as_one_that_is_rotated_once(seeded: Stand) -> None:
    client, name = seeded.client("secretsmanager"), "secretsmanager://prod/db"
    client.put_secret_value(SecretId="prod/db", SecretString="one")
    once = content(seeded, name)
    assert once == {"value": "one", "values before": [{"password": "x"}]}
    client.put_secret_value(SecretId="prod/db", SecretString="one")
    assert content(seeded, name) == once
    client.put_secret_value(SecretId="prod/db", SecretString="two")
    assert content(seeded, name) == {"value": "two", "values before": [{"password": "x"}, "one"]}
    assert client.get_secret_value(SecretId="prod/db", VersionStage="AWSPREVIOUS")["SecretString"] == "one"


def test_a_version_that_is_only_staged_and_replaced_has_never_been_current(seeded: Stand) -> None:
    client, name = seeded.client("secretsmanager"), "secretsmanager://prod/db"
    for value in ("lost", "new"):
        staged = client.put_secret_value(SecretId="prod/db", SecretString=value, VersionStages=["AWSPENDING"])
    assert content(seeded, name)["staged"] == {"AWSPENDING": "new"}
    old = client.get_secret_value(SecretId="prod/db")["VersionId"]
    moved = {"VersionStage": "AWSCURRENT", "RemoveFromVersionId": old, "MoveToVersionId": staged["VersionId"]}
    client.update_secret_version_stage(SecretId="prod/db", **moved)
    found = content(seeded, name)
    assert (found["value"], found["values before"]) == ("new", [{"password": "x"}])


def test_a_client_token_makes_one_version(aws: Stand) -> None:
    client = aws.client("secretsmanager")
    for _ in range(2):
        client.create_secret(Name="s", SecretString="1", ClientRequestToken=TOKEN)
    again = code(lambda: client.create_secret(Name="s", SecretString="2", ClientRequestToken=TOKEN))
    assert again == "ResourceExistsException"
    assert code(lambda: client.create_secret(Name="s", SecretString="1")) == "ResourceExistsException"
    for _ in range(2):
        client.update_secret(SecretId="s", SecretString="2", ClientRequestToken=TOKEN[::-1])
    assert len(client.describe_secret(SecretId="s")["VersionIdsToStages"]) == 2


def test_a_secret_that_is_to_be_deleted_is_kept_and_of_no_use(seeded: Stand) -> None:
    client = seeded.client("secretsmanager")
    client.delete_secret(SecretId="prod/db")
    assert content(seeded, "secretsmanager://prod/db")["scheduled for deletion"]
    refused = "InvalidRequestException"
    assert code(lambda: client.get_secret_value(SecretId="prod/db")) == refused
    assert code(lambda: client.put_secret_value(SecretId="prod/db", SecretString="1")) == refused
    assert code(lambda: client.delete_secret(SecretId="prod/db")) == refused
    assert client.list_secrets()["SecretList"] == []
    client.restore_secret(SecretId="prod/db")
    assert client.get_secret_value(SecretId="prod/db")["SecretString"] == '{"password": "x"}'


def test_a_password_is_made_and_nothing_is_kept(aws: Stand) -> None:
    assert len(aws.client("secretsmanager").get_random_password(PasswordLength=20)["RandomPassword"]) == 20
    assert aws.emulator.entries() == {}


@pytest.mark.parametrize(
    ("service", "action", "given"),
    [
        ("ssm", "send_command", {"DocumentName": "AWS-RunShellScript"}),
        ("ssm", "add_tags_to_resource", {"ResourceType": "Document", "ResourceId": "d", "Tags": []}),
        ("secretsmanager", "rotate_secret", {"SecretId": "s"}),
    ],
)
def test_what_is_not_emulated_is_refused_by_name(aws: Stand, service: str, action: str, given: dict[str, Any]) -> None:
    code(lambda: getattr(aws.client(service), action)(**given))
    assert [each.service for each in aws.refused] == [service]


def test_reads_and_writes_meet_where_they_are_about_one_name(seeded: Stand) -> None:
    client, secrets = seeded.client("ssm"), seeded.client("secretsmanager")
    client.put_parameter(Name="/db/url", Value="1", Overwrite=True)
    client.get_parameters_by_path(Path="/db/")
    client.get_parameters(Names=["/db/n", "flag"])
    client.get_parameter(Name="/aws/reference/secretsmanager/prod/db", WithDecryption=True)
    secrets.put_secret_value(SecretId="prod/db", SecretString="1")
    put, path, others, reference, secret = seeded.operations
    assert (str(put), put.writes) == ("ssm PutParameter ssm://db/url", {"ssm://db/url"})
    assert conflicts(put, path)
    assert not conflicts(put, others)
    assert conflicts(secret, reference)
