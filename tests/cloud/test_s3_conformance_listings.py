"""What S3 does: buckets, and listings of what is in them."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from s3_rows import Check, Rows, keys, put, refused
from s3_server import CREDENTIALS

row = Rows()

# Buckets


@row("CreateBucket by its owner again in us-east-1 is 200")
def _(s3: Any) -> None:
    put(s3)
    assert s3.create_bucket(Bucket="bkt")["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert keys(s3) == ["k"]


@row("CreateBucket by its owner again elsewhere is 409 BucketAlreadyOwnedByYou")
def _(s3: Any) -> None:
    there = boto3.client("s3", endpoint_url=s3.meta.endpoint_url, **{**CREDENTIALS, "region_name": "eu-west-1"})
    place = {"LocationConstraint": "eu-west-1"}
    there.create_bucket(Bucket="europe", CreateBucketConfiguration=place)
    refused(409, "BucketAlreadyOwnedByYou", there.create_bucket, Bucket="europe", CreateBucketConfiguration=place)
    assert there.get_bucket_location(Bucket="europe")["LocationConstraint"] == "eu-west-1"


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


@pytest.mark.parametrize("check", row.params())
def test_behaves_as_s3(s3_client: Any, check: Check) -> None:
    check(s3_client)
