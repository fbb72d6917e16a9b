"""Google's storage client and the traces that nobody collects here.

From google-cloud-storage 3.11 on the client asks for the place of each bucket, in a thread of its own, to write it into
spans of OpenTelemetry, and until a later release switched that off it did so where nothing is traced too. What a task
gets does not depend on it; but each of its attempts would do two things at once, in an order of their own.
"""

from __future__ import annotations

from typing import Any

from pytest_dagguard.stage.compat import imported

_MODULE = "google.cloud.storage._bucket_metadata_cache"


def keep_out() -> None:
    """Have the client ask for nothing on behalf of spans, in a process that is an attempt and nowhere else."""
    imported.change({_MODULE: _ask_nothing})


def _ask_nothing(module: Any) -> None:
    cache: Any = getattr(module, "BucketMetadataCache", None)
    if hasattr(cache, "get_or_queue_fetch") and hasattr(cache, "get"):
        cache.get_or_queue_fetch = cache.get
    if hasattr(cache, "check_and_evict"):
        cache.check_and_evict = lambda self, bucket_name: None
