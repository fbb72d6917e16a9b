"""What S3 does: uploads in parts."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from s3_rows import PART, Check, Rows, begin, complete, get, keys, part, put, refused

row = Rows()


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


@pytest.mark.parametrize("check", row.params())
def test_behaves_as_s3(s3_client: Any, check: Check) -> None:
    check(s3_client)
