"""The GCS emulator with the clients that DAGs use: google-cloud-storage, gcsfs, gcloud-aio and Airflow's hook."""

from __future__ import annotations

import asyncio
import gzip
import importlib
import io
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import requests
from gcloud.aio import storage as aio
from google.api_core.exceptions import NotFound, PreconditionFailed
from google.cloud import storage
from google.cloud.storage import transfer_manager

from gcs_server import K256, Front, apply, listening, put
from pytest_dagguard.cloud.emulator import Blobs, Caller
from pytest_dagguard.cloud.gcs import Gcs
from pytest_dagguard.model.state import EXPIRES


@pytest.fixture
def front(gcs: Gcs, monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    with listening(gcs) as found:
        for name, text in gcs.environment(found.url).items():
            monkeypatch.setenv(name, text)
        yield found


@pytest.fixture
def bucket(front: Front) -> Any:
    return storage.Client().bucket("bkt")


# google-cloud-storage


def test_a_client_needs_no_arguments_and_no_credentials(front: Front) -> None:
    assert storage.Client().project == "dagguard"


def test_no_request_comes_from_a_thread_of_the_client(front: Front, bucket: Any) -> None:
    bucket.blob("a").upload_from_string(b"one")
    bucket.blob("a").download_as_bytes()
    assert front.verbs() == ["objects.insert", "objects.download"]


@pytest.mark.parametrize(
    "name", ["a", "d/x", "d//x", "d/", "../x", "a b", "100%", "ü€", "a+b", "a?b#c", "a\nb", "/a", "o/b/acl"]
)
def test_names(front: Front, bucket: Any, name: str) -> None:
    bucket.blob(name).upload_from_string(name.encode())
    assert bucket.blob(name).download_as_bytes() == name.encode()
    assert [each.name for each in bucket.list_blobs()] == [name]
    assert f"gs://bkt/{name}" in front.emulator.entries()
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
def test_resumable_uploads_of_any_size(front: Front, bucket: Any, size: int) -> None:
    content = os.urandom(size)
    blob = bucket.blob("big", chunk_size=K256)
    blob.upload_from_file(io.BytesIO(content), checksum="crc32c")
    assert bucket.blob("big").download_as_bytes() == content
    assert front.verbs()[0] == "upload.start"
    assert front.verbs()[-2] == "upload.finish"
    assert not [name for name in front.emulator.entries() if name.startswith("gs-upload")]


def test_an_unfinished_upload_is_part_of_the_state(front: Front, bucket: Any, blobs: Blobs) -> None:
    url = bucket.blob("big").create_resumable_upload_session(if_generation_match=0)
    requests.put(url, data=b"x" * K256, headers={"Content-Range": f"bytes 0-{K256 - 1}/*"}, timeout=9)
    [(name, entry)] = [each for each in front.emulator.entries().items() if each[1].kind == "upload"]
    assert name.startswith("gs-upload://bkt/big?")
    assert entry.version == EXPIRES
    assert blobs.contents[entry.digest] == b"x" * K256
    assert front.emulator.entries({name}) == {name: entry}
    put(front.emulator, "big")
    answer = requests.put(url, data=b"y", headers={"Content-Range": f"bytes {K256}-{K256}/{K256 + 1}"}, timeout=9)
    assert answer.status_code == 412
    assert name not in front.emulator.entries()


def test_a_file_like_writer(bucket: Any) -> None:
    with bucket.blob("a").open("wb", chunk_size=K256) as out:
        out.write(b"z" * (K256 + 5))
    with bucket.blob("a").open("rb") as source:
        assert source.read() == b"z" * (K256 + 5)


def test_what_is_kept_beside_the_content_is_in_the_entry(front: Front, bucket: Any) -> None:
    blob = bucket.blob("a")
    blob.metadata = {"run": "1"}
    blob.cache_control = "no-store"
    blob.upload_from_string("x", content_type="text/csv")
    bucket.copy_blob(blob, bucket, "b")
    found = {key: front.emulator.entries()[f"gs://bkt/{key}"].headers for key in "ab"}
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


def test_metadata_that_headers_cannot_carry(front: Front, bucket: Any) -> None:
    blob = bucket.blob("a")
    blob.metadata = {"k": "ü€", "two": "a\r\nb", "no header": "x", "ü": "y"}
    blob.content_disposition = "attachment; filename=ü.csv"
    blob.upload_from_string(b"one")
    assert bucket.get_blob("a").metadata == blob.metadata
    assert requests.get(f"{front.url}/bkt/a", timeout=9).headers["X-Goog-Meta-two"] == "a b"


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


def test_a_batch_of_deletes(front: Front, bucket: Any) -> None:
    for name in "abc":
        bucket.blob(name).upload_from_string(name)
    bucket.delete_blobs(list(bucket.list_blobs(prefix="a")))
    batch = bucket.client.batch()
    with pytest.raises(NotFound), batch:
        _ = [bucket.blob(name).delete() for name in ("b", "nope", "c")]
    assert list(bucket.list_blobs()) == []
    assert front.verbs().count("batch") == 1


def test_buckets(front: Front) -> None:
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


# pyarrow

ARROW = """
import pyarrow.fs
fs, root = pyarrow.fs.FileSystem.from_uri("gs://bkt/data")
with fs.open_output_stream(f"{root}/a.csv") as stream:
    stream.write(b"id" * 300_000)
with fs.open_input_file(f"{root}/a.csv") as file:
    assert file.read() == b"id" * 300_000
assert [each.path for each in fs.get_file_info(pyarrow.fs.FileSelector(root))] == ["bkt/data/a.csv"]
"""


def test_pyarrow_writes_and_reads_by_google_s_own_client(front: Front) -> None:
    # in a process of its own: it holds the interpreter while it asks for its token
    done = subprocess.run([sys.executable, "-c", ARROW], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-3000:]
    token = next(operation for operation, _ in front.operations if operation.verb == "metadata.token")
    assert token.reads == token.writes == frozenset()


# gcsfs


@pytest.fixture
def gcsfs(front: Front) -> Any:
    """It looks at the environment when it is imported, so that has to be an attempt's."""
    return importlib.import_module("gcsfs")


def test_gcsfs(front: Front, gcsfs: Any) -> None:
    fs = gcsfs.GCSFileSystem(skip_instance_cache=True, use_listings_cache=False)
    fs.pipe("bkt/d/x", b"1\r")
    fs.touch("bkt/d/empty")
    with fs.open("bkt/d/big", "wb", block_size=K256) as out:
        out.write(b"q" * (2 * K256 + 3))
    assert fs.cat("bkt/d/x") == b"1\r"
    assert fs.cat_file("bkt/d/big", start=-4) == b"qqqq"
    assert fs.find("bkt") == ["bkt/d/big", "bkt/d/empty", "bkt/d/x"]
    assert fs.ls("bkt", detail=False) == ["bkt/d"]
    fs.mv("bkt/d/x", "bkt/y")
    fs.cp("bkt/y", "bkt/z")
    assert fs.glob("bkt/*") == ["bkt/d", "bkt/y", "bkt/z"]
    fs.rm("bkt/d", recursive=True)
    assert fs.find("bkt") == ["bkt/y", "bkt/z"]
    with pytest.raises(FileNotFoundError):
        fs.cat("bkt/nope")


def test_gcsfs_gives_up_an_upload(front: Front, gcsfs: Any) -> None:
    fs = gcsfs.GCSFileSystem(skip_instance_cache=True)
    with fs.transaction:
        out = fs.open("bkt/a", "wb", block_size=K256)
        out.write(b"q" * (2 * K256))
        out.flush()
        out.discard()
        fs._transaction.files.clear()
    assert front.verbs()[-1] == "upload.cancel"
    assert list(front.emulator.entries()) == ["gs://bkt", "gs://other"]


def test_gcsfs_creates_only_once(front: Front, gcsfs: Any) -> None:
    fs = gcsfs.GCSFileSystem(skip_instance_cache=True)
    fs.pipe_file("bkt/a", b"1", mode="create")
    with pytest.raises(FileExistsError):
        fs.pipe_file("bkt/a", b"2", mode="create")


def test_gcloud_aio_of_the_deferrable_operators(front: Front) -> None:
    async def use() -> None:
        async with aiohttp.ClientSession() as session:
            client = aio.Storage(token=object(), session=session)
            await client.upload("bkt", "d/ü x", b"hello\r", metadata={"metadata": {"k": "v"}})
            await client.upload("bkt", "d/big", b"q" * 700_000, force_resumable_upload=True)
            await client.upload("bkt", "d/z", b"q" * 100, zipped=True)
            assert await client.download("bkt", "d/ü x") == b"hello\r"
            assert await client.download("bkt", "d/z") == b"q" * 100
            bucket = client.get_bucket("bkt")
            assert await bucket.blob_exists("d/big")
            assert not await bucket.blob_exists("nope")
            assert await bucket.list_blobs("d/") == ["d/big", "d/z", "d/ü x"]
            await client.copy("bkt", "d/big", "other", new_name="c")
            assert (await client.patch_metadata("other", "c", {"metadata": {"k": "v"}}))["metageneration"] == "2"
            await client.delete("bkt", "d/big")

    asyncio.run(use())
    assert "gs://other/c" in front.emulator.entries()


# Airflow

CODE = """
from airflow.providers.google.cloud.hooks.gcs import GCSHook
from airflow.sdk import ObjectStoragePath

hook = GCSHook()
hook.upload("bkt", "a.txt", data="hello")
hook.upload("bkt", "empty", data="")
hook.copy("bkt", "a.txt", "bkt", "b.txt")
hook.rewrite("bkt", "a.txt", "other", "c.txt")
hook.compose("bkt", ["a.txt", "b.txt"], "ab.txt")
assert hook.download("bkt", "ab.txt") == b"hellohello"
assert hook.list("bkt") == ["a.txt", "ab.txt", "b.txt", "empty"]
assert not hook.exists("bkt", "nope")
hook.delete("bkt", "a.txt")
for path in ("gs://google_cloud_default@bkt/p/q", "gs://bkt/p/q"):
    path = ObjectStoragePath(path)
    path.write_text("yes")
    assert path.read_text() == "yes"
    path.unlink()
    assert not path.exists()
"""


def test_airflow_needs_no_change_in_the_dag(front: Front, tmp_path: Path) -> None:
    extra = {"extra__google_cloud_platform__key_path": "/nope.json", "keyfile_dict": "{", "impersonation_chain": "a@b"}
    changed = front.emulator.connection({"conn_type": "google_cloud_platform", "extra": json.dumps(extra)}, front.url)
    assert changed is not None
    environment = os.environ | {"AIRFLOW_HOME": str(tmp_path), "HOME": str(tmp_path)}
    environment["AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT"] = json.dumps({key: changed[key] for key in ("conn_type", "extra")})
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CODE)], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_connections(gcs: Gcs) -> None:
    url = "http://127.0.0.1:1"
    given = {"conn_id": "c", "conn_type": "google_cloud_platform", "extra": '{"project": "mine", "num_retries": 2}'}
    changed = gcs.connection(given, url)
    assert changed is not None
    assert changed["conn_id"] == "c"
    assert json.loads(changed["extra"]) == {
        "project": "mine",
        "num_retries": 2,
        "is_anonymous": True,
        "gcs.endpoint": url,
    }
    legacy = gcs.connection(given | {"extra": '{"extra__google_cloud_platform__project": "old"}'}, url)
    assert legacy is not None
    assert json.loads(legacy["extra"])["project"] == "old"
    for extra in (None, "", "{broken"):
        empty = gcs.connection(given | {"extra": extra}, url)
        assert empty is not None
        assert json.loads(empty["extra"])["project"] == "dagguard"
    assert gcs.connection(given | {"conn_type": "gcpbigquery"}, url) is None
    assert gcs.connection(given | {"conn_type": "aws"}, url) is None


def test_half_of_a_batch(front: Front, bucket: Any) -> None:
    for key in "abcde":
        bucket.blob(key).upload_from_string("x")
    sent = []
    apply = front.emulator.apply
    front.emulator.apply = lambda *a: (sent.append(a[0]), apply(*a))[1]  # type: ignore[method-assign]
    kept = front.emulator.snapshot()
    with bucket.client.batch():
        for key in "abcde":
            bucket.blob(key).delete()
    front.emulator.apply = apply  # type: ignore[method-assign]
    front.emulator.restore(kept)
    assert front.emulator.apply_half(sent[-1], Caller("attempt 1", {})).status == 200
    assert sorted(front.emulator.entries({"gs://bkt/*"})) == [f"gs://bkt/{key}" for key in "cde"]
