"""What S3 does and idempotent code depends on, one row each. A row that says "mended" fails on plain moto.

Statuses and codes are those of the API reference and the user guide. Where the documentation is silent the row's
comment says what was chosen.
"""

from __future__ import annotations

import datetime
import io
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from pytest_dagguard.cloud.emulator import Blobs
from pytest_dagguard.cloud.s3 import EMULATOR
from s3_server import serve

PART = 5 * 1024 * 1024
ROWS: list[tuple[str, Callable[[Any], None]]] = []


def row(text: str) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    def keep(check: Callable[[Any], None]) -> Callable[[Any], None]:
        ROWS.append((text, check))
        return check

    return keep


@pytest.fixture(scope="module")
def shared() -> Iterator[Any]:
    emulator = EMULATOR(Blobs(), False)
    with serve(emulator) as server:
        client = boto3.client(
            "s3",
            endpoint_url=server.url,
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            config=Config(retries={"total_max_attempts": 1}),
        )
        client.create_bucket(Bucket="bkt")
        yield emulator, client, emulator.snapshot(), server


@pytest.fixture
def s3(shared: Any) -> Any:
    emulator, client, empty, _ = shared
    emulator.restore(empty)
    return client


def refused(status: int, code: str, call: Callable[..., Any], **arguments: Any) -> None:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]) == (status, code)


def put(s3: Any, key: str = "k", body: bytes = b"one", **more: Any) -> str:
    return str(s3.put_object(Bucket="bkt", Key=key, Body=body, **more)["ETag"])


def get(s3: Any, key: str = "k") -> bytes:
    return bytes(s3.get_object(Bucket="bkt", Key=key)["Body"].read())


def keys(s3: Any, **more: Any) -> list[str]:
    return [each["Key"] for each in s3.list_objects_v2(Bucket="bkt", **more).get("Contents", [])]


def begin(s3: Any, key: str = "k", **more: Any) -> str:
    return str(s3.create_multipart_upload(Bucket="bkt", Key=key, **more)["UploadId"])


def part(s3: Any, upload: str, number: int = 1, body: bytes = b"part", key: str = "k") -> dict[str, Any]:
    answer = s3.upload_part(Bucket="bkt", Key=key, UploadId=upload, PartNumber=number, Body=body)
    return {"PartNumber": number, "ETag": answer["ETag"]}


def complete(s3: Any, upload: str, *parts: dict[str, Any], key: str = "k", **more: Any) -> Any:
    return s3.complete_multipart_upload(
        Bucket="bkt", Key=key, UploadId=upload, MultipartUpload={"Parts": list(parts)}, **more
    )


# Conditional writes


@row("PutObject If-None-Match:* on a present key is 412")
def _(s3: Any) -> None:
    put(s3)
    refused(412, "PreconditionFailed", s3.put_object, Bucket="bkt", Key="k", Body=b"two", IfNoneMatch="*")
    assert get(s3) == b"one"


@row("PutObject If-None-Match:* on a missing key succeeds")
def _(s3: Any) -> None:
    put(s3, IfNoneMatch="*")
    assert get(s3) == b"one"


@row("PutObject If-None-Match with an ETag is 501 (mended: moto ignores it)")
def _(s3: Any) -> None:
    refused(501, "NotImplemented", s3.put_object, Bucket="bkt", Key="k", Body=b"", IfNoneMatch='"abc"')


@row("PutObject If-Match with another ETag is 412")
def _(s3: Any) -> None:
    put(s3)
    refused(412, "PreconditionFailed", s3.put_object, Bucket="bkt", Key="k", Body=b"two", IfMatch='"abc"')


@row("PutObject If-Match on a missing key is 404")
def _(s3: Any) -> None:
    refused(404, "NoSuchKey", s3.put_object, Bucket="bkt", Key="k", Body=b"two", IfMatch='"abc"')


@row("PutObject If-Match with the ETag succeeds, with and without quotes")
def _(s3: Any) -> None:
    etag = put(s3)
    put(s3, body=b"two", IfMatch=put(s3, body=b"three", IfMatch=etag).strip('"'))
    assert get(s3) == b"two"


@row("DeleteObject If-Match with another ETag is 412")
def _(s3: Any) -> None:
    put(s3)
    refused(412, "PreconditionFailed", s3.delete_object, Bucket="bkt", Key="k", IfMatch='"abc"')
    assert keys(s3) == ["k"]


@row("DeleteObject If-Match with the ETag succeeds")
def _(s3: Any) -> None:
    s3.delete_object(Bucket="bkt", Key="k", IfMatch=put(s3))
    assert keys(s3) == []


@row("DeleteObject If-Match:* on a present key succeeds (mended: moto compares the star)")
def _(s3: Any) -> None:
    put(s3)
    s3.delete_object(Bucket="bkt", Key="k", IfMatch="*")
    assert keys(s3) == []


# The user guide gives 412 to a failed star; for an ETag 404 is what it says of a key that is no longer there.
@row("DeleteObject If-Match on a missing key is 412 for the star and 404 for an ETag (mended)")
def _(s3: Any) -> None:
    refused(412, "PreconditionFailed", s3.delete_object, Bucket="bkt", Key="k", IfMatch="*")
    refused(404, "NoSuchKey", s3.delete_object, Bucket="bkt", Key="k", IfMatch='"abc"')


@row("DeleteObjects honours an ETag for each object (mended: moto ignores it)")
def _(s3: Any) -> None:
    good = put(s3, "good")
    put(s3, "bad")
    objects = [{"Key": "good", "ETag": good}, {"Key": "bad", "ETag": '"abc"'}]
    answer = s3.delete_objects(Bucket="bkt", Delete={"Objects": objects})
    assert [each["Key"] for each in answer["Deleted"]] == ["good"]
    assert [(each["Key"], each["Code"]) for each in answer["Errors"]] == [("bad", "PreconditionFailed")]
    assert keys(s3) == ["bad"]


@row("CopyObject If-None-Match:* on a present destination is 412 (mended)")
def _(s3: Any) -> None:
    put(s3)
    put(s3, "dest", b"there")
    refused(412, "PreconditionFailed", s3.copy_object, Bucket="bkt", Key="dest", CopySource="bkt/k", IfNoneMatch="*")
    assert get(s3, "dest") == b"there"


@row("CopyObject x-amz-copy-source-if-match with another ETag is 412 (mended)")
def _(s3: Any) -> None:
    put(s3)
    refused(
        412, "PreconditionFailed", s3.copy_object, Bucket="bkt", Key="d", CopySource="bkt/k", CopySourceIfMatch='"abc"'
    )
    assert keys(s3) == ["k"]


@row("CopyObject x-amz-copy-source-if-none-match with the ETag is 412")
def _(s3: Any) -> None:
    etag = put(s3)
    refused(
        412, "PreconditionFailed", s3.copy_object, Bucket="bkt", Key="d", CopySource="bkt/k", CopySourceIfNoneMatch=etag
    )


@row("CopyObject x-amz-copy-source-if-modified-since a later date is 412 (mended)")
def _(s3: Any) -> None:
    put(s3)
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    refused(
        412,
        "PreconditionFailed",
        s3.copy_object,
        Bucket="bkt",
        Key="d",
        CopySource="bkt/k",
        CopySourceIfModifiedSince=later,
    )


# Conditional reads


@row("GetObject If-None-Match with the ETag is 304")
def _(s3: Any) -> None:
    etag = put(s3)
    refused(304, "304", s3.get_object, Bucket="bkt", Key="k", IfNoneMatch=etag)


@row("GetObject If-Match with another ETag is 412")
def _(s3: Any) -> None:
    put(s3)
    refused(412, "PreconditionFailed", s3.get_object, Bucket="bkt", Key="k", IfMatch='"abc"')


@row("HeadObject If-Match takes the ETag without quotes (mended: moto answers 412)")
def _(s3: Any) -> None:
    etag = put(s3)
    s3.head_object(Bucket="bkt", Key="k", IfMatch=etag.strip('"'))
    refused(412, "412", s3.head_object, Bucket="bkt", Key="k", IfMatch='"abc"')


@row("GetObject If-Unmodified-Since an earlier date is 412")
def _(s3: Any) -> None:
    put(s3)
    earlier = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    refused(412, "PreconditionFailed", s3.get_object, Bucket="bkt", Key="k", IfUnmodifiedSince=earlier)


@row("GetObject If-Match that holds beats If-Unmodified-Since that does not (mended)")
def _(s3: Any) -> None:
    etag = put(s3)
    earlier = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    s3.get_object(Bucket="bkt", Key="k", IfMatch=etag, IfUnmodifiedSince=earlier)


# Multipart uploads


@row("UploadPart for an unknown upload is 404 NoSuchUpload (mended: moto answers 500)")
def _(s3: Any) -> None:
    refused(404, "NoSuchUpload", s3.upload_part, Bucket="bkt", Key="k", UploadId="no", PartNumber=1, Body=b"x")


@row("UploadPart for the upload of another key is 404 NoSuchUpload (mended: moto takes it)")
def _(s3: Any) -> None:
    upload = begin(s3)
    refused(404, "NoSuchUpload", s3.upload_part, Bucket="bkt", Key="other", UploadId=upload, PartNumber=1, Body=b"x")


@row("UploadPartCopy for an unknown upload is 404 NoSuchUpload (mended)")
def _(s3: Any) -> None:
    put(s3)
    refused(
        404, "NoSuchUpload", s3.upload_part_copy, Bucket="bkt", Key="d", UploadId="no", PartNumber=1, CopySource="bkt/k"
    )


@row("UploadPartCopy of a missing source is 404 NoSuchKey (mended: moto has no code)")
def _(s3: Any) -> None:
    upload = begin(s3)
    refused(
        404, "NoSuchKey", s3.upload_part_copy, Bucket="bkt", Key="k", UploadId=upload, PartNumber=1, CopySource="bkt/x"
    )


@row("CompleteMultipartUpload of an unknown upload is 404 NoSuchUpload (mended)")
def _(s3: Any) -> None:
    refused(404, "NoSuchUpload", complete, s3=s3, upload="no")


@row("CompleteMultipartUpload with a missing part is 400 InvalidPart")
def _(s3: Any) -> None:
    upload = begin(s3)
    with pytest.raises(ClientError, match="InvalidPart"):
        complete(s3, upload, {"PartNumber": 1, "ETag": '"abc"'})
    assert keys(s3) == []


@row("CompleteMultipartUpload with another ETag of a part is 400 InvalidPart")
def _(s3: Any) -> None:
    upload = begin(s3)
    part(s3, upload)
    with pytest.raises(ClientError, match="InvalidPart"):
        complete(s3, upload, {"PartNumber": 1, "ETag": '"abc"'})


@row("CompleteMultipartUpload with parts out of order is 400 InvalidPartOrder (mended)")
def _(s3: Any) -> None:
    upload = begin(s3)
    one, two = part(s3, upload, 1), part(s3, upload, 2)
    with pytest.raises(ClientError, match="InvalidPartOrder"):
        complete(s3, upload, two, one)


@row("CompleteMultipartUpload without parts is 400 MalformedXML")
def _(s3: Any) -> None:
    upload = begin(s3)
    refused(400, "MalformedXML", complete, s3=s3, upload=upload)


@row("A part below 5 MiB that is not the last is 400 EntityTooSmall")
def _(s3: Any) -> None:
    upload = begin(s3)
    parts = part(s3, upload, 1), part(s3, upload, 2)
    with pytest.raises(ClientError, match="EntityTooSmall"):
        complete(s3, upload, *parts)
    assert keys(s3) == []


@row("A completed upload has the content, a multipart ETag and no upload left")
def _(s3: Any) -> None:
    upload = begin(s3)
    answer = complete(s3, upload, part(s3, upload, 1, b"x" * PART), part(s3, upload, 2, b"end"))
    assert answer["ETag"].endswith('-2"')
    assert get(s3) == b"x" * PART + b"end"
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="bkt")


@row("Part numbers need not follow one another, a part may be uploaded again")
def _(s3: Any) -> None:
    upload = begin(s3)
    part(s3, upload, 7, b"old")
    complete(s3, upload, part(s3, upload, 7, b"new"))
    assert get(s3) == b"new"


@row("CompleteMultipartUpload again, after its success, succeeds")
def _(s3: Any) -> None:
    upload = begin(s3)
    only = part(s3, upload)
    assert complete(s3, upload, only)["ETag"] == complete(s3, upload, only)["ETag"]


@row("CompleteMultipartUpload If-None-Match:* on a present key is 412 and keeps the upload")
def _(s3: Any) -> None:
    upload = begin(s3)
    only = part(s3, upload)
    put(s3)
    refused(412, "PreconditionFailed", _complete_if_absent, s3=s3, upload=upload, only=only)
    assert get(s3) == b"one"
    assert len(s3.list_multipart_uploads(Bucket="bkt")["Uploads"]) == 1


def _complete_if_absent(s3: Any, upload: str, only: dict[str, Any]) -> None:
    complete(s3, upload, only, IfNoneMatch="*")


@row("CompleteMultipartUpload If-Match with another ETag is 412 (mended: moto ignores it)")
def _(s3: Any) -> None:
    upload = begin(s3)
    only = part(s3, upload)
    put(s3)
    with pytest.raises(ClientError, match="PreconditionFailed"):
        complete(s3, upload, only, IfMatch='"abc"')
    assert get(s3) == b"one"


@row("AbortMultipartUpload removes the upload and its parts")
def _(s3: Any) -> None:
    upload = begin(s3)
    part(s3, upload)
    s3.abort_multipart_upload(Bucket="bkt", Key="k", UploadId=upload)
    refused(404, "NoSuchUpload", s3.list_parts, Bucket="bkt", Key="k", UploadId=upload)


# The API reference gives NoSuchUpload for an upload that "might have been aborted or completed". S3 has been seen to
# answer 204 for one that was aborted a moment ago; the documented answer is the one that is emulated.
@row("AbortMultipartUpload again is 404 NoSuchUpload")
def _(s3: Any) -> None:
    upload = begin(s3)
    s3.abort_multipart_upload(Bucket="bkt", Key="k", UploadId=upload)
    refused(404, "NoSuchUpload", s3.abort_multipart_upload, Bucket="bkt", Key="k", UploadId=upload)


@row("An unfinished upload is no object")
def _(s3: Any) -> None:
    part(s3, begin(s3))
    assert keys(s3) == []
    refused(404, "404", s3.head_object, Bucket="bkt", Key="k")


@row("ListParts takes its marker for a part number (mended: moto takes it for an index)")
def _(s3: Any) -> None:
    upload = begin(s3)
    for number in (2, 5, 9):
        part(s3, upload, number)
    first = s3.list_parts(Bucket="bkt", Key="k", UploadId=upload, MaxParts=2)
    assert [each["PartNumber"] for each in first["Parts"]] == [2, 5]
    assert first["IsTruncated"]
    rest = s3.list_parts(Bucket="bkt", Key="k", UploadId=upload, PartNumberMarker=first["NextPartNumberMarker"])
    assert [each["PartNumber"] for each in rest["Parts"]] == [9]
    assert not rest["IsTruncated"]


@row("ListMultipartUploads is ordered by key (mended: moto lists by age) and filters by prefix")
def _(s3: Any) -> None:
    begin(s3, "z/1")
    begin(s3, "a/1")
    uploads = s3.list_multipart_uploads(Bucket="bkt")["Uploads"]
    assert [each["Key"] for each in uploads] == ["a/1", "z/1"]
    assert [each["Key"] for each in s3.list_multipart_uploads(Bucket="bkt", Prefix="z/")["Uploads"]] == ["z/1"]


@row("Two uploads of one key have two ids")
def _(s3: Any) -> None:
    assert begin(s3) != begin(s3)


@row("Metadata, content type and tags of an upload are those of the object")
def _(s3: Any) -> None:
    upload = begin(s3, ContentType="text/csv", Metadata={"run": "7"}, Tagging="a=1")
    complete(s3, upload, part(s3, upload))
    head = s3.head_object(Bucket="bkt", Key="k")
    assert (head["ContentType"], head["Metadata"]) == ("text/csv", {"run": "7"})
    assert s3.get_object_tagging(Bucket="bkt", Key="k")["TagSet"] == [{"Key": "a", "Value": "1"}]


# Missing things


@row("DeleteObject of a missing key is 204")
def _(s3: Any) -> None:
    assert s3.delete_object(Bucket="bkt", Key="k")["ResponseMetadata"]["HTTPStatusCode"] == 204


@row("DeleteObjects reports missing keys as deleted")
def _(s3: Any) -> None:
    put(s3)
    answer = s3.delete_objects(Bucket="bkt", Delete={"Objects": [{"Key": "k"}, {"Key": "none"}]})
    assert [each["Key"] for each in answer["Deleted"]] == ["k", "none"]
    assert "Errors" not in answer


@row("DeleteObjects with Quiet reports nothing (mended: moto reports all)")
def _(s3: Any) -> None:
    put(s3)
    assert "Deleted" not in s3.delete_objects(Bucket="bkt", Delete={"Objects": [{"Key": "k"}], "Quiet": True})
    assert keys(s3) == []


@row("DeleteObjects of more than 1000 keys is 400 MalformedXML (mended)")
def _(s3: Any) -> None:
    objects = [{"Key": f"k{each}"} for each in range(1001)]
    refused(400, "MalformedXML", s3.delete_objects, Bucket="bkt", Delete={"Objects": objects})


@row("DeleteObjects takes keys with entities and white space")
def _(s3: Any) -> None:
    for key in ("a&b", " lead", "<x>", "tail "):
        put(s3, key)
    objects = [{"Key": each} for each in ("a&b", " lead", "<x>", "tail ")]
    s3.delete_objects(Bucket="bkt", Delete={"Objects": objects})
    assert keys(s3) == []


@row("GetObject of a missing key is 404 NoSuchKey")
def _(s3: Any) -> None:
    refused(404, "NoSuchKey", s3.get_object, Bucket="bkt", Key="k")


@row("HeadObject of a missing key is 404 without a body")
def _(s3: Any) -> None:
    refused(404, "404", s3.head_object, Bucket="bkt", Key="k")


@row("CopyObject of a missing source is 404 NoSuchKey")
def _(s3: Any) -> None:
    refused(404, "NoSuchKey", s3.copy_object, Bucket="bkt", Key="d", CopySource="bkt/k")


@row("A missing bucket is 404 NoSuchBucket")
def _(s3: Any) -> None:
    refused(404, "NoSuchBucket", s3.get_object, Bucket="none", Key="k")
    refused(404, "NoSuchBucket", s3.put_object, Bucket="none", Key="k", Body=b"")
    refused(404, "NoSuchBucket", s3.list_objects_v2, Bucket="none")
    refused(404, "NoSuchBucket", s3.delete_objects, Bucket="none", Delete={"Objects": [{"Key": "k"}]})
    refused(404, "NoSuchBucket", s3.delete_bucket, Bucket="none")
    refused(404, "404", s3.head_bucket, Bucket="none")
    refused(404, "404", s3.head_object, Bucket="none", Key="k")


# Buckets


@row("CreateBucket by its owner again in us-east-1 is 200")
def _(s3: Any) -> None:
    put(s3)
    assert s3.create_bucket(Bucket="bkt")["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert keys(s3) == ["k"]


@row("CreateBucket by its owner again elsewhere is 409 BucketAlreadyOwnedByYou")
def _(s3: Any) -> None:
    there = boto3.client("s3", endpoint_url=s3.meta.endpoint_url, region_name="eu-west-1", **_CREDENTIALS)
    place = {"LocationConstraint": "eu-west-1"}
    there.create_bucket(Bucket="europe", CreateBucketConfiguration=place)
    refused(409, "BucketAlreadyOwnedByYou", there.create_bucket, Bucket="europe", CreateBucketConfiguration=place)
    assert there.get_bucket_location(Bucket="europe")["LocationConstraint"] == "eu-west-1"


_CREDENTIALS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}


@row("CreateBucket with an impossible name is 400 InvalidBucketName")
def _(s3: Any) -> None:
    refused(400, "InvalidBucketName", s3.create_bucket, Bucket="Up")


@row("DeleteBucket of one that is not empty is 409 BucketNotEmpty")
def _(s3: Any) -> None:
    put(s3)
    refused(409, "BucketNotEmpty", s3.delete_bucket, Bucket="bkt")
    s3.delete_object(Bucket="bkt", Key="k")
    assert s3.delete_bucket(Bucket="bkt")["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert s3.list_buckets()["Buckets"] == []


# Listings


@row("Listings are ordered by the bytes of UTF-8")
def _(s3: Any) -> None:
    names = ["a", "B", "_", "a/b", "a-b", "é", "z", "\U0001f600", "\uff5e", "1", "10", "2"]
    for name in names:
        put(s3, name)
    assert keys(s3) == sorted(names, key=lambda each: each.encode())


@row("Pages follow one another by token, nothing twice")
def _(s3: Any) -> None:
    names = [f"k{each:02}" for each in range(7)]
    for name in names:
        put(s3, name)
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket="bkt", PaginationConfig={"PageSize": 3}))
    assert [[each["Key"] for each in page["Contents"]] for page in pages] == [names[:3], names[3:6], names[6:]]
    assert [page["IsTruncated"] for page in pages] == [True, True, False]
    assert [page["KeyCount"] for page in pages] == [3, 3, 1]


@row("Pages of ListObjects follow one another by the last key")
def _(s3: Any) -> None:
    names = [f"k{each:02}" for each in range(7)]
    for name in names:
        put(s3, name)
    pages = list(s3.get_paginator("list_objects").paginate(Bucket="bkt", PaginationConfig={"PageSize": 3}))
    assert [[each["Key"] for each in page["Contents"]] for page in pages] == [names[:3], names[3:6], names[6:]]


@row("A token that was never given out is 400 InvalidArgument (mended: moto answers 500)")
def _(s3: Any) -> None:
    put(s3)
    refused(400, "InvalidArgument", s3.list_objects_v2, Bucket="bkt", ContinuationToken="no")


@row("StartAfter and Prefix")
def _(s3: Any) -> None:
    for name in ("a/1", "a/2", "b/1"):
        put(s3, name)
    assert keys(s3, StartAfter="a/1") == ["a/2", "b/1"]
    assert keys(s3, Prefix="a/") == ["a/1", "a/2"]
    assert keys(s3, Prefix="none") == []


@row("A delimiter rolls keys up into common prefixes, which count as entries of a page")
def _(s3: Any) -> None:
    for name in ("a/1", "a/2", "b", "c/1", "d"):
        put(s3, name)
    answer = s3.list_objects_v2(Bucket="bkt", Delimiter="/")
    assert [each["Prefix"] for each in answer["CommonPrefixes"]] == ["a/", "c/"]
    assert [each["Key"] for each in answer["Contents"]] == ["b", "d"]
    assert answer["KeyCount"] == 4
    pages = list(
        s3.get_paginator("list_objects_v2").paginate(Bucket="bkt", Delimiter="/", PaginationConfig={"PageSize": 2})
    )
    assert [page["KeyCount"] for page in pages] == [2, 2]


@row("Pages of ListObjects with a delimiter name no prefix twice (mended: moto repeats them)")
def _(s3: Any) -> None:
    for name in ("a/1", "a/2", "b", "c/1", "d", "e"):
        put(s3, name)
    pages = list(
        s3.get_paginator("list_objects").paginate(Bucket="bkt", Delimiter="/", PaginationConfig={"PageSize": 2})
    )
    prefixes = [each["Prefix"] for page in pages for each in page.get("CommonPrefixes", [])]
    assert prefixes == ["a/", "c/"]
    assert [each["Key"] for page in pages for each in page.get("Contents", [])] == ["b", "d", "e"]


@row("A listing keeps odd keys and prefixes whole (mended for ListObjects: moto does not encode prefixes)")
def _(s3: Any) -> None:
    for name in ("a+b/x y", "50%/é", "q?=&/z"):
        put(s3, name)
    for call in (s3.list_objects_v2, s3.list_objects):
        assert [each["Key"] for each in call(Bucket="bkt")["Contents"]] == ["50%/é", "a+b/x y", "q?=&/z"]
        assert [each["Prefix"] for each in call(Bucket="bkt", Delimiter="/")["CommonPrefixes"]] == [
            "50%/",
            "a+b/",
            "q?=&/",
        ]
        assert [each["Key"] for each in call(Bucket="bkt", Prefix="a+b/")["Contents"]] == ["a+b/x y"]


@row("MaxKeys of 0 lists nothing and is not truncated")
def _(s3: Any) -> None:
    put(s3)
    answer = s3.list_objects_v2(Bucket="bkt", MaxKeys=0)
    assert (answer["KeyCount"], answer["IsTruncated"]) == (0, False)


# Objects


@row("CopyObject onto itself without a change is 400 InvalidRequest")
def _(s3: Any) -> None:
    put(s3)
    refused(400, "InvalidRequest", s3.copy_object, Bucket="bkt", Key="k", CopySource="bkt/k")


@row("CopyObject onto itself with new metadata replaces them")
def _(s3: Any) -> None:
    put(s3, Metadata={"a": "1"})
    s3.copy_object(Bucket="bkt", Key="k", CopySource="bkt/k", MetadataDirective="REPLACE", Metadata={"b": "2"})
    assert s3.head_object(Bucket="bkt", Key="k")["Metadata"] == {"b": "2"}
    assert get(s3) == b"one"


@row("CopyObject copies content, metadata and content type")
def _(s3: Any) -> None:
    put(s3, "src", ContentType="text/plain", ContentEncoding="gzip", Metadata={"a": "1"})
    s3.copy_object(Bucket="bkt", Key="dest", CopySource={"Bucket": "bkt", "Key": "src"})
    for key in ("src", "dest"):
        head = s3.head_object(Bucket="bkt", Key=key)
        assert (head["ContentType"], head["ContentEncoding"], head["Metadata"]) == ("text/plain", "gzip", {"a": "1"})


@row("A ranged GetObject is 206 with its range")
def _(s3: Any) -> None:
    put(s3, body=b"0123456789")
    answer = s3.get_object(Bucket="bkt", Key="k", Range="bytes=2-4")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert (answer["Body"].read(), answer["ContentRange"]) == (b"234", "bytes 2-4/10")
    assert s3.get_object(Bucket="bkt", Key="k", Range="bytes=-3")["Body"].read() == b"789"
    assert s3.get_object(Bucket="bkt", Key="k", Range="bytes=7-")["Body"].read() == b"789"


@row("A range behind the end is 416 InvalidRange")
def _(s3: Any) -> None:
    put(s3)
    refused(416, "InvalidRange", s3.get_object, Bucket="bkt", Key="k", Range="bytes=10-12")


@row("The ETag of a simple object is the MD5 of its content")
def _(s3: Any) -> None:
    assert put(s3, body=b"hello") == '"5d41402abc4b2a76b9719d911017c592"'


@row("An object of no bytes")
def _(s3: Any) -> None:
    put(s3, body=b"")
    assert get(s3) == b""
    assert s3.head_object(Bucket="bkt", Key="k")["ContentLength"] == 0
    assert s3.list_objects_v2(Bucket="bkt")["Contents"][0]["Size"] == 0


@pytest.mark.parametrize(
    "key",
    [
        "a b",
        "é/ü.csv",
        "日本/語",
        "a+b",
        "100%",
        "%41",
        "a%2Fb",
        "a//b",
        "/lead",
        "//two",
        "dir/",
        "dt=2026-01-01/part 0.parquet",
        "q?x=1&y=2",
        "h#frag",
        "semi;colon",
        "quote'\"",
        "star*",
        "back\\slash",
        "tilde~",
        "colon:at@",
        "..",
        "./x",
        "a/../b",
        "😀",
    ],
)
def test_key_is_kept_as_it_is(s3: Any, key: str) -> None:
    put(s3, key, b"content")
    assert get(s3, key) == b"content"
    assert keys(s3) == [key]
    s3.copy_object(Bucket="bkt", Key="copy", CopySource={"Bucket": "bkt", "Key": key})
    assert get(s3, "copy") == b"content"
    upload = begin(s3, key)
    s3.upload_part_copy(Bucket="bkt", Key=key, UploadId=upload, PartNumber=1, CopySource={"Bucket": "bkt", "Key": key})
    s3.abort_multipart_upload(Bucket="bkt", Key=key, UploadId=upload)
    s3.delete_objects(Bucket="bkt", Delete={"Objects": [{"Key": key}, {"Key": "copy"}]})
    assert keys(s3) == []


@row("User metadata come back in lower case")
def _(s3: Any) -> None:
    put(s3, Metadata={"Run-Id": "7", "under_score": "x"})
    assert s3.head_object(Bucket="bkt", Key="k")["Metadata"] == {"run-id": "7", "under_score": "x"}


@row("What was sent for transport does not come back with the object (mended: moto stores it)")
def _(s3: Any) -> None:
    put(s3, ContentType="text/plain")
    headers = s3.get_object(Bucket="bkt", Key="k")["ResponseMetadata"]["HTTPHeaders"]
    assert "x-amz-content-sha256" not in headers
    assert "content-encoding" not in headers


@row("Tags are set, read and removed; overwriting an object removes them")
def _(s3: Any) -> None:
    put(s3, Tagging="a=1")
    assert s3.get_object_tagging(Bucket="bkt", Key="k")["TagSet"] == [{"Key": "a", "Value": "1"}]
    s3.put_object_tagging(Bucket="bkt", Key="k", Tagging={"TagSet": [{"Key": "b", "Value": "2"}]})
    assert s3.get_object_tagging(Bucket="bkt", Key="k")["TagSet"] == [{"Key": "b", "Value": "2"}]
    put(s3)
    assert s3.get_object_tagging(Bucket="bkt", Key="k")["TagSet"] == []


@row("An object deleted and written again has none of the old one's tags")
def _(s3: Any) -> None:
    upload = begin(s3)
    put(s3, Tagging="a=1")
    s3.delete_object(Bucket="bkt", Key="k")
    complete(s3, upload, part(s3, upload))
    assert s3.get_object_tagging(Bucket="bkt", Key="k")["TagSet"] == []


@row("CopyObject replaces the tags of what it overwrites (mended: moto adds them up)")
def _(s3: Any) -> None:
    put(s3, Tagging="a=1")
    put(s3, "dest", Tagging="b=2")
    s3.copy_object(Bucket="bkt", Key="dest", CopySource="bkt/k")
    assert s3.get_object_tagging(Bucket="bkt", Key="dest")["TagSet"] == [{"Key": "a", "Value": "1"}]
    s3.copy_object(Bucket="bkt", Key="k", CopySource="bkt/k", MetadataDirective="REPLACE")
    assert s3.get_object_tagging(Bucket="bkt", Key="k")["TagSet"] == [{"Key": "a", "Value": "1"}]


@row("Transfers of more than one part arrive whole")
def _(s3: Any) -> None:
    content = bytes(range(256)) * 50000
    s3.upload_fileobj(io.BytesIO(content), "bkt", "big")
    target = io.BytesIO()
    s3.download_fileobj("bkt", "big", target)
    assert target.getvalue() == content


@row("A presigned GET needs no other header")
def _(s3: Any) -> None:
    put(s3)
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "bkt", "Key": "k"})
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"one"


@row("A presigned PUT takes any content type (mended: moto parses forms)")
def _(s3: Any) -> None:
    url = s3.generate_presigned_url("put_object", Params={"Bucket": "bkt", "Key": "k"})
    with urllib.request.urlopen(urllib.request.Request(url, b"a=1&b=2", method="PUT")) as answer:
        assert answer.status == 200
    assert get(s3) == b"a=1&b=2"


@row("Versioned buckets keep what was overwritten and deleted")
def _(s3: Any) -> None:
    s3.put_bucket_versioning(Bucket="bkt", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="bkt", Key="k", Body=b"one")["VersionId"]
    put(s3, body=b"two")
    s3.delete_object(Bucket="bkt", Key="k")
    refused(404, "NoSuchKey", s3.get_object, Bucket="bkt", Key="k")
    assert s3.get_object(Bucket="bkt", Key="k", VersionId=first)["Body"].read() == b"one"
    answer = s3.list_object_versions(Bucket="bkt")
    assert len(answer["Versions"]) == 2
    assert len(answer["DeleteMarkers"]) == 1
    put(s3, IfNoneMatch="*")
    assert get(s3) == b"one"


@row("Folders of deleted objects are not listed (mended: moto lists them in a versioned bucket)")
def _(s3: Any) -> None:
    s3.put_bucket_versioning(Bucket="bkt", VersioningConfiguration={"Status": "Enabled"})
    put(s3, "dir/k")
    s3.delete_object(Bucket="bkt", Key="dir/k")
    assert "CommonPrefixes" not in s3.list_objects_v2(Bucket="bkt", Delimiter="/")


@pytest.mark.parametrize(("check"), [check for _, check in ROWS], ids=[text for text, _ in ROWS])
def test_behaves_as_s3(s3: Any, check: Callable[[Any], None]) -> None:
    check(s3)
