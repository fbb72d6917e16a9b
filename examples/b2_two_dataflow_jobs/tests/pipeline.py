"""Stands for the Dataflow pipeline: reads a day's events and writes part files with random names, as Beam does."""

from __future__ import annotations

import time
import uuid

from google.cloud import storage


def user_activity(job):
    """The job: ``job.arguments`` has the template's parameters."""
    client = storage.Client()
    day = job.arguments["day"]
    time.sleep(40 * 60)
    rows = [
        line
        for blob in sorted(client.list_blobs("events", prefix=f"ds={day}/"), key=lambda each: each.name)
        for line in blob.download_as_bytes().splitlines(keepends=True)
    ]
    half = len(rows) // 2
    for part in (rows[:half], rows[half:]):
        name = f"user-activity/ds={day}/part-{uuid.uuid4()}.jsonl"
        client.bucket("training").blob(name).upload_from_string(b"".join(part))
