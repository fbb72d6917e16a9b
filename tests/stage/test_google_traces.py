"""What Google's storage client asks for on behalf of traces: nothing, in the process of an attempt alone."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import textwrap
from types import ModuleType
from typing import Any

import pytest

from pytest_dagguard.stage.compat import google_traces


class Cache:
    """The client's cache, as far as the client uses it."""

    def __init__(self) -> None:
        self.known = {"lake": ("projects/1/buckets/lake", "eu")}
        self.asked: list[str] = []

    def get(self, bucket_name: str) -> object:
        return self.known.get(bucket_name)

    def get_or_queue_fetch(self, bucket_name: str) -> object:
        self.asked.append(bucket_name)
        return None

    def check_and_evict(self, bucket_name: str) -> None:
        self.asked.append(bucket_name)


def test_what_is_known_is_said_and_nothing_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType(google_traces._MODULE)
    module.BucketMetadataCache = type("BucketMetadataCache", (Cache,), {})
    monkeypatch.setitem(sys.modules, google_traces._MODULE, module)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    google_traces.keep_out()
    cache = module.BucketMetadataCache()
    assert cache.get_or_queue_fetch("lake") == ("projects/1/buckets/lake", "eu")
    assert cache.get_or_queue_fetch("other") is None
    cache.check_and_evict("lake")
    assert cache.asked == []


def test_a_library_that_has_no_such_cache_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType(google_traces._MODULE)
    monkeypatch.setitem(sys.modules, google_traces._MODULE, module)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    google_traces.keep_out()
    assert not hasattr(module, "BucketMetadataCache")


def test_the_real_client_starts_no_thread() -> None:
    code = """
        import threading
        from pytest_dagguard.stage.compat import google_traces
        google_traces.keep_out()
        started = []
        threading.Thread.start = lambda self: started.append(self)
        from google.cloud.storage._bucket_metadata_cache import BucketMetadataCache
        cache = BucketMetadataCache(None)
        print(cache.get_or_queue_fetch("lake"), started)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True)
    if importlib.util.find_spec(google_traces._MODULE) is None:
        assert "ModuleNotFoundError" in done.stderr, "before google-cloud-storage 3.11 there was nothing to keep out"
    else:
        assert done.stdout.splitlines() == ["None []"], done.stderr
