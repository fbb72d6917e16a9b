"""The GCS emulator with google-cloud-storage."""

from __future__ import annotations

import gzip
import io
import os
from pathlib import Path
from typing import Any

import pytest
import requests
from google.api_core.exceptions import NotFound, PreconditionFailed
from google.cloud import storage
from google.cloud.storage import transfer_manager

from gcs_server import K256, Front, apply, put
from pytest_dagguard.cloud.emulator import Blobs, Caller
from pytest_dagguard.cloud.gcs import Gcs
from pytest_dagguard.model.state import EXPIRES


@pytest.fixture
def bucket(gcs_front: Front) -> Any:
    return storage.Client().bucket("bkt")


def test_a_client_needs_no_arguments_and_no_credentials(gcs_front: Front) -> None:
    assert storage.Client().project == "dagguard"


def test_no_request_comes_from_a_thread_of_the_client(gcs_front: Front, bucket: Any) -> None:
    bucket.blob("a").upload_from_string(b"one")
    bucket.blob("a").download_as_bytes()
    assert gcs_front.verbs() == ["objects.insert", "objects.download"]


@pytest.mark.parametrize(
    "name", ["a", "d/x", "d//x", "d/", "../x", "a b", "100%", "ü€", "a+b", "a?b#c", "a\nb", "/a", "o/b/acl"]
)
def test_names(gcs_front: Front, bucket: Any, name: str) -> None:
    bucket.blob(name).upload_from_string(name.encode())
    assert bucket.blob(name).download_as_bytes() == name.encode()
    assert [each.name for each in bucket.list_blobs()] == [name]
    assert f"gs://bkt/{name}" in gcs_front.emulator.entries()
    bucket.blob(name).delete()
    assert list(bucket.list_blobs()) == []


def test_the_second_conditional_insert_is_refused(bucket: Any) -> None:
    blob = bucket.blob("a")
    blob.upload_from_string(b"one", if_generation_match=0)
    first = blob.generation
    with pytest.raises(PreconditionFailed):
        bucket.blob("a").upload_from_string(b"two", if_generation_match=0)
    blob.upload_from_string(b"three", if_generation_match=first)
    assert blob.generation > first
    assert blob.download_as_bytes() == b"three"


def test_a_lock_by_generation(bucket: Any) -> None:
    blob = bucket.blob("lock")
    blob.upload_from_string(b"mine", if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        blob.delete(if_generation_match=blob.generation + 1)
    blob.delete(if_generation_match=blob.generation)
    with pytest.raises(NotFound):
        blob.delete()


@pytest.mark.parametrize("size", [0, 1, K256 - 1, K256, K256 + 1, 3 * K256, 3 * K256 + 7])
def test_resumable_uploads_of_any_size(gcs_front: Front, bucket: Any, size: int) -> None:
    content = os.urandom(size)
    blob = bucket.blob("big", chunk_size=K256)
    blob.upload_from_file(io.BytesIO(content), checksum="crc32c")
    assert bucket.blob("big").download_as_bytes() == content
    assert gcs_front.verbs()[0] == "upload.start"
    assert gcs_front.verbs()[-2] == "upload.finish"
    assert not [name for name in gcs_front.emulator.entries() if name.startswith("gs-upload")]


def test_an_unfinished_upload_is_part_of_the_state(gcs_front: Front, bucket: Any, blobs: Blobs) -> None:
    url = bucket.blob("big").create_resumable_upload_session(if_generation_match=0)
    requests.put(url, data=b"x" * K256, headers={"Content-Range": f"bytes 0-{K256 - 1}/*"}, timeout=9)
    [(name, entry)] = [each for each in gcs_front.emulator.entries().items() if each[1].kind == "upload"]
    assert name.startswith("gs-upload://bkt/big?")
    assert entry.version == EXPIRES
    assert blobs.contents[entry.digest] == b"x" * K256
    assert gcs_front.emulator.entries({name}) == {name: entry}
    put(gcs_front.emulator, "big")
    answer = requests.put(url, data=b"y", headers={"Content-Range": f"bytes {K256}-{K256}/{K256 + 1}"}, timeout=9)
    assert answer.status_code == 412
    assert name not in gcs_front.emulator.entries()


def test_a_file_like_writer(bucket: Any) -> None:
    with bucket.blob("a").open("wb", chunk_size=K256) as out:
        out.write(b"z" * (K256 + 5))
    with bucket.blob("a").open("rb") as source:
        assert source.read() == b"z" * (K256 + 5)


def test_what_is_kept_beside_the_content_is_in_the_entry(gcs_front: Front, bucket: Any) -> None:
    blob = bucket.blob("a")
    blob.metadata = {"run": "1"}
    blob.cache_control = "no-store"
    blob.upload_from_string("x", content_type="text/csv")
    bucket.copy_blob(blob, bucket, "b")
    found = {key: gcs_front.emulator.entries()[f"gs://bkt/{key}"].headers for key in "ab"}
    assert found["a"] == (("cacheControl", "no-store"), ("contentType", "text/csv"), ("metadata run", "1"))
    assert found["b"] == found["a"]


def test_metadata(bucket: Any) -> None:
    blob = bucket.blob("a")
    blob.metadata = {"k": "v"}
    blob.upload_from_string(b"one", content_type="text/csv")
    assert (blob.metageneration, blob.content_type) == (1, "text/csv")
    blob.metadata = {"k": "w"}
    blob.patch(if_metageneration_match=1)
    assert blob.metageneration == 2
    with pytest.raises(PreconditionFailed):
        blob.patch(if_metageneration_match=1)
    assert bucket.get_blob("a").metadata == {"k": "w"}


def test_metadata_that_headers_cannot_carry(gcs_front: Front, bucket: Any) -> None:
    blob = bucket.blob("a")
    blob.metadata = {"k": "ü€", "two": "a\r\nb", "no header": "x", "ü": "y"}
    blob.content_disposition = "attachment; filename=ü.csv"
    blob.upload_from_string(b"one")
    assert bucket.get_blob("a").metadata == blob.metadata
    assert requests.get(f"{gcs_front.url}/bkt/a", timeout=9).headers["X-Goog-Meta-two"] == "a b"


def test_a_gzip_object_round_trips(bucket: Any) -> None:
    packed = gzip.compress(b"text" * 1000)
    blob = bucket.blob("a.gz")
    blob.content_encoding = "gzip"
    blob.upload_from_string(packed)
    assert blob.download_as_bytes(raw_download=True) == packed
    assert blob.download_as_bytes() == b"text" * 1000


def test_copy_compose_rewrite_move_rename(bucket: Any) -> None:
    client = bucket.client
    for name in "ab":
        bucket.blob(name).upload_from_string(name)
    other = client.bucket("other")
    assert bucket.copy_blob(bucket.blob("a"), other, "c", if_generation_match=0).metageneration == 1
    with pytest.raises(PreconditionFailed):
        bucket.copy_blob(bucket.blob("a"), other, "c", if_generation_match=0)
    joined = bucket.blob("ab")
    joined.compose([bucket.blob("a"), bucket.blob("b")], if_generation_match=0)
    assert joined.download_as_bytes() == b"ab"
    assert other.blob("r").rewrite(bucket.blob("ab"))[0] is None
    other.blob("r").reload()
    bucket.move_blob(bucket.blob("a"), "m")
    bucket.rename_blob(bucket.blob("b"), "n")
    assert [each.name for each in bucket.list_blobs()] == ["ab", "m", "n"]
    joined.update_storage_class("COLDLINE")
    assert bucket.get_blob("ab").storage_class == "COLDLINE"


def test_lists(bucket: Any) -> None:
    for name in ("a", "d/x", "d/y", "e/z"):
        bucket.blob(name).upload_from_string(b"")
    found = bucket.list_blobs(delimiter="/", page_size=1)
    assert [each.name for each in found] == ["a"]
    assert found.prefixes == {"d/", "e/"}
    assert [each.name for each in bucket.list_blobs(page_size=1)] == ["a", "d/x", "d/y", "e/z"]
    assert [each.name for each in bucket.list_blobs(match_glob="**/[xz]")] == ["d/x", "e/z"]
    assert [each.name for each in bucket.list_blobs(start_offset="d/y", end_offset="e/z")] == ["d/y"]


def test_a_batch_of_deletes(gcs_front: Front, bucket: Any) -> None:
    for name in "abc":
        bucket.blob(name).upload_from_string(name)
    bucket.delete_blobs(list(bucket.list_blobs(prefix="a")))
    batch = bucket.client.batch()
    with pytest.raises(NotFound), batch:
        _ = [bucket.blob(name).delete() for name in ("b", "nope", "c")]
    assert list(bucket.list_blobs()) == []
    assert gcs_front.verbs().count("batch") == 1


def test_buckets(gcs_front: Front) -> None:
    client = storage.Client()
    made = client.create_bucket("new", location="EU")
    made.labels = {"team": "x"}
    made.patch()
    assert client.get_bucket("new").labels == {"team": "x"}
    assert client.lookup_bucket("nope") is None
    assert [each.name for each in client.list_buckets()] == ["bkt", "new", "other"]
    made.blob("a").upload_from_string(b"")
    made.delete(force=True)
    assert not client.bucket("new").exists()


def test_the_transfer_manager(bucket: Any, tmp_path: Path) -> None:
    content = os.urandom(11 * 1024 * 1024)
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(content)
    threads: dict[str, Any] = {"worker_type": transfer_manager.THREAD, "max_workers": 2}
    transfer_manager.upload_chunks_concurrently(str(source), bucket.blob("big"), chunk_size=5 * 1024 * 1024, **threads)
    blob = bucket.get_blob("big")
    assert blob.size == len(content)
    transfer_manager.download_chunks_concurrently(blob, str(target), chunk_size=4 * 1024 * 1024, **threads)
    assert target.read_bytes() == content


def test_an_xml_upload_leaves_parts_until_it_is_finished(gcs: Gcs, blobs: Blobs) -> None:
    opened = apply(gcs, "POST", "/bkt/a", "uploads").body.decode()
    upload_id = opened.partition("<UploadId>")[2].partition("<")[0]
    tag = dict(apply(gcs, "PUT", "/bkt/a", f"partNumber=1&uploadId={upload_id}", b"one").headers)["ETag"]
    assert blobs.contents[gcs.entries()[f"gs-upload://bkt/a?{upload_id}"].digest] == b"one"
    body = f"<C><Part><PartNumber>1</PartNumber><ETag>{tag}</ETag></Part></C>".encode()
    assert apply(gcs, "POST", "/bkt/a", f"uploadId={upload_id}", body.replace(b">1<", b">2<")).status == 400
    for _ in range(2):  # the answer may have been lost: it can be asked for again
        assert apply(gcs, "POST", "/bkt/a", f"uploadId={upload_id}", body).status == 200
    assert list(gcs.entries()) == ["gs://bkt", "gs://bkt/a", "gs://other"]


def test_half_of_a_batch(gcs_front: Front, bucket: Any) -> None:
    for key in "abcde":
        bucket.blob(key).upload_from_string("x")
    sent = []
    apply = gcs_front.emulator.apply
    gcs_front.emulator.apply = lambda *a: (sent.append(a[0]), apply(*a))[1]  # type: ignore[method-assign]
    kept = gcs_front.emulator.snapshot()
    with bucket.client.batch():
        for key in "abcde":
            bucket.blob(key).delete()
    gcs_front.emulator.apply = apply  # type: ignore[method-assign]
    gcs_front.emulator.restore(kept)
    assert gcs_front.emulator.apply_half(sent[-1], Caller("attempt 1", {})).status == 200
    assert sorted(gcs_front.emulator.entries({"gs://bkt/*"})) == [f"gs://bkt/{key}" for key in "cde"]
