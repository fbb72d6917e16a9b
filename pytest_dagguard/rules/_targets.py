"""Where a task writes to, as its arguments say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_dagguard.model.dag import Task

_PAIRS = (
    ("s3_bucket", "s3_key", "s3"),
    ("dest_bucket_name", "dest_bucket_key", "s3"),
    ("dest_bucket", "dest_key", "s3"),
    ("destination_bucket", "destination_object", "gs"),
    ("destination_bucket", "destination_path", "gs"),
    ("bucket", "dst", "gs"),
)
"""Arguments that name a bucket and what is written in it."""
_WHOLE = (
    "dest_s3_key",
    "dest_gcs",
    "dest_aws",
    "destination_project_dataset_table",
    "destination_dataset_table",
    "destination_table",
    "destination_cloud_storage_uris",
    "target_path",
    "output_path",
    "output_location",
)
"""Arguments that name a whole target."""
_WRITERS = re.compile(r"^S3(Create|Copy)Object|To|Move|Copy|Transfer|Export|Upload|Unload|^Athena")
"""Operators that write to them. A sensor, or an operator that deletes, names the same."""


def targets(task: Task) -> Iterator[str]:
    """URLs, tables and paths that a task writes, templates included."""
    if not _WRITERS.search(task.kind):
        return
    given = task.arguments
    for bucket, name, scheme in _PAIRS:
        if name in given and isinstance(given[name], str) and given[name]:
            if "://" in given[name]:
                yield given[name]
            elif isinstance(given.get(bucket), str) and given[bucket]:
                yield f"{scheme}://{given[bucket]}/{given[name]}"
    for name in _WHOLE:
        for each in [given.get(name)] if not isinstance(given.get(name), list) else given[name]:
            if isinstance(each, str) and each:
                yield each
