"""What S3 does: conditional writes and reads."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from s3_rows import Check, Rows, get, keys, put, refused

row = Rows()

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


@pytest.mark.parametrize("check", row.params())
def test_behaves_as_s3(s3_client: Any, check: Check) -> None:
    check(s3_client)
