"""The S3 emulator's state: what a seed makes, what entries say, and buckets that are missing."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from pytest_dagguard.cloud.emulator import Blobs
from pytest_dagguard.cloud.s3 import EMULATOR, S3
from pytest_dagguard.model.errors import ConfigurationError, NotEmulated
from pytest_dagguard.model.seed import Seed
from s3_server import CALLER, CREDENTIALS, request, send, state

# State


def test_seed_makes_buckets_and_objects(s3: S3, blobs: Blobs) -> None:
    found = state(s3)
    assert set(found) == {"s3://bkt", "s3://empty", "s3://bkt/in/a", "s3://bkt/in/b c"}
    assert found["s3://bkt"].kind == "bucket"
    assert (found["s3://bkt/in/a"].kind, found["s3://bkt/in/a"].size) == ("object", 3)
    assert blobs.contents[found["s3://bkt/in/a"].digest] == b"aaa"


def test_more_can_be_seeded_into_a_bucket_that_is_there(s3: S3) -> None:
    s3.seed(Seed(s3={"bkt": {"in/c": b"c"}}))
    assert {"s3://bkt/in/a", "s3://bkt/in/c"} < set(state(s3))


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
def test_entries_of_a_name(s3: S3, name: str, expected: set[str]) -> None:
    assert set(s3.entries({name})) == expected


def test_an_unfinished_upload_is_an_entry_until_it_is_completed(s3: S3, s3_front: Any, blobs: Blobs) -> None:
    client = boto3.client("s3", endpoint_url=s3_front.url, **CREDENTIALS)
    upload = client.create_multipart_upload(Bucket="bkt", Key="k")["UploadId"]
    name = f"s3-upload://bkt/k?{upload}"
    empty = s3.entries({name})[name]
    assert (empty.kind, empty.size) == ("upload", 0)
    etag = client.upload_part(Bucket="bkt", Key="k", UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    assert blobs.contents[s3.entries({"s3-upload://bkt/k?*"})[name].digest] == etag.encode()
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    client.complete_multipart_upload(Bucket="bkt", Key="k", UploadId=upload, MultipartUpload=parts)
    assert s3.entries({"s3-upload://*"}) == {}
    assert "s3://bkt/k" in state(s3)


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


def test_what_is_kept_beside_the_content_is_in_the_entry(s3: S3, s3_front: Any) -> None:
    client = boto3.client("s3", endpoint_url=s3_front.url, **CREDENTIALS)
    client.put_object(Bucket="bkt", Key="k", ContentType="text/csv", Metadata={"Run": "1"}, Tagging="a=b")
    upload = client.create_multipart_upload(Bucket="bkt", Key="m", ContentType="text/csv")["UploadId"]
    part = {"ETag": client.upload_part(Bucket="bkt", Key="m", UploadId=upload, PartNumber=1)["ETag"], "PartNumber": 1}
    client.complete_multipart_upload(Bucket="bkt", Key="m", UploadId=upload, MultipartUpload={"Parts": [part]})
    client.copy_object(Bucket="bkt", Key="c", CopySource="bkt/k")
    found = {key: dict(state(s3)[f"s3://bkt/{key}"].headers) for key in "kmc"}
    assert found["k"] == found["c"] == {"content-type": "text/csv", "x-amz-meta-run": "1", "tag a": "b"}
    assert found["m"]["content-type"] == "text/csv"


def test_metadata_and_tags_show_in_the_version_and_not_in_the_digest(s3: S3) -> None:
    send(s3, "PUT", "/bkt/k", body=b"x")
    plain = state(s3)["s3://bkt/k"]
    send(s3, "PUT", "/bkt/k", body=b"x", x_amz_meta_run="1")
    marked = state(s3)["s3://bkt/k"]
    send(s3, "PUT", "/bkt/k", body=b"x", x_amz_tagging="run=1")
    tagged = state(s3)["s3://bkt/k"]
    assert plain.version == ""
    assert len({plain.version, marked.version, tagged.version}) == 3
    assert plain.digest == marked.digest == tagged.digest


def test_a_snapshot_is_independent_of_what_comes_after(s3: S3, s3_front: Any) -> None:
    client = boto3.client("s3", endpoint_url=s3_front.url, **CREDENTIALS)
    client.put_bucket_versioning(Bucket="empty", VersioningConfiguration={"Status": "Enabled"})
    client.put_object(Bucket="empty", Key="v", Body=b"1", Tagging="t=1")
    upload = client.create_multipart_upload(Bucket="bkt", Key="k", ContentEncoding="gzip")["UploadId"]
    etag = client.upload_part(Bucket="bkt", Key="k", UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    before, snapshot = state(s3), s3.snapshot()
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
        changed = state(s3)
        s3.restore(snapshot)
        assert changed != before == state(s3)
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
def test_a_missing_bucket_is_made_by_whoever_names_it(s3: S3, method: str, path: str, status: int, made: bool) -> None:
    path = "/no/k" if path == "/no" else path
    assert send(s3, method, path) == status
    assert bool(s3.entries({"s3://new"})) is made


def test_the_bucket_of_a_copy_source_is_made_too(s3: S3) -> None:
    assert send(s3, "PUT", "/new/k", x_amz_copy_source="src/k") == 404
    assert set(s3.entries({"s3://new", "s3://src"})) == {"s3://new", "s3://src"}


def test_nothing_is_made_where_the_seed_is_complete() -> None:
    strict = EMULATOR(Blobs(), False)
    assert send(strict, "PUT", "/new/k") == 404
    assert state(strict) == {}


def test_a_failure_of_moto_is_not_the_tasks_fault(s3: S3) -> None:
    with pytest.raises(NotEmulated, match="moto fails on it"):
        s3.apply(request("PUT", "/bkt/in/a", "tagging", b"no XML"), CALLER)


def test_what_moto_does_not_do_as_s3_is_refused(s3: S3, s3_front: Any) -> None:
    send(s3, "PUT", "/bkt", "versioning", b"<V><Status>Enabled</Status></V>")
    with pytest.raises(NotEmulated, match="PutBucketVersioning"):
        send(s3, "PUT", "/bkt", "versioning", b"<V><Status>Suspended</Status></V>")
    client = boto3.client("s3", endpoint_url=s3_front.url, **CREDENTIALS)
    upload = client.create_multipart_upload(Bucket="bkt", Key="k")["UploadId"]
    etag = client.upload_part(Bucket="bkt", Key="k", UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    client.complete_multipart_upload(Bucket="bkt", Key="k", UploadId=upload, MultipartUpload=parts)
    with pytest.raises(NotEmulated, match="GetObject"):
        send(s3, "GET", "/bkt/k", "partNumber=1")


def test_half_of_a_deletion_of_many(s3: S3, s3_front: Any) -> None:
    client = boto3.client("s3", endpoint_url=s3_front.url, **CREDENTIALS)
    for key in "abcde":
        client.put_object(Bucket="empty", Key=key)
    sent = []
    apply = s3.apply
    s3.apply = lambda *a: (sent.append(a[0]), apply(*a))[1]
    kept = s3.snapshot()
    client.delete_objects(Bucket="empty", Delete={"Objects": [{"Key": key} for key in "abcde"]})
    s3.apply = apply
    s3.restore(kept)
    assert s3.apply_half(sent[-1], CALLER).status == 200
    assert sorted(s3.entries({"s3://empty/*"})) == [f"s3://empty/{key}" for key in "cde"]
