"""What S3 does: objects, what is kept beside them, and what is missing."""

from __future__ import annotations

import io
import urllib.error
import urllib.request
from typing import Any

import pytest

from s3_rows import Check, Rows, begin, complete, get, keys, part, put, refused

row = Rows()

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
def test_key_is_kept_as_it_is(s3_client: Any, key: str) -> None:
    s3 = s3_client
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


@pytest.mark.parametrize("check", row.params())
def test_behaves_as_s3(s3_client: Any, check: Check) -> None:
    check(s3_client)
