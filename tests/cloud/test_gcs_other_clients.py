"""The GCS emulator with the other clients that DAGs use: pyarrow, gcsfs, gcloud-aio and Airflow's hook."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from gcloud.aio import storage as aio

from gcs_server import K256, Front
from pytest_dagguard.cloud.gcs import Gcs

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


def test_pyarrow_writes_and_reads_by_google_s_own_client(gcs_front: Front) -> None:
    # in a process of its own: it holds the interpreter while it asks for its token
    done = subprocess.run([sys.executable, "-c", ARROW], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-3000:]
    token = next(operation for operation, _ in gcs_front.operations if operation.verb == "metadata.token")
    assert token.reads == token.writes == frozenset()


# gcsfs


@pytest.fixture
def gcsfs(gcs_front: Front) -> Any:
    """It looks at the environment when it is imported, so that has to be an attempt's."""
    return importlib.import_module("gcsfs")


def test_gcsfs(gcs_front: Front, gcsfs: Any) -> None:
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


def test_gcsfs_gives_up_an_upload(gcs_front: Front, gcsfs: Any) -> None:
    fs = gcsfs.GCSFileSystem(skip_instance_cache=True)
    with fs.transaction:
        out = fs.open("bkt/a", "wb", block_size=K256)
        out.write(b"q" * (2 * K256))
        out.flush()
        out.discard()
        fs._transaction.files.clear()
    assert gcs_front.verbs()[-1] == "upload.cancel"
    assert list(gcs_front.emulator.entries()) == ["gs://bkt", "gs://other"]


def test_gcsfs_creates_only_once(gcs_front: Front, gcsfs: Any) -> None:
    fs = gcsfs.GCSFileSystem(skip_instance_cache=True)
    fs.pipe_file("bkt/a", b"1", mode="create")
    with pytest.raises(FileExistsError):
        fs.pipe_file("bkt/a", b"2", mode="create")


def test_gcloud_aio_of_the_deferrable_operators(gcs_front: Front) -> None:
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
    assert "gs://other/c" in gcs_front.emulator.entries()


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


def test_airflow_needs_no_change_in_the_dag(gcs_front: Front, tmp_path: Path) -> None:
    extra = {"extra__google_cloud_platform__key_path": "/nope.json", "keyfile_dict": "{", "impersonation_chain": "a@b"}
    changed = gcs_front.emulator.connection(
        {"conn_type": "google_cloud_platform", "extra": json.dumps(extra)}, gcs_front.url
    )
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
