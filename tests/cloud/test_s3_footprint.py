from __future__ import annotations

import pytest
from multidict import CIMultiDict

from pytest_dagguard.cloud.emulator import Blobs, Request
from pytest_dagguard.cloud.s3 import EMULATOR, S3
from pytest_dagguard.cloud.s3_address import decoded, parse
from pytest_dagguard.model.errors import NotEmulated
from pytest_dagguard.model.operation import conflicts
from pytest_dagguard.model.seed import Seed
from s3_server import request

DELETE = (
    b'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a&amp;b</Key></Object>'
    b'<Object><Key> c</Key><ETag>"1"</ETag></Object></Delete>'
)
B, K, U = "s3://bkt", "s3://bkt/k", "s3-upload://bkt/k?u1"


@pytest.fixture(scope="module")
def emulator() -> S3:
    made = EMULATOR(Blobs(), True)
    made.seed(Seed(s3={"bkt": {}}))
    return made


def copying(query: str = "", **more: str) -> Request:
    return request("PUT", "/bkt/k", query, x_amz_copy_source="/src/a%20b%3F?versionId=v1", **more)


@pytest.mark.parametrize(
    ("asked", "verb", "resource", "reads", "writes"),
    [
        (request("GET", "/"), "ListBuckets", "s3://", {"s3://*"}, set()),
        (request("GET", "/bkt/k"), "GetObject", K, {K}, set()),
        (request("GET", "/bkt/k", "x-id=GetObject"), "GetObject", K, {K}, set()),
        (request("HEAD", "/bkt/k"), "HeadObject", K, {K}, set()),
        (request("PUT", "/bkt/k"), "PutObject", K, set(), {K}),
        (request("PUT", "/bkt/k", If_None_Match="*"), "PutObject", K, {K}, {K}),
        (request("PUT", "/bkt/k", If_Match="e"), "PutObject", K, {K}, {K}),
        (request("DELETE", "/bkt/k"), "DeleteObject", K, set(), {K}),
        (request("DELETE", "/bkt/k", If_Match="e"), "DeleteObject", K, {K}, {K}),
        (request("DELETE", "/bkt/k", "versionId=1"), "DeleteObject", K, set(), {K}),
        (copying(), "CopyObject", K, {"s3://src/a b?"}, {K, "s3://src"}),
        (copying(If_None_Match="*"), "CopyObject", K, {"s3://src/a b?", K}, {K, "s3://src"}),
        (request("PUT", "/bkt/k", "tagging"), "PutObjectTagging", K, {K}, {K}),
        (request("GET", "/bkt/k", "tagging"), "GetObjectTagging", K, {K}, set()),
        (request("PUT", "/bkt/k", "acl="), "PutObjectAcl", K, {K}, {K}),
        (request("GET", "/bkt/k", "attributes", x_amz_object_attributes="ETag"), "GetObjectAttributes", K, {K}, set()),
        (request("GET", "/bkt", "list-type=2&prefix=a%2Fb"), "ListObjectsV2", "s3://bkt", {"s3://bkt/a/b*"}, set()),
        (request("GET", "/bkt/", "prefix="), "ListObjects", "s3://bkt", {"s3://bkt/*"}, set()),
        (request("GET", "/bkt", "versions&prefix=a"), "ListObjectVersions", "s3://bkt", {"s3://bkt/a*"}, set()),
        (request("GET", "/bkt", "uploads"), "ListMultipartUploads", "s3://bkt", {"s3-upload://bkt/*"}, set()),
        (request("POST", "/bkt", "delete", DELETE), "DeleteObjects", B, {f"{B}/ c"}, {f"{B}/a&b", f"{B}/ c"}),
        (request("POST", "/bkt/k", "uploads"), "CreateMultipartUpload", K, set(), {"s3-upload://bkt/k?*"}),
        (request("PUT", "/bkt/k", "partNumber=1&uploadId=u1"), "UploadPart", U, set(), {U}),
        (copying("partNumber=1&uploadId=u1"), "UploadPartCopy", U, {"s3://src/a b?"}, {U, "s3://src"}),
        (request("GET", "/bkt/k", "uploadId=u1"), "ListParts", U, {U}, set()),
        (request("POST", "/bkt/k", "uploadId=u1"), "CompleteMultipartUpload", K, {U}, {U, K}),
        (request("POST", "/bkt/k", "uploadId=u1", If_None_Match="*"), "CompleteMultipartUpload", K, {U, K}, {U, K}),
        (request("DELETE", "/bkt/k", "uploadId=u1"), "AbortMultipartUpload", U, set(), {U}),
        (request("PUT", "/bkt"), "CreateBucket", "s3://bkt", {"s3://bkt"}, set()),
        (request("PUT", "/new"), "CreateBucket", "s3://new", {"s3://new"}, {"s3://new", "s3://new/*"}),
        (request("HEAD", "/bkt"), "HeadBucket", "s3://bkt", {"s3://bkt"}, set()),
        (request("HEAD", "/new"), "HeadBucket", "s3://new", {"s3://new"}, {"s3://new"}),
        (request("DELETE", "/bkt"), "DeleteBucket", "s3://bkt", {"s3://bkt", "s3://bkt/*"}, {"s3://bkt"}),
        (request("GET", "/bkt", "location"), "GetBucketLocation", "s3://bkt", {"s3://bkt"}, set()),
        (request("PUT", "/bkt", "versioning"), "PutBucketVersioning", "s3://bkt", {"s3://bkt"}, {"s3://bkt"}),
        (request("GET", "/bkt", "lifecycle"), "GetBucketLifecycleConfiguration", "s3://bkt", {"s3://bkt"}, set()),
        (request("GET", "/bkt", "inventory&id=1"), "GetBucketInventoryConfiguration", "s3://bkt", {"s3://bkt"}, set()),
        (request("GET", "/bkt", "inventory"), "ListBucketInventoryConfigurations", "s3://bkt", {"s3://bkt"}, set()),
    ],
)  # fmt: skip
def test_names_the_operation_and_its_footprint(
    emulator: S3, asked: Request, verb: str, resource: str, reads: set[str], writes: set[str]
) -> None:
    found = emulator.classify(asked)
    assert (found.service, found.verb, found.resource) == ("s3", verb, resource)
    assert (set(found.reads), set(found.writes)) == (reads, writes)


@pytest.mark.parametrize(
    ("host", "path", "bucket", "key"),
    [
        ("127.0.0.1:4566", "/bkt/a//b", "bkt", "a//b"),
        ("localhost:4566", "/bkt//a", "bkt", "/a"),
        ("localhost", "/bkt", "bkt", ""),
        ("localhost", "/bkt/", "bkt", ""),
        ("[::1]:4566", "/bkt/k", "bkt", "k"),
        ("bkt.localhost:4566", "/a/b%20c", "bkt", "a/b c"),
        ("my.bkt.127.0.0.1:4566", "/", "my.bkt", ""),
        ("bkt.s3.amazonaws.com", "/k", "bkt", "k"),
        ("my.bkt.s3.eu-west-1.amazonaws.com", "/k", "my.bkt", "k"),
        ("bkt.s3-eu-west-1.amazonaws.com", "/k", "bkt", "k"),
        ("bkt.s3.dualstack.eu-west-1.amazonaws.com", "/k", "bkt", "k"),
        ("bkt.s3.cn-north-1.amazonaws.com.cn", "/k", "bkt", "k"),
        ("s3.amazonaws.com", "/bkt/k", "bkt", "k"),
        ("s3.eu-west-1.amazonaws.com", "/bkt/k", "bkt", "k"),
        ("minio:9000", "/bkt/k", "bkt", "k"),
    ],
)
def test_finds_bucket_and_key_in_either_style(host: str, path: str, bucket: str, key: str) -> None:
    call = parse(request("GET", path, host=host))
    assert (call.bucket, call.key) == (bucket, key)


def test_a_listing_conflicts_with_a_write_under_its_prefix_only(emulator: S3) -> None:
    listing = emulator.classify(request("GET", "/bkt", "list-type=2&prefix=out%2F"))
    assert conflicts(listing, emulator.classify(request("PUT", "/bkt/out/x")))
    assert not conflicts(listing, emulator.classify(request("PUT", "/bkt/in/x")))
    assert not conflicts(listing, emulator.classify(request("GET", "/bkt/out/x")))


def test_the_removal_of_a_bucket_conflicts_with_whatever_is_written_to_it(emulator: S3) -> None:
    removal = emulator.classify(request("DELETE", "/bkt"))
    assert conflicts(removal, emulator.classify(request("PUT", "/bkt/x")))
    assert conflicts(emulator.classify(request("PUT", "/new")), emulator.classify(request("GET", "/new/x")))


@pytest.mark.parametrize(
    ("asked", "verb"),
    [
        (request("GET", "/bkt/k", "retention"), "GetObjectRetention"),
        (request("POST", "/bkt/k", "select&select-type=2"), "SelectObjectContent"),
        (request("GET", "/bkt", "requestPayment"), "GetBucketRequestPayment"),
        (request("GET", "/bkt", "analytics&id=1"), "GetBucketAnalyticsConfiguration"),
        (request("GET", "/bkt", "session"), "CreateSession"),
        (request("PATCH", "/bkt/k"), "PATCH bkt/k"),
    ],
)
def test_refuses_what_moto_would_answer_wrongly(emulator: S3, asked: Request, verb: str) -> None:
    with pytest.raises(NotEmulated) as caught:
        emulator.classify(asked)
    assert (caught.value.service, caught.value.what) == ("s3", verb)


def test_a_chunked_body_with_a_trailer_is_decoded() -> None:
    body = b"5\r\nhello\r\n6;chunk-signature=abc\r\n\r\nmore\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"
    asked = request("PUT", "/bkt/k", "", body, Content_Encoding="gzip,aws-chunked")
    asked.headers["x-amz-content-sha256"] = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    headers, content = decoded(asked)
    assert content == b"hello\r\nmore"
    assert headers["x-amz-checksum-crc32"] == "NhCmhg=="
    assert headers["Content-Encoding"] == "gzip"
    assert "x-amz-content-sha256" in asked.headers  # the request is not ours to change


def test_a_plain_body_is_left_alone() -> None:
    asked = request("PUT", "/bkt/k", "", b"5\r\nhello", x_amz_content_sha256="UNSIGNED-PAYLOAD")
    assert decoded(asked) == (CIMultiDict(asked.headers), b"5\r\nhello")
