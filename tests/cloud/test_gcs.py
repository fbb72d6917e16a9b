"""The GCS emulator: footprints, what it refuses, and its state."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from multidict import CIMultiDict

from gcs_server import K256, apply, classify, put
from pytest_dagguard.cloud.emulator import Blobs, Caller, Request
from pytest_dagguard.cloud.gcs import EMULATOR, Gcs
from pytest_dagguard.model.errors import NotEmulated
from pytest_dagguard.model.operation import conflicts
from pytest_dagguard.model.seed import Seed

# classify

OBJECT, UPLOAD = "/storage/v1/b/bkt/o", "/upload/storage/v1/b/bkt/o"


@pytest.mark.parametrize(
    ("asked", "verb", "resource", "reads", "writes"),
    [
        (("GET", f"{OBJECT}/d%2Fx"), "objects.get", "gs://bkt/d/x", {"gs://bkt/d/x"}, set()),
        (("GET", f"{OBJECT}/x", "alt=media"), "objects.download", "gs://bkt/x", {"gs://bkt/x"}, set()),
        (("GET", "/bkt/x"), "objects.download", "gs://bkt/x", {"gs://bkt/x"}, set()),
        (("GET", OBJECT, "prefix=d%2F"), "objects.list", "gs://bkt/d/*", {"gs://bkt/d/*"}, set()),
        (("POST", UPLOAD, "uploadType=media&name=x"), "objects.insert", "gs://bkt/x", set(), {"gs://bkt/x"}),
        (
            ("POST", UPLOAD, "uploadType=media&name=x&ifGenerationMatch=0"),
            "objects.insert",
            "gs://bkt/x",
            {"gs://bkt/x"},
            {"gs://bkt/x"},
        ),
        (("DELETE", f"{OBJECT}/x"), "objects.delete", "gs://bkt/x", {"gs://bkt/x"}, {"gs://bkt/x"}),
        (("PATCH", f"{OBJECT}/x"), "objects.patch", "gs://bkt/x", {"gs://bkt/x"}, {"gs://bkt/x"}),
        (("POST", f"{OBJECT}/x/copyTo/b/bkt/o/y"), "objects.copy", "gs://bkt/y", {"gs://bkt/x"}, {"gs://bkt/y"}),
        (("POST", f"{OBJECT}/x/rewriteTo/b/bkt/o/y"), "objects.rewrite", "gs://bkt/y", {"gs://bkt/x"}, {"gs://bkt/y"}),
        (
            ("POST", f"{OBJECT}/x/moveTo/o/y"),
            "objects.move",
            "gs://bkt/y",
            {"gs://bkt/x"},
            {"gs://bkt/x", "gs://bkt/y"},
        ),
        (
            ("POST", f"{OBJECT}/y/compose", "", b'{"sourceObjects": [{"name": "a"}]}'),
            "objects.compose",
            "gs://bkt/y",
            {"gs://bkt/a"},
            {"gs://bkt/y"},
        ),
        (("DELETE", "/storage/v1/b/bkt"), "buckets.delete", "gs://bkt", {"gs://bkt/*"}, {"gs://bkt"}),
    ],
)
def test_operations(
    gcs: Gcs, asked: tuple[Any, ...], verb: str, resource: str, reads: set[str], writes: set[str]
) -> None:
    found = classify(gcs, *asked)
    assert (found.service, found.verb, found.resource) == ("gcs", verb, resource)
    # What is in a bucket depends on the bucket.
    assert found.reads == reads | {"gs://bkt"}
    assert found.writes == writes


def test_the_operations_of_an_upload(gcs: Gcs) -> None:
    start = classify(gcs, "POST", UPLOAD, "uploadType=resumable&name=a&ifGenerationMatch=0")
    answer = apply(gcs, "POST", UPLOAD, "uploadType=resumable&name=a&ifGenerationMatch=0")
    query = dict(answer.headers)["Location"].partition("?")[2]
    assert start.verb == "upload.start"
    assert start.writes == {start.resource}
    for span, body, verb in (
        ("*/*", b"", "upload.status"),
        (f"0-{K256 - 1}/*", b"x" * K256, "upload.chunk"),
        ("0-0/1", b"x", "upload.finish"),
        ("", b"x", "upload.finish"),
    ):
        found = classify(gcs, "PUT", UPLOAD, query, body, **({"Content_Range": f"bytes {span}"} if span else {}))
        assert (found.verb, found.resource) == (verb, start.resource)
        assert ("gs://bkt/a" in found.writes) == ("gs://bkt/a" in found.reads) == (verb == "upload.finish")
        assert (start.resource in found.writes) == (verb != "upload.status")
    assert classify(gcs, "DELETE", UPLOAD, query).verb == "upload.cancel"


def test_a_batch_is_the_union_of_its_parts(gcs: Gcs) -> None:
    lines = [f"DELETE {OBJECT}/d%2F{name} HTTP/1.1" for name in "xy"]
    body = "".join(f"--b\nContent-Type: application/http\n\n{line}\n\n" for line in lines) + "--b--"
    found = classify(gcs, "POST", "/batch/storage/v1", "", body.encode(), Content_Type='multipart/mixed; boundary="b"')
    assert (found.verb, found.resource) == ("batch", "gs://bkt/d/*")
    assert found.writes == {"gs://bkt/d/x", "gs://bkt/d/y"}


def test_two_inserts_of_different_objects_commute(gcs: Gcs) -> None:
    one, two = (classify(gcs, "POST", UPLOAD, f"uploadType=media&name={name}") for name in "ab")
    assert not conflicts(one, two)
    assert conflicts(one, classify(gcs, "GET", OBJECT, "prefix=a"))
    assert conflicts(one, classify(gcs, "DELETE", "/storage/v1/b/bkt"))


@pytest.mark.parametrize(
    ("method", "path", "query", "service"),
    [
        ("GET", "/bigquery/v2/projects/p/jobs", "", "bigquery"),
        ("POST", "/v1/projects/p/topics", "", "googleapis"),
        ("GET", "/storage/v1/b/bkt/notificationConfigs", "", "gcs"),
        ("POST", "/storage/v1/projects/p/hmacKeys", "", "gcs"),
        ("POST", f"{OBJECT}/a/restore", "generation=1", "gcs"),
        ("POST", f"{OBJECT}/a/acl", "", "gcs"),
        ("GET", "/", "", "gcs"),
        ("POST", "/wipe", "", "gcs"),
        ("GET", "/bkt", "", "gcs"),
    ],
)
def test_what_is_not_emulated_says_so(gcs: Gcs, method: str, path: str, query: str, service: str) -> None:
    with pytest.raises(NotEmulated) as caught:
        classify(gcs, method, path, query)
    assert caught.value.service == service
    with pytest.raises(NotEmulated):
        apply(gcs, method, path, query)


def test_versioning_is_not_emulated(gcs: Gcs) -> None:
    with pytest.raises(NotEmulated, match="versioning"):
        apply(gcs, "PATCH", "/storage/v1/b/bkt", "", b'{"versioning": {"enabled": true}}')
    assert gcs.entries()["gs://bkt"].version == "1"
    with pytest.raises(NotEmulated, match="retention"):
        apply(gcs, "POST", "/storage/v1/b", "", b'{"name": "new", "retentionPolicy": {"retentionPeriod": "9"}}')
    assert "gs://new" not in gcs.entries()


def test_holds_are_not_emulated(gcs: Gcs) -> None:
    put(gcs)
    with pytest.raises(NotEmulated, match="temporaryHold"):
        apply(gcs, "PATCH", f"{OBJECT}/a", "", b'{"temporaryHold": true}')


def test_uploads_go_with_their_bucket(gcs: Gcs) -> None:
    apply(gcs, "POST", UPLOAD, "uploadType=resumable&name=a")
    apply(gcs, "DELETE", "/storage/v1/b/bkt")
    assert list(gcs.entries()) == ["gs://other"]


@pytest.mark.parametrize(
    ("query", "body", "headers"),
    [
        ("uploadType=multipart", b"x", {"Content-Type": "multipart/related; boundary=b"}),
        ("uploadType=multipart", b"x", {}),
        ("uploadType=media", b"x", {}),
        ("uploadType=nonsense&name=a", b"x", {}),
        ("uploadType=resumable&name=", b"{broken", {}),
    ],
)
def test_malformed_requests_are_refused(gcs: Gcs, query: str, body: bytes, headers: dict[str, str]) -> None:
    given = Request("POST", "h", UPLOAD, query, CIMultiDict(headers), body)
    assert gcs.classify(given).verb == "malformed"
    assert gcs.apply(given, Caller("a", {})).status == 400


# auto_buckets


def test_buckets_made_on_demand() -> None:
    gcs = EMULATOR(Blobs(), True)
    assert "gs://bkt" in classify(gcs, "GET", f"{OBJECT}/x").writes
    assert apply(gcs, "GET", f"{OBJECT}/x").status == 404
    assert list(gcs.entries()) == ["gs://bkt"]
    assert "gs://bkt" not in classify(gcs, "GET", f"{OBJECT}/x").writes
    assert apply(gcs, "DELETE", "/storage/v1/b/nope").status == 404
    assert apply(gcs, "POST", "/storage/v1/b", "", b'{"name": "made"}').status == 200
    put(gcs)
    assert apply(gcs, "POST", f"{OBJECT}/a/copyTo/b/target/o/a").status == 200
    assert list(gcs.entries({"gs://target*"})) == ["gs://target", "gs://target/a"]


# State


def test_the_seed(blobs: Blobs) -> None:
    gcs = EMULATOR(blobs, False)
    gcs.seed(Seed(gcs={"bkt": {"in/a": b"one", "empty": b""}, "bare": {}}))
    entries = gcs.entries()
    assert list(entries) == ["gs://bkt", "gs://bkt/in/a", "gs://bkt/empty", "gs://bare"]
    assert blobs.contents[entries["gs://bkt/in/a"].digest] == b"one"
    assert (entries["gs://bkt/empty"].kind, entries["gs://bkt/empty"].size) == ("object", 0)


def test_entries_by_name(gcs: Gcs) -> None:
    for name in ("d%2Fx", "d%2Fy", "e"):
        put(gcs, name)
    assert set(gcs.entries({"gs://bkt/d/x", "gs://bkt/nope", "s3://bkt/e"})) == {"gs://bkt/d/x"}
    assert set(gcs.entries({"gs://bkt/d/*"})) == {"gs://bkt/d/x", "gs://bkt/d/y"}
    assert set(gcs.entries({"gs://bkt"})) == {"gs://bkt"}
    assert set(gcs.entries({"gs://*"})) == set(gcs.entries())


def test_the_version_follows_generation_and_metageneration(gcs: Gcs) -> None:
    put(gcs)
    one = gcs.entries()["gs://bkt/a"]
    apply(gcs, "PATCH", f"{OBJECT}/a", "", b'{"metadata": {"k": "v"}}')
    two = gcs.entries()["gs://bkt/a"]
    put(gcs)
    three = gcs.entries()["gs://bkt/a"]
    assert one.digest == two.digest == three.digest
    assert len({one.version, two.version, three.version}) == 3


def test_a_bucket_that_changes_has_another_entry(gcs: Gcs) -> None:
    before = gcs.entries()["gs://bkt"]
    apply(gcs, "PATCH", "/storage/v1/b/bkt", "", b'{"labels": {"k": "v"}}')
    assert gcs.entries()["gs://bkt"].digest != before.digest
    assert gcs.entries()["gs://other"].digest == before.digest


def test_a_snapshot_is_independent_of_what_follows(gcs: Gcs) -> None:
    put(gcs)
    apply(gcs, "POST", UPLOAD, "uploadType=resumable&name=u")
    kept, entries = gcs.snapshot(), gcs.entries()
    for _ in range(3):
        put(gcs, body=b"two")
        put(gcs, "new")
        apply(gcs, "PATCH", f"{OBJECT}/a", "", b'{"metadata": {"k": "v"}}')
        apply(gcs, "PATCH", "/storage/v1/b/bkt", "", b'{"labels": {"k": "v"}}')
        apply(gcs, "PUT", "/storage/v1/b/bkt/iam", "", b'{"bindings": [{"role": "r", "members": []}]}')
        apply(gcs, "DELETE", "/storage/v1/b/other")
        apply(gcs, "POST", UPLOAD, "uploadType=resumable&name=u")
        assert gcs.entries() != entries
        gcs.restore(kept)
        assert gcs.entries() == entries
        assert json.loads(apply(gcs, "GET", f"{OBJECT}/a").body)["metageneration"] == "1"
        assert "labels" not in json.loads(apply(gcs, "GET", "/storage/v1/b/bkt").body)


def test_a_large_unfinished_upload_is_not_kept_once_a_chunk(gcs: Gcs, blobs: Blobs) -> None:
    answer = apply(gcs, "POST", UPLOAD, "uploadType=resumable&name=a")
    query, size = dict(answer.headers)["Location"].partition("?")[2], 0
    seen = set()
    for _ in range(8):
        span = f"bytes {size}-{size + 2 * K256 - 1}/*"
        assert apply(gcs, "PUT", UPLOAD, query, os.urandom(2 * K256), Content_Range=span).status == 308
        size += 2 * K256
        seen.add(gcs.entries({"gs-upload://*"}).popitem()[1])
    assert {each.size for each in seen} == {2 * K256 * n for n in range(1, 9)}
    assert sum(len(each) for each in blobs.contents.values()) < 3 * size
