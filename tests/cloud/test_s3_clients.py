"""The S3 emulator with the clients that DAGs use: by the environment, by a connection, and what else they ask there."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from pytest_dagguard.cloud.s3 import S3
from pytest_dagguard.model.errors import NotEmulated
from s3_server import CALLER, CREDENTIALS, request, send, serve, state


@pytest.fixture
def environment(s3: S3, s3_front: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The test's own environment as an attempt's."""
    for name in [each for each in os.environ if each.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in s3.environment(s3_front.url).items():
        monkeypatch.setenv(name, value)
    return dict(os.environ)


# Other services at the same port

AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=x"
)


def test_another_service_is_named_with_its_action(s3: S3, environment: dict[str, str]) -> None:
    calls = {
        ("glue", "StartJobRun"): lambda c: c.start_job_run(JobName="j"),
        ("lambda", "Invoke"): lambda c: c.invoke(FunctionName="f"),
        ("sqs", "ListQueues"): lambda c: c.list_queues(),
        ("sns", "Publish"): lambda c: c.publish(TopicArn="arn:aws:sns:us-east-1:1:t", Message="m"),
        ("batch", "SubmitJob"): lambda c: c.submit_job(jobName="j", jobQueue="q", jobDefinition="d"),
    }
    with serve(s3) as server:
        for (service, action), call in calls.items():
            client = boto3.client(service, endpoint_url=server.url, config=Config(retries={"total_max_attempts": 1}))
            with pytest.raises((ClientError, ResponseParserError)):
                call(client)
            refused = server.refused.pop()
            assert (refused.service, refused.what) == (service, action)


def test_a_refusal_reads_as_a_sentence(s3: S3) -> None:
    asked = request(
        "POST", "/", "", b"{}", Authorization=AUTHORIZATION.format("glue"), X_Amz_Target="AWSGlue.StartJobRun"
    )
    for call in (lambda: s3.classify(asked), lambda: s3.apply(asked, CALLER)):
        with pytest.raises(NotEmulated, match=r"^glue StartJobRun is not emulated: \w"):
            call()


def test_sts_knows_who_calls(s3: S3, s3_front: Any, environment: dict[str, str]) -> None:
    client = boto3.client("sts")
    assert client.get_caller_identity()["Account"] == "123456789012"
    role = client.assume_role(RoleArn="arn:aws:iam::1:role/r", RoleSessionName="session")
    assert role["Credentials"]["AccessKeyId"] == "testing"
    assert [str(each) for each in s3_front.operations] == [
        "sts GetCallerIdentity sts://caller",
        "sts AssumeRole sts://caller",
    ]


# Clients


def test_boto3_follows_the_environment(s3: S3, environment: dict[str, str]) -> None:
    client = boto3.client("s3")
    client.put_object(Bucket="bkt", Key="k", Body=b"boto3")
    assert client.get_object(Bucket="bkt", Key="k")["Body"].read() == b"boto3"
    boto3.resource("s3").Bucket("bkt").objects.filter(Prefix="in/").delete()
    assert set(s3.entries({"s3://bkt/*"})) == {"s3://bkt/k"}


def test_boto3_with_virtual_hosts(s3: S3, s3_front: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = socket.getaddrinfo
    # Not every machine resolves the names below localhost.
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: resolve("127.0.0.1", *rest, **more))
    port = s3_front.url.rsplit(":", 1)[1]
    style = Config(s3={"addressing_style": "virtual"}, retries={"total_max_attempts": 1})
    client = boto3.client("s3", endpoint_url=f"http://localhost:{port}", config=style, **CREDENTIALS)
    client.put_object(Bucket="bkt", Key="virtual", Body=b"1")
    assert "s3://bkt/virtual" in state(s3)


def test_unsigned_requests_are_answered(s3: S3) -> None:
    assert send(s3, "GET", "/bkt/in/a") == 200


def run(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_s3fs_follows_the_environment(s3: S3, environment: dict[str, str]) -> None:
    script = """
import s3fs
fs = s3fs.S3FileSystem()
with fs.open("bkt/out/x y", "wb", block_size=5 * 2**20) as stream:
    stream.write(b"0" * (11 * 2**20))
fs.pipe("bkt/out/small", b"small")
assert fs.cat("bkt/in/a") == b"aaa"
assert sorted(fs.ls("bkt/out")) == ["bkt/out/small", "bkt/out/x y"]
fs.copy("bkt/out/small", "bkt/out/copy")
fs.mv("bkt/out/copy", "bkt/out/moved")
fs.rm("bkt/in", recursive=True)
print(fs.info("bkt/out/x y")["size"])
"""
    assert run(environment, sys.executable, "-c", script).strip() == str(11 * 2**20)
    assert set(s3.entries({"s3://bkt/*"})) == {
        "s3://bkt/out/x y",
        "s3://bkt/out/small",
        "s3://bkt/out/moved",
    }
    assert s3.entries({"s3-upload://*"}) == {}


def test_the_aws_command_follows_the_environment(s3: S3, environment: dict[str, str], tmp_path: Path) -> None:
    big = tmp_path / "big file"
    big.write_bytes(b"1" * (9 * 2**20))
    run(environment, "aws", "s3", "cp", str(big), "s3://bkt/out/big file")
    run(environment, "aws", "s3", "mv", "s3://bkt/in", "s3://bkt/moved", "--recursive")
    run(environment, "aws", "s3", "sync", "s3://bkt", str(tmp_path / "copy"))
    assert (tmp_path / "copy" / "moved" / "b c").read_bytes() == b"bbb"
    assert "big file" in run(environment, "aws", "s3", "ls", "s3://bkt/out/")
    tag = json.loads(run(environment, "aws", "s3api", "head-object", "--bucket", "bkt", "--key", "moved/a"))
    assert tag["ContentLength"] == 3
    assert set(s3.entries({"s3://bkt/*"})) == {
        "s3://bkt/out/big file",
        "s3://bkt/moved/a",
        "s3://bkt/moved/b c",
    }


# Airflow connections


def test_a_connection_leads_to_the_emulator_and_keeps_the_rest(s3: S3) -> None:
    extra = {
        "role_arn": "arn:aws:iam::1:role/r",
        "assume_role_kwargs": {"ExternalId": "x"},
        "profile_name": "prod",
        "aws_session_token": "secret",
        "region_name": "eu-west-1",
        "service_config": {"s3": {"bucket_name": "bkt", "endpoint_url": "https://s3.example.com"}, "sts": {"a": 1}},
        "mine": 1,
    }
    connection = {"conn_id": "c", "conn_type": "aws", "login": "AKIA", "password": "p", "extra": json.dumps(extra)}
    found = s3.connection(connection, "http://127.0.0.1:1")
    assert found is not None
    assert (found["conn_id"], found["login"], found["password"]) == ("c", "testing", "testing")
    assert json.loads(found["extra"]) == {
        "region_name": "eu-west-1",
        "service_config": {"s3": {"bucket_name": "bkt", "endpoint_url": "http://127.0.0.1:1"}, "sts": {"a": 1}},
        "mine": 1,
    }
    assert connection["login"] == "AKIA"


@pytest.mark.parametrize("extra", [None, "", "no JSON", "[]", "{}"])
def test_a_connection_without_extra_fields_stays_without(s3: S3, extra: str | None) -> None:
    found = s3.connection({"conn_type": "s3", "extra": extra}, "http://127.0.0.1:1")
    assert found is not None
    assert {name: value for name, value in found.items() if value} == {"conn_type": "s3"}


def test_an_endpoint_and_keys_in_the_extra_fields_are_the_emulators(s3: S3) -> None:
    extra = {"endpoint_url": "https://s3.example.com", "aws_access_key_id": "AKIA", "aws_secret_access_key": "p"}
    found = s3.connection({"conn_type": "aws", "extra": json.dumps(extra)}, "http://127.0.0.1:1")
    assert found is not None
    assert json.loads(found["extra"]) == {
        "endpoint_url": "http://127.0.0.1:1",
        "aws_access_key_id": "testing",
        "aws_secret_access_key": "testing",
    }


def test_a_connection_of_another_type_is_not_ours(s3: S3) -> None:
    assert s3.connection({"conn_type": "postgres"}, "http://127.0.0.1:1") is None


@pytest.mark.parametrize("endpoint", [False, True], ids=["environment", "connection"])
def test_airflows_hook_follows_the_environment_or_the_connection(
    s3: S3, s3_front: Any, environment: dict[str, str], endpoint: bool
) -> None:
    extra = {"role_arn": "arn:aws:iam::1:role/r"}
    if endpoint:
        extra |= {"endpoint_url": "https://s3.example.com", "aws_access_key_id": "A", "aws_secret_access_key": "p"}
    found = s3.connection({"conn_type": "aws", "extra": json.dumps(extra)}, s3_front.url)
    assert found is not None
    script = """
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
hook = S3Hook(aws_conn_id="aws_default")
hook.load_string("text", "out/hook", "bkt")
assert hook.check_for_key("out/hook", "bkt") and not hook.check_for_key("none", "bkt")
print(hook.list_keys("bkt"))
"""
    variables = {name: value for name, value in environment.items() if not (endpoint and name.startswith("AWS_"))}
    variables["AIRFLOW_CONN_AWS_DEFAULT"] = json.dumps({**found, "extra": json.loads(found["extra"] or "{}")})
    assert "out/hook" in run(variables, sys.executable, "-c", script)
    assert "s3://bkt/out/hook" in state(s3)


def test_the_factory_needs_no_web_server_and_patches_nothing() -> None:
    script = """
import sys
from pytest_dagguard.cloud.emulator import Blobs
import pytest_dagguard.cloud.s3
assert "moto" not in sys.modules and "botocore" not in sys.modules
pytest_dagguard.cloud.s3.EMULATOR(Blobs(), True)
assert not {"flask", "moto.server", "moto.iam.models"} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
