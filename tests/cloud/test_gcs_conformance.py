"""What real Cloud Storage does, one row a behaviour. Many of them gcp-storage-emulator gets wrong by itself."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable
from typing import Any

import google_crc32c
import pytest
from multidict import CIMultiDict

from gcs_asks import (
    CALLER,
    UP,
    Ask,
    B,
    Service,
    batch,
    body,
    chunk,
    compose,
    copy,
    delete,
    folders,
    get,
    header,
    listed,
    media,
    multipart,
    names,
    of,
    patch,
    put,
    start,
    statuses,
    value,
    xml,
)
from gcs_server import K256
from pytest_dagguard.cloud.emulator import Request, Response

# A row of the table is a line, however long: it reads as a sentence.


MET = "At least one of the pre-conditions you specified did not hold."
TREE = [put(name) for name in ("a", "d%2Fx", "d%2Fy", "d%2F", "e%2Ff%2Fg", "z")]
PARTS = [put(name, text) for name, text in (("a", b"1"), ("b", b"2"))]
GZ = gzip.compress(b"plain text", mtime=0)
CRC_ONE = base64.b64encode(google_crc32c.value(b"one").to_bytes(4, "big")).decode()
MD5_ONE = base64.b64encode(bytes.fromhex("f97c5d29941bfb1b2fdab0874906ab82")).decode()

Row = tuple[str, list[Ask], Ask, int, Callable[[Response], Any] | None, Any]
ROWS: list[Row] = [
    # Preconditions on writes
    ("generation 0 lets a new object be made", [], put(query="&ifGenerationMatch=0"), 200, of("name"), "a"),
    ("generation 0 refuses a second one", [put()], put(query="&ifGenerationMatch=0"), 412, of("error", "message"), MET),
    ("412 has its reason", [put()], put(query="&ifGenerationMatch=0"), 412, of("error", "errors", "0", "reason"), "conditionNotMet"),
    ("refused writes change nothing", [put(), put(body=b"two", query="&ifGenerationMatch=0")], media(), 200, body, b"one"),
    ("the right generation is let through", [put()], put(body=b"2", query="&ifGenerationMatch={gen}"), 200, of("size"), "1"),
    ("a stale generation is refused", [put()], put(query="&ifGenerationMatch=5"), 412, None, None),
    ("a generation of what is not there is refused", [], put(query="&ifGenerationMatch=5"), 412, None, None),
    ("a deleted object counts as not there", [put(), delete()], put(query="&ifGenerationMatch=0"), 200, None, None),
    ("multipart has preconditions", [put()], multipart({"name": "a"}, b"x", "&ifGenerationMatch=0"), 412, None, None),
    ("metageneration match on insert", [put()], put(query="&ifMetagenerationMatch=1"), 200, None, None),
    ("metageneration mismatch on insert", [put()], put(query="&ifMetagenerationMatch=2"), 412, None, None),
    ("not-match refuses with 304", [put()], put(query="&ifGenerationNotMatch={gen}"), 304, body, b""),
    ("not-match 0 wants a live object", [], put(query="&ifGenerationNotMatch=0"), 304, None, None),
    ("not-match 0 with a live object", [put()], put(query="&ifGenerationNotMatch=0"), 200, None, None),
    ("no number, no precondition", [], put(query="&ifGenerationMatch=x"), 400, None, None),
    # Preconditions on reads, deletes, changes
    ("get with the generation", [put()], get(query="ifGenerationMatch={gen}"), 200, None, None),
    ("get with a stale generation", [put()], get(query="ifGenerationMatch=5"), 412, None, None),
    ("get of what is not modified", [put()], get(query="ifGenerationNotMatch={gen}"), 304, body, b""),
    ("get of metadata not modified", [put()], get(query="ifMetagenerationNotMatch=1"), 304, None, None),
    ("download with a stale generation", [put()], media(query="&ifGenerationMatch=5"), 412, None, None),
    ("download of what is not modified", [put()], media(query="&ifGenerationNotMatch={gen}"), 304, body, b""),
    ("delete with the generation", [put()], delete(query="ifGenerationMatch={gen}"), 204, body, b""),
    ("delete with a stale generation", [put()], delete(query="ifGenerationMatch=5"), 412, None, None),
    ("a refused delete deletes nothing", [put(), delete(query="ifGenerationMatch=5")], get(), 200, None, None),
    ("delete of nothing is 404 and not 412", [], delete(query="ifGenerationMatch=5"), 404, None, None),
    ("delete by metageneration", [put()], delete(query="ifMetagenerationMatch=2"), 412, None, None),
    ("patch by metageneration", [put()], patch({"cacheControl": "x"}, "ifMetagenerationMatch=2"), 412, None, None),
    ("patch by the right one", [put()], patch({"cacheControl": "x"}, "ifMetagenerationMatch=1"), 200, of("cacheControl"), "x"),
    ("If-None-Match with the etag", [put()], get(If_None_Match="*"), 304, None, None),
    ("If-Match with another etag", [put()], get(If_Match='"x"'), 412, None, None),
    ("generation= reads that one", [put()], get(query="generation={gen}"), 200, None, None),
    ("generation= of an old one is 404", [put(), put()], get(query="generation=5"), 404, None, None),
    ("generation= on download", [put()], media(query="&generation=5"), 404, None, None),
    ("generation= on delete", [put()], delete(query="generation=5"), 404, None, None),
    # Copies
    ("copy", [put()], copy(), 200, of("name"), "z"),
    ("a copy's metageneration is 1", [put(), patch({"metadata": {"k": "v"}})], copy(), 200, of("metageneration"), "1"),
    ("a copy keeps the metadata", [put(), patch({"metadata": {"k": "v"}})], copy(), 200, of("metadata", "k"), "v"),
    ("copy with new metadata", [put()], copy(meta={"contentType": "x/y"}), 200, of("contentType"), "x/y"),
    ("copy onto what is there", [put("z"), put()], copy("ifGenerationMatch=0"), 412, None, None),
    ("copy of the right source", [put()], copy("ifSourceGenerationMatch={gen}"), 200, None, None),
    ("copy of a changed source", [put()], copy("ifSourceGenerationMatch=5"), 412, None, None),
    ("copy of an old generation", [put()], copy("sourceGeneration=5"), 404, None, None),
    ("copy of an unmodified source", [put()], copy("ifSourceGenerationNotMatch={gen}"), 304, None, None),
    ("copy by the source's metageneration", [put()], copy("ifSourceMetagenerationMatch=2"), 412, None, None),
    ("copy of nothing", [], copy(), 404, of("error", "message"), "No such object: bkt/a"),
    ("rewrite", [put()], copy(verb="rewriteTo/b/bkt/o"), 200, of("done"), True),
    ("rewrite names the object", [put()], copy(verb="rewriteTo/b/bkt/o"), 200, of("resource", "size"), "3"),
    ("rewrite onto what is there", [put("z"), put()], copy("ifGenerationMatch=0", "rewriteTo/b/bkt/o"), 412, None, None),
    ("rewrite of a changed source", [put()], copy("ifSourceGenerationMatch=5", "rewriteTo/b/bkt/o"), 412, None, None),
    (
        "rewrite in steps",
        [put()],
        copy("maxBytesRewrittenPerCall=1", "rewriteTo/b/bkt/o", meta={"storageClass": "NEARLINE"}),
        200,
        of("done"),
        False,
    ),
    ("rewrite to another class", [put()], copy("", "rewriteTo/b/bkt/o", "a", {"storageClass": "COLDLINE"}), 200, of("resource", "storageClass"), "COLDLINE"),
    ("move", [put(), copy("", "moveTo/o")], get("z"), 200, of("size"), "3"),
    ("move leaves nothing", [put(), copy("", "moveTo/o")], get(), 404, None, None),
    ("move onto what is there", [put("z"), put()], copy("ifGenerationMatch=0", "moveTo/o"), 412, None, None),
    ("move of a changed source", [put()], copy("ifSourceGenerationMatch=5", "moveTo/o"), 412, None, None),
    ("compose", [*PARTS, compose([{"name": "a"}, {"name": "b"}])], media("z"), 200, body, b"12"),
    ("a composite has no MD5", PARTS, compose([{"name": "a"}, {"name": "b"}]), 200, of("md5Hash"), None),
    ("a composite counts its parts", PARTS, compose([{"name": "a"}, {"name": "b"}]), 200, of("componentCount"), 2),
    ("compose onto what is there", [*PARTS, put("z")], compose([{"name": "a"}], "ifGenerationMatch=0"), 412, None, None),
    ("compose of a changed source", PARTS, compose([{"name": "a", "objectPreconditions": {"ifGenerationMatch": 5}}]), 412, None, None),
    ("compose of an old generation", PARTS, compose([{"name": "a", "generation": 5}]), 404, None, None),
    ("compose of too many", PARTS, compose([{"name": "a"}] * 33), 400, None, None),
    ("compose that clears up", [*PARTS, compose([{"name": "a"}], deleteSourceObjects=True)], get(), 404, None, None),
    # Buckets
    ("bucket metageneration match", [], Ask("GET", B, "ifMetagenerationMatch=1"), 200, None, None),
    ("bucket metageneration mismatch", [], Ask("GET", B, "ifMetagenerationMatch=2"), 412, None, None),
    ("bucket not modified", [], Ask("GET", B, "ifMetagenerationNotMatch=1"), 304, None, None),
    ("a bucket's metageneration grows", [], Ask("PATCH", B, "", b'{"labels": {"k": "v"}}'), 200, of("metageneration"), "2"),
    ("a label is removed by null", [Ask("PATCH", B, "", b'{"labels": {"k": "v"}}')], Ask("PATCH", B, "", b'{"labels": {"k": null}}'), 200, of("labels"), {}),
    ("bucket delete by metageneration", [], Ask("DELETE", B, "ifMetagenerationMatch=2"), 412, None, None),
    ("an empty bucket is deleted", [], Ask("DELETE", B), 204, body, b""),
    ("a full bucket is not", [put()], Ask("DELETE", B), 409, of("error", "errors", "0", "reason"), "conflict"),
    ("unfinished uploads do not keep a bucket", [start()], Ask("DELETE", B), 204, None, None),
    ("a second bucket of a name", [], Ask("POST", "/storage/v1/b", "project=p", b'{"name": "bkt"}'), 409, None, None),
    ("a new bucket has what was asked", [], Ask("POST", "/storage/v1/b", "", b'{"name": "new", "location": "EU", "labels": {"k": "v"}}'), 200, of("location"), "EU"),
    ("no soft delete", [], Ask("GET", B), 200, of("softDeletePolicy", "retentionDurationSeconds"), "0"),
    ("a bucket that is not there", [], Ask("GET", "/storage/v1/b/nope"), 404, of("error", "message"), "The specified bucket does not exist."),
    ("list in a bucket that is not there", [], Ask("GET", "/storage/v1/b/nope/o"), 404, of("error", "code"), 404),
    ("insert into a bucket that is not there", [], Ask("POST", "/upload/storage/v1/b/nope/o", "uploadType=media&name=a"), 404, None, None),
    ("buckets by prefix", [], Ask("GET", "/storage/v1/b", "project=p&prefix=b"), 200, names, ["bkt"]),
    ("permissions are granted", [], Ask("GET", f"{B}/iam/testPermissions", "permissions=a&permissions=b"), 200, of("permissions"), ["a", "b"]),
    # Objects
    ("an empty object", [put(body=b"")], media(), 200, body, b""),
    ("an empty object has a size", [], put(body=b""), 200, of("size"), "0"),
    ("an object deleted is gone", [put(), delete()], get(), 404, of("error", "errors", "0", "reason"), "notFound"),
    ("404 is JSON", [], get(), 404, of("error", "message"), "No such object: bkt/a"),
    ("404 of a download is a sentence", [], media(), 404, body, b"No such object: bkt/a"),
    ("metageneration starts at 1", [], multipart({"name": "a", "metadata": {"k": "v"}}, b"x"), 200, of("metageneration"), "1"),
    ("metageneration grows", [put(), patch({"metadata": {"a": "1"}})], patch({"metadata": {"b": "2"}}), 200, of("metageneration"), "3"),
    ("a new generation begins at 1", [put(), patch({"metadata": {"a": "1"}})], put(), 200, of("metageneration"), "1"),
    ("patch adds to the metadata", [put(), patch({"metadata": {"a": "1"}})], patch({"metadata": {"b": "2"}}), 200, of("metadata"), {"a": "1", "b": "2"}),
    ("null removes a key", [put(), patch({"metadata": {"a": "1"}})], patch({"metadata": {"a": None}}), 200, of("metadata"), None),
    ("update replaces", [put(), patch({"metadata": {"a": "1"}})], patch({"contentType": "x/y"}, method="PUT"), 200, of("metadata"), None),
    ("PATCH by POST", [put()], Ask("POST", f"{B}/o/a", "", b'{"contentType": "x/y"}', {"X-HTTP-Method-Override": "PATCH"}), 200, of("contentType"), "x/y"),
    ("metadata of the wrong type", [], multipart({"name": "a", "metadata": 1}, b"x"), 400, of("error", "message"), "Invalid value for: metadata"),
    ("no name", [put()], copy(to=""), 400, None, None),
    ("a storage class is not removed", [put()], patch({"storageClass": None}), 200, of("storageClass"), "STANDARD"),
    ("a right MD5", [], multipart({"name": "a", "md5Hash": MD5_ONE}, b"one"), 200, of("md5Hash"), MD5_ONE),
    ("a wrong MD5", [], multipart({"name": "a", "md5Hash": MD5_ONE}, b"two"), 400, None, None),
    ("a wrong checksum in the header", [], put(X_Goog_Hash="crc32c=AAAAAA=="), 400, None, None),
    ("checksums on download", [put()], media(), 200, header("X-Goog-Hash"), f"crc32c={CRC_ONE},md5={MD5_ONE}"),
    ("generation on download", [put()], media(), 200, header("X-Goog-Metageneration"), "1"),
    ("content type of a multipart upload", [], multipart({"name": "a"}, b"x"), 200, of("contentType"), "text/plain"),
    ("content type in the metadata wins", [], multipart({"name": "a", "contentType": "x/y"}, b"x"), 200, of("contentType"), "x/y"),
    ("lines ended by a line feed alone", [multipart({"name": "a"}, b"x\r", end=b"\n")], media(), 200, body, b"x\r"),
    ("content with line ends of all kinds", [multipart({"name": "a"}, b"\r\n\n\r a\r\n\r\n")], media(), 200, body, b"\r\n\n\r a\r\n\r\n"),
    ("content with the boundary in a line", [multipart({"name": "a"}, b"a --==0== b\r\n--==0==x")], media(), 200, body, b"a --==0== b\r\n--==0==x"),
    ("every byte", [multipart({"name": "a"}, bytes(range(256)))], media(), 200, body, bytes(range(256))),
    ("content that says it is a mail", [multipart({"name": "a"}, b"a: b\n\nc", kind="message/rfc822")], media(), 200, body, b"a: b\n\nc"),
    # Names
    ("a slash at the end", [put("d%2F")], media("d%2F"), 200, body, b"one"),
    ("two slashes are not one", [put("d%2F%2Fx"), put("d%2Fx", b"two")], media("d%2F%2Fx"), 200, body, b"one"),
    ("dots are a name", [put("d%2F..%2Fx")], media("d%2F..%2Fx"), 200, body, b"one"),
    ("a folder's name and a folder", [put("d"), put("d%2F", b"two")], media("d"), 200, body, b"one"),
    ("percent, space, plus, question mark", [put("a%25%20%2B%3F%23")], get("a%25%20%2B%3F%23"), 200, of("name"), "a% +?#"),
    ("letters of the world", [put("%C3%BC%E2%82%AC")], get("%C3%BC%E2%82%AC"), 200, of("name"), "ü€"),
    ("a line break", [put("a%0Ab")], get("a%0Ab"), 200, of("name"), "a\nb"),
    ("a name like a method", [put("x%2Fcompose")], get("x%2Fcompose"), 200, None, None),
    ("a backslash", [put("a%5Cb")], get("a%5Cb"), 200, of("name"), "a\\b"),
    # Ranges
    ("a range", [put(body=b"0123456789")], media(Range="bytes=2-4"), 206, body, b"234"),
    ("a range's header", [put(body=b"0123456789")], media(Range="bytes=2-4"), 206, header("Content-Range"), "bytes 2-4/10"),
    ("an open range", [put(body=b"0123456789")], media(Range="bytes=8-"), 206, body, b"89"),
    ("the last bytes", [put(body=b"0123456789")], media(Range="bytes=-3"), 206, body, b"789"),
    ("a range past the end", [put(body=b"0123456789")], media(Range="bytes=8-99"), 206, header("Content-Range"), "bytes 8-9/10"),
    ("a range beyond", [put(body=b"0123456789")], media(Range="bytes=10-"), 416, None, None),
    ("a range of nothing", [put(body=b"")], media(Range="bytes=0-"), 416, None, None),
    # Gzip
    ("a gzip object is kept", [multipart({"name": "a", "contentEncoding": "gzip"}, GZ)], media(Accept_Encoding="gzip"), 200, body, GZ),
    ("and says so", [multipart({"name": "a", "contentEncoding": "gzip"}, GZ)], media(Accept_Encoding="gzip"), 200, header("Content-Encoding"), "gzip"),
    ("it is undone for who cannot", [multipart({"name": "a", "contentEncoding": "gzip"}, GZ)], media(), 200, body, b"plain text"),
    ("a .gz file is not touched", [put(body=GZ)], media(), 200, body, GZ),
    ("compression of the way is undone", [put(body=GZ, Content_Encoding="gzip")], media(), 200, body, b"plain text"),
    ("but not what the query names", [put(body=GZ, query="&contentEncoding=gzip", Content_Encoding="gzip")], media(Accept_Encoding="gzip"), 200, body, GZ),
    ("the XML API keeps the encoding", [xml("PUT", body=GZ, Content_Encoding="gzip")], get(), 200, of("contentEncoding"), "gzip"),
    # Lists
    ("a list is sorted", TREE, listed(), 200, names, ["a", "d/", "d/x", "d/y", "e/f/g", "z"]),
    ("a prefix", TREE, listed("prefix=d%2F"), 200, names, ["d/", "d/x", "d/y"]),
    ("a delimiter", TREE, listed("delimiter=%2F"), 200, names, ["a", "z"]),
    ("its folders", TREE, listed("delimiter=%2F"), 200, folders, ["d/", "e/"]),
    ("prefix and delimiter", TREE, listed("prefix=d%2F&delimiter=%2F"), 200, names, ["d/", "d/x", "d/y"]),
    ("folders as objects", TREE, listed("delimiter=%2F&includeTrailingDelimiter=true"), 200, names, ["a", "d/", "z"]),
    ("an empty list has no items", [], listed(), 200, of("items"), None),
    ("a page", TREE, listed("maxResults=2"), 200, names, ["a", "d/"]),
    ("a page's token", TREE, listed("maxResults=2"), 200, of("nextPageToken"), base64.b64encode(b"d/").decode()),
    ("the next page", TREE, listed("maxResults=2&pageToken=" + base64.b64encode(b"d/").decode()), 200, names, ["d/x", "d/y"]),
    ("a page ends after a folder", TREE, listed("delimiter=%2F&maxResults=2"), 200, folders, ["d/"]),
    ("and goes on behind it", TREE, listed("delimiter=%2F&pageToken=" + base64.b64encode(b"d/").decode()), 200, folders, ["e/"]),
    ("no token on the last page", TREE, listed("maxResults=6"), 200, of("nextPageToken"), None),
    ("offsets", TREE, listed("startOffset=d%2Fx&endOffset=e"), 200, names, ["d/x", "d/y"]),
    ("a glob", TREE, listed("matchGlob=**%2F%5Bxg%5D"), 200, names, ["d/x", "e/f/g"]),
    ("a glob of folders", TREE, listed("matchGlob=d*%2F&delimiter=%2F"), 200, folders, ["d/"]),
    ("a glob and another delimiter", TREE, listed("matchGlob=*&delimiter=x"), 400, None, None),
    ("nothing is softly deleted", [put(), delete()], listed("softDeleted=true"), 200, names, []),
    # Resumable uploads
    ("a session tells where it is", [], start(), 200, lambda r: "upload_id=" in dict(r.headers)["Location"], True),
    ("a session makes no object", [start()], get(), 404, None, None),
    ("nothing arrived: no range", [start()], chunk("*/*"), 308, header("Range"), None),
    ("a chunk arrived", [start()], chunk(f"0-{K256 - 1}/*", b"x" * K256), 308, header("Range"), f"bytes=0-{K256 - 1}"),
    ("only whole quanta are kept", [start()], chunk("0-9/*", b"0123456789"), 308, header("Range"), None),
    ("the last chunk", [start(), chunk(f"0-{K256 - 1}/*", b"x" * K256)], chunk(f"{K256}-{K256}/{K256 + 1}", b"y"), 200, of("size"), str(K256 + 1)),
    ("the content type of the session", [start()], chunk("0-2/3", b"one"), 200, of("contentType"), "text/csv"),
    ("no range is the whole", [start()], chunk("", b"one"), 200, of("size"), "3"),
    ("an empty object by a session", [start()], chunk("*/0"), 200, of("size"), "0"),
    ("an open end", [start()], chunk("0-*/3", b"one"), 200, of("size"), "3"),
    ("what arrived may come again", [start(), chunk(f"0-{K256 - 1}/*", b"x" * K256)], chunk(f"0-{K256}/{K256 + 1}", b"x" * (K256 + 1)), 200, of("size"), str(K256 + 1)),
    ("a gap is refused", [start()], chunk("5-7/8", b"one"), 400, None, None),
    ("the answer may be asked for again", [start(), chunk("0-2/3", b"one")], chunk("*/3"), 200, of("size"), "3"),
    ("and the chunk sent again", [start(), chunk("0-2/3", b"one")], chunk("0-2/3", b"one"), 200, of("size"), "3"),
    ("the precondition holds at the end", [start("&ifGenerationMatch=0"), put()], chunk("0-2/3", b"one"), 412, None, None),
    ("it is not asked at the start", [put()], start("&ifGenerationMatch=0"), 200, None, None),
    ("it holds", [start("&ifGenerationMatch=0")], chunk("0-2/3", b"one"), 200, None, None),
    ("a checksum at the end", [start()], chunk("0-2/3", b"one", **{"X-Goog-Hash": "crc32c=AAAAAA=="}), 400, None, None),
    ("a checksum at the start", [start(meta={"md5Hash": MD5_ONE})], chunk("0-2/3", b"two"), 400, None, None),
    ("cancel", [start()], Ask("DELETE", UP, "upload_id={id}"), 499, body, b""),
    ("a cancelled session is gone", [start(), Ask("DELETE", UP, "upload_id={id}")], chunk("0-2/3", b"one"), 404, None, None),
    ("an unknown session", [], Ask("PUT", UP, "upload_id=x", b"one"), 404, None, None),
    ("metadata of the session", [start(meta={"metadata": {"k": "v"}})], chunk("0-2/3", b"one"), 200, of("metadata", "k"), "v"),
    # XML API
    ("XML put", [xml("PUT", body=b"one")], media(), 200, body, b"one"),
    ("XML get", [put()], xml("GET"), 200, body, b"one"),
    ("XML get of nothing", [], xml("GET"), 404, lambda r: b"<Code>NoSuchKey</Code>" in r.body, True),
    ("XML head", [put()], xml("HEAD"), 200, header("Content-Length"), "3"),
    ("XML delete", [put(), xml("DELETE")], get(), 404, None, None),
    ("XML precondition", [put()], xml("PUT", x_goog_if_generation_match="0"), 412, lambda r: b"PreconditionFailed" in r.body, True),
    ("XML precondition held", [], xml("PUT", x_goog_if_generation_match="0"), 200, None, None),
    ("XML metageneration", [put()], xml("DELETE", x_goog_if_metageneration_match="2"), 412, None, None),
    ("XML metadata", [xml("PUT", body=b"one", x_goog_meta_k="v")], get(), 200, of("metadata", "k"), "v"),
    ("XML metadata on download", [put(), patch({"metadata": {"k": "v"}})], xml("GET"), 200, header("X-Goog-Meta-k"), "v"),
    ("XML upload of an unknown session", [], xml("PUT", query="partNumber=1&uploadId=x"), 404, lambda r: b"NoSuchUpload" in r.body, True),
    # Batches
    ("a batch of deletes", [put(), put("b")], batch(f"DELETE {B}/o/a", f"DELETE {B}/o/b"), 200, statuses, [204, 204]),
    ("each part by itself", [put()], batch(f"DELETE {B}/o/nope", f"DELETE {B}/o/a"), 200, statuses, [404, 204]),
    ("each with its precondition", [put()], batch(f"DELETE {B}/o/a?ifGenerationMatch=5", f"GET {B}/o/a"), 200, statuses, [412, 200]),
    ("a part with a whole URL", [put()], batch(f"DELETE http://gcs{B}/o/a?prettyPrint=false"), 200, statuses, [204]),
    ("parts in order", [put()], batch(f"DELETE {B}/o/a", f"GET {B}/o/a"), 200, statuses, [204, 404]),
    ("copies in a batch", [put()], batch(f"POST {B}/o/a/copyTo/b/bkt/o/z?ifGenerationMatch=0"), 200, statuses, [200]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "ask", "status", "read", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_behaves_as_the_real_service(
    given: list[Ask], ask: Ask, status: int, read: Callable[[Response], Any] | None, expected: Any
) -> None:
    service = Service()
    for each in given:
        service.ask(each)
    response = service.ask(ask)
    assert response.status == status, response.body
    if read is not None:
        assert read(response) == expected


def test_generations_grow_even_within_one_tick_of_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()
    monkeypatch.setattr(service.emulator._vault, "clock", lambda: 1_700_000_000.0)
    found = [int(value(service.ask(put()))["generation"]) for _ in range(3)]
    assert found == sorted(set(found))


def test_the_etag_changes_with_content_and_with_metadata() -> None:
    service = Service()
    tags = [value(service.ask(each))["etag"] for each in (put(), patch({"metadata": {"a": "1"}}), put())]
    assert len(set(tags)) == 3


def test_times() -> None:
    service = Service()
    made = value(service.ask(put()))
    changed = value(service.ask(patch({"metadata": {"a": "1"}})))
    assert made["timeCreated"] == made["updated"] == changed["timeCreated"]
    assert changed["updated"] > made["updated"]


def test_a_rewrite_in_steps_ends_with_the_object() -> None:
    service = Service()
    service.ask(put(body=b"12345"))
    query, steps = "maxBytesRewrittenPerCall=2", 0
    while True:
        answer = value(service.ask(copy(query, "rewriteTo/b/bkt/o", meta={"storageClass": "NEARLINE"})))
        steps += 1
        if answer["done"]:
            break
        assert service.ask(get("z")).status == 404
        query = f"maxBytesRewrittenPerCall=2&rewriteToken={answer['rewriteToken']}"
    assert steps == 3
    assert service.ask(media("z")).body == b"12345"


def test_links_are_on_the_port_of_who_asks() -> None:
    service = Service()
    service.ask(put())
    request = Request("GET", "127.0.0.1:7", f"{B}/o/a", "", CIMultiDict(), b"")
    assert value(service.emulator.apply(request, CALLER))["mediaLink"].startswith("http://127.0.0.1:7/download/")
