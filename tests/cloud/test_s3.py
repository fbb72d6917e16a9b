from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from pytest_dagguard.cloud.emulator import Blobs
from pytest_dagguard.cloud.s3 import EMULATOR, S3
from pytest_dagguard.model.errors import ConfigurationError, NotEmulated
from pytest_dagguard.model.seed import Seed
from s3_server import CALLER, request, serve


@pytest.fixture
def blobs() -> Blobs:
    return Blobs()


@pytest.fixture
def emulator(blobs: Blobs) -> S3:
    made = EMULATOR(blobs, True)
    made.seed(Seed(s3={"bkt": {"in/a": b"aaa", "in/b c": b"bbb"}, "empty": {}}))
    return made


@pytest.fixture
def server(emulator: S3) -> Iterator[Any]:
    with serve(emulator) as running:
        yield running


@pytest.fixture
def environment(emulator: S3, server: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The test's own environment as an attempt's."""
    for name in [each for each in os.environ if each.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in emulator.environment(server.url).items():
        monkeypatch.setenv(name, value)
    return dict(os.environ)


def send(emulator: S3, method: str, path: str, query: str = "", body: bytes = b"", **headers: str) -> int:
    return emulator.apply(request(method, path, query, body, **headers), CALLER).status


def state(emulator: S3) -> dict[str, Any]:
    return dict(emulator.entries())


# State


def test_seed_makes_buckets_and_objects(emulator: S3, blobs: Blobs) -> None:
    found = state(emulator)
    assert set(found) == {"s3://bkt", "s3://empty", "s3://bkt/in/a", "s3://bkt/in/b c"}
    assert found["s3://bkt"].kind == "bucket"
    assert (found["s3://bkt/in/a"].kind, found["s3://bkt/in/a"].size) == ("object", 3)
    assert blobs.contents[found["s3://bkt/in/a"].digest] == b"aaa"


def test_more_can_be_seeded_into_a_bucket_that_is_there(emulator: S3) -> None:
    emulator.seed(Seed(s3={"bkt": {"in/c": b"c"}}))
    assert {"s3://bkt/in/a", "s3://bkt/in/c"} < set(state(emulator))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("s3://bkt", {"s3://bkt"}),
        ("s3://none", set()),
        ("s3://bkt/in/a", {"s3://bkt/in/a"}),
        ("s3://bkt/in/none", set()),
        ("s3://none/in/a", set()),
        ("s3://bkt/in/*", {"s3://bkt/in/a", "s3://bkt/in/b c"}),
        ("s3://bkt/*", {"s3://bkt/in/a", "s3://bkt/in/b c"}),
        ("s3://bkt*", {"s3://bkt", "s3://bkt/in/a", "s3://bkt/in/b c"}),
        ("s3://*", {"s3://bkt", "s3://empty", "s3://bkt/in/a", "s3://bkt/in/b c"}),
        ("s3-upload://bkt/*", set()),
        ("gs://bkt/in/a", set()),
    ],
)
def test_entries_of_a_name(emulator: S3, name: str, expected: set[str]) -> None:
    assert set(emulator.entries({name})) == expected


def test_an_unfinished_upload_is_an_entry_until_it_is_completed(emulator: S3, server: Any, blobs: Blobs) -> None:
    client = boto3.client("s3", endpoint_url=server.url, **CREDENTIALS)
    upload = client.create_multipart_upload(Bucket="bkt", Key="k")["UploadId"]
    name = f"s3-upload://bkt/k?{upload}"
    empty = emulator.entries({name})[name]
    assert (empty.kind, empty.size) == ("upload", 0)
    etag = client.upload_part(Bucket="bkt", Key="k", UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    assert blobs.contents[emulator.entries({"s3-upload://bkt/k?*"})[name].digest] == etag.encode()
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    client.complete_multipart_upload(Bucket="bkt", Key="k", UploadId=upload, MultipartUpload=parts)
    assert emulator.entries({"s3-upload://*"}) == {}
    assert "s3://bkt/k" in state(emulator)


def test_equal_histories_leave_equal_states() -> None:
    states = []
    for _ in range(2):
        made = EMULATOR(Blobs(), True)
        send(made, "POST", "/bkt/k", "uploads")
        send(made, "PUT", "/bkt", "versioning", b"<V><Status>Enabled</Status></V>")
        send(made, "PUT", "/bkt/v", body=b"one")
        states.append(state(made))
    assert states[0] == states[1]
    assert states[0]["s3://bkt/v"].version


def test_what_is_kept_beside_the_content_is_in_the_entry(emulator: S3, server: Any) -> None:
    client = boto3.client("s3", endpoint_url=server.url, **CREDENTIALS)
    client.put_object(Bucket="bkt", Key="k", ContentType="text/csv", Metadata={"Run": "1"}, Tagging="a=b")
    upload = client.create_multipart_upload(Bucket="bkt", Key="m", ContentType="text/csv")["UploadId"]
    part = {"ETag": client.upload_part(Bucket="bkt", Key="m", UploadId=upload, PartNumber=1)["ETag"], "PartNumber": 1}
    client.complete_multipart_upload(Bucket="bkt", Key="m", UploadId=upload, MultipartUpload={"Parts": [part]})
    client.copy_object(Bucket="bkt", Key="c", CopySource="bkt/k")
    found = {key: dict(state(emulator)[f"s3://bkt/{key}"].headers) for key in "kmc"}
    assert found["k"] == found["c"] == {"content-type": "text/csv", "x-amz-meta-run": "1", "tag a": "b"}
    assert found["m"]["content-type"] == "text/csv"


def test_metadata_and_tags_show_in_the_version_and_not_in_the_digest(emulator: S3) -> None:
    send(emulator, "PUT", "/bkt/k", body=b"x")
    plain = state(emulator)["s3://bkt/k"]
    send(emulator, "PUT", "/bkt/k", body=b"x", x_amz_meta_run="1")
    marked = state(emulator)["s3://bkt/k"]
    send(emulator, "PUT", "/bkt/k", body=b"x", x_amz_tagging="run=1")
    tagged = state(emulator)["s3://bkt/k"]
    assert plain.version == ""
    assert len({plain.version, marked.version, tagged.version}) == 3
    assert plain.digest == marked.digest == tagged.digest


def test_a_snapshot_is_independent_of_what_comes_after(emulator: S3, server: Any) -> None:
    client = boto3.client("s3", endpoint_url=server.url, **CREDENTIALS)
    client.put_bucket_versioning(Bucket="empty", VersioningConfiguration={"Status": "Enabled"})
    client.put_object(Bucket="empty", Key="v", Body=b"1", Tagging="t=1")
    upload = client.create_multipart_upload(Bucket="bkt", Key="k", ContentEncoding="gzip")["UploadId"]
    etag = client.upload_part(Bucket="bkt", Key="k", UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    before, snapshot = state(emulator), emulator.snapshot()
    for _ in range(2):
        client.put_object(Bucket="bkt", Key="in/a", Body=b"other")
        client.put_object_tagging(Bucket="empty", Key="v", Tagging={"TagSet": [{"Key": "t", "Value": "2"}]})
        client.put_object_acl(Bucket="bkt", Key="in/b c", ACL="public-read")
        client.delete_object(Bucket="empty", Key="v")
        client.create_bucket(Bucket="more")
        parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
        client.complete_multipart_upload(Bucket="bkt", Key="k", UploadId=upload, MultipartUpload=parts)
        assert client.head_object(Bucket="bkt", Key="k")["ContentEncoding"] == "gzip"
        client.delete_objects(Bucket="bkt", Delete={"Objects": [{"Key": "k"}, {"Key": "in/a"}]})
        changed = state(emulator)
        emulator.restore(snapshot)
        assert changed != before == state(emulator)
        assert client.get_object(Bucket="bkt", Key="in/a")["Body"].read() == b"aaa"
        assert client.get_object_tagging(Bucket="empty", Key="v")["TagSet"] == [{"Key": "t", "Value": "1"}]
        assert len(client.list_object_versions(Bucket="empty")["Versions"]) == 1
        assert len(client.get_object_acl(Bucket="bkt", Key="in/b c")["Grants"]) == 1
        assert len(client.list_parts(Bucket="bkt", Key="k", UploadId=upload)["Parts"]) == 1


def test_two_emulators_share_nothing() -> None:
    one, two = EMULATOR(Blobs(), False), EMULATOR(Blobs(), False)
    assert send(one, "PUT", "/bkt") == send(two, "PUT", "/bkt") == 200
    send(one, "PUT", "/bkt/k", body=b"1")
    assert send(two, "GET", "/bkt/k") == 404
    assert send(one, "GET", "/bkt/k") == 200


def test_a_seed_with_an_impossible_bucket_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'Up'"):
        EMULATOR(Blobs(), True).seed(Seed(s3={"Up": {}}))


# Buckets that are missing


@pytest.mark.parametrize(
    ("method", "path", "status", "made"),
    [
        ("PUT", "/new/k", 200, True),
        ("GET", "/new/k", 404, True),
        ("HEAD", "/new", 200, True),
        ("GET", "/new", 200, True),
        ("DELETE", "/new", 404, False),
        ("PUT", "/no", 404, False),
    ],
)
def test_a_missing_bucket_is_made_by_whoever_names_it(
    emulator: S3, method: str, path: str, status: int, made: bool
) -> None:
    path = "/no/k" if path == "/no" else path
    assert send(emulator, method, path) == status
    assert bool(emulator.entries({"s3://new"})) is made


def test_the_bucket_of_a_copy_source_is_made_too(emulator: S3) -> None:
    assert send(emulator, "PUT", "/new/k", x_amz_copy_source="src/k") == 404
    assert set(emulator.entries({"s3://new", "s3://src"})) == {"s3://new", "s3://src"}


def test_nothing_is_made_where_the_seed_is_complete() -> None:
    strict = EMULATOR(Blobs(), False)
    assert send(strict, "PUT", "/new/k") == 404
    assert state(strict) == {}


# Other services at the same port

AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=x"
)


def test_another_service_is_named_with_its_action(emulator: S3, environment: dict[str, str]) -> None:
    calls = {
        ("glue", "StartJobRun"): lambda c: c.start_job_run(JobName="j"),
        ("lambda", "Invoke"): lambda c: c.invoke(FunctionName="f"),
        ("sqs", "ListQueues"): lambda c: c.list_queues(),
        ("sns", "Publish"): lambda c: c.publish(TopicArn="arn:aws:sns:us-east-1:1:t", Message="m"),
        ("batch", "SubmitJob"): lambda c: c.submit_job(jobName="j", jobQueue="q", jobDefinition="d"),
    }
    with serve(emulator) as server:
        for (service, action), call in calls.items():
            client = boto3.client(service, endpoint_url=server.url, config=Config(retries={"total_max_attempts": 1}))
            with pytest.raises((ClientError, ResponseParserError)):
                call(client)
            refused = server.refused.pop()
            assert (refused.service, refused.what) == (service, action)


def test_a_refusal_reads_as_a_sentence(emulator: S3) -> None:
    asked = request(
        "POST", "/", "", b"{}", Authorization=AUTHORIZATION.format("glue"), X_Amz_Target="AWSGlue.StartJobRun"
    )
    for call in (lambda: emulator.classify(asked), lambda: emulator.apply(asked, CALLER)):
        with pytest.raises(NotEmulated, match=r"^glue StartJobRun is not emulated: \w"):
            call()


def test_sts_knows_who_calls(emulator: S3, server: Any, environment: dict[str, str]) -> None:
    client = boto3.client("sts")
    assert client.get_caller_identity()["Account"] == "123456789012"
    role = client.assume_role(RoleArn="arn:aws:iam::1:role/r", RoleSessionName="session")
    assert role["Credentials"]["AccessKeyId"] == "testing"
    assert [str(each) for each in server.operations] == [
        "sts GetCallerIdentity sts://caller",
        "sts AssumeRole sts://caller",
    ]


def test_a_failure_of_moto_is_not_the_tasks_fault(emulator: S3) -> None:
    with pytest.raises(NotEmulated, match="moto fails on it"):
        emulator.apply(request("PUT", "/bkt/in/a", "tagging", b"no XML"), CALLER)


def test_what_moto_does_not_do_as_s3_is_refused(emulator: S3, server: Any) -> None:
    send(emulator, "PUT", "/bkt", "versioning", b"<V><Status>Enabled</Status></V>")
    with pytest.raises(NotEmulated, match="PutBucketVersioning"):
        send(emulator, "PUT", "/bkt", "versioning", b"<V><Status>Suspended</Status></V>")
    client = boto3.client("s3", endpoint_url=server.url, **CREDENTIALS)
    upload = client.create_multipart_upload(Bucket="bkt", Key="k")["UploadId"]
    etag = client.upload_part(Bucket="bkt", Key="k", UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    client.complete_multipart_upload(Bucket="bkt", Key="k", UploadId=upload, MultipartUpload=parts)
    with pytest.raises(NotEmulated, match="GetObject"):
        send(emulator, "GET", "/bkt/k", "partNumber=1")


# Clients

CREDENTIALS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}


def test_boto3_follows_the_environment(emulator: S3, environment: dict[str, str]) -> None:
    client = boto3.client("s3")
    client.put_object(Bucket="bkt", Key="k", Body=b"boto3")
    assert client.get_object(Bucket="bkt", Key="k")["Body"].read() == b"boto3"
    boto3.resource("s3").Bucket("bkt").objects.filter(Prefix="in/").delete()
    assert set(emulator.entries({"s3://bkt/*"})) == {"s3://bkt/k"}


def test_boto3_with_virtual_hosts(emulator: S3, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = socket.getaddrinfo
    # Not every machine resolves the names below localhost.
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: resolve("127.0.0.1", *rest, **more))
    port = server.url.rsplit(":", 1)[1]
    style = Config(s3={"addressing_style": "virtual"}, retries={"total_max_attempts": 1})
    client = boto3.client("s3", endpoint_url=f"http://localhost:{port}", config=style, **CREDENTIALS)
    client.put_object(Bucket="bkt", Key="virtual", Body=b"1")
    assert "s3://bkt/virtual" in state(emulator)


def test_unsigned_requests_are_answered(emulator: S3) -> None:
    assert send(emulator, "GET", "/bkt/in/a") == 200


def run(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_s3fs_follows_the_environment(emulator: S3, environment: dict[str, str]) -> None:
    pytest.importorskip("s3fs")
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
    assert set(emulator.entries({"s3://bkt/*"})) == {
        "s3://bkt/out/x y",
        "s3://bkt/out/small",
        "s3://bkt/out/moved",
    }
    assert emulator.entries({"s3-upload://*"}) == {}


@pytest.mark.skipif(shutil.which("aws") is None, reason="needs the aws command")
def test_the_aws_command_follows_the_environment(emulator: S3, environment: dict[str, str], tmp_path: Path) -> None:
    big = tmp_path / "big file"
    big.write_bytes(b"1" * (9 * 2**20))
    run(environment, "aws", "s3", "cp", str(big), "s3://bkt/out/big file")
    run(environment, "aws", "s3", "mv", "s3://bkt/in", "s3://bkt/moved", "--recursive")
    run(environment, "aws", "s3", "sync", "s3://bkt", str(tmp_path / "copy"))
    assert (tmp_path / "copy" / "moved" / "b c").read_bytes() == b"bbb"
    assert "big file" in run(environment, "aws", "s3", "ls", "s3://bkt/out/")
    tag = json.loads(run(environment, "aws", "s3api", "head-object", "--bucket", "bkt", "--key", "moved/a"))
    assert tag["ContentLength"] == 3
    assert set(emulator.entries({"s3://bkt/*"})) == {
        "s3://bkt/out/big file",
        "s3://bkt/moved/a",
        "s3://bkt/moved/b c",
    }


# Airflow connections


def test_a_connection_leads_to_the_emulator_and_keeps_the_rest(emulator: S3) -> None:
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
    found = emulator.connection(connection, "http://127.0.0.1:1")
    assert found is not None
    assert (found["conn_id"], found["login"], found["password"]) == ("c", "testing", "testing")
    assert json.loads(found["extra"]) == {
        "region_name": "eu-west-1",
        "service_config": {"s3": {"bucket_name": "bkt", "endpoint_url": "http://127.0.0.1:1"}, "sts": {"a": 1}},
        "mine": 1,
    }
    assert connection["login"] == "AKIA"


@pytest.mark.parametrize("extra", [None, "", "no JSON", "[]", "{}"])
def test_a_connection_without_extra_fields_stays_without(emulator: S3, extra: str | None) -> None:
    found = emulator.connection({"conn_type": "s3", "extra": extra}, "http://127.0.0.1:1")
    assert found is not None
    assert {name: value for name, value in found.items() if value} == {"conn_type": "s3"}


def test_an_endpoint_and_keys_in_the_extra_fields_are_the_emulators(emulator: S3) -> None:
    extra = {"endpoint_url": "https://s3.example.com", "aws_access_key_id": "AKIA", "aws_secret_access_key": "p"}
    found = emulator.connection({"conn_type": "aws", "extra": json.dumps(extra)}, "http://127.0.0.1:1")
    assert found is not None
    assert json.loads(found["extra"]) == {
        "endpoint_url": "http://127.0.0.1:1",
        "aws_access_key_id": "testing",
        "aws_secret_access_key": "testing",
    }


def test_a_connection_of_another_type_is_not_ours(emulator: S3) -> None:
    assert emulator.connection({"conn_type": "postgres"}, "http://127.0.0.1:1") is None


@pytest.mark.parametrize("endpoint", [False, True], ids=["environment", "connection"])
def test_airflows_hook_follows_the_environment_or_the_connection(
    emulator: S3, server: Any, environment: dict[str, str], endpoint: bool
) -> None:
    pytest.importorskip("airflow.providers.amazon")
    extra = {"role_arn": "arn:aws:iam::1:role/r"}
    if endpoint:
        extra |= {"endpoint_url": "https://s3.example.com", "aws_access_key_id": "A", "aws_secret_access_key": "p"}
    found = emulator.connection({"conn_type": "aws", "extra": json.dumps(extra)}, server.url)
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
    assert "s3://bkt/out/hook" in state(emulator)


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


def test_half_of_a_deletion_of_many(emulator: S3, server: Any) -> None:
    client = boto3.client("s3", endpoint_url=server.url, **CREDENTIALS)
    for key in "abcde":
        client.put_object(Bucket="empty", Key=key)
    sent = []
    apply = emulator.apply
    emulator.apply = lambda *a: (sent.append(a[0]), apply(*a))[1]
    kept = emulator.snapshot()
    client.delete_objects(Bucket="empty", Delete={"Objects": [{"Key": key} for key in "abcde"]})
    emulator.apply = apply
    emulator.restore(kept)
    assert emulator.apply_half(sent[-1], CALLER).status == 200
    assert sorted(emulator.entries({"s3://empty/*"})) == [f"s3://empty/{key}" for key in "cde"]
