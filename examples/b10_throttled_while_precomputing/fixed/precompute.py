"""Precompute the recommendations of the day from the embeddings on GCS. As it was mended."""

from __future__ import annotations

import json
from datetime import datetime

from airflow.providers.google.cloud.hooks.gcs import GCSHook
from airflow.sdk import dag, task
from google.cloud.storage.retry import DEFAULT_RETRY

BUCKET = "similarities"
PATIENT = DEFAULT_RETRY.with_deadline(600)


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def precompute():
    @task
    def recommendations(ds: str) -> None:
        client = GCSHook().get_conn()
        bucket = client.bucket(BUCKET)
        done = []
        for part in client.list_blobs(BUCKET, prefix=f"embeddings/ds={ds}/"):
            line = json.loads(part.download_as_bytes())
            target = bucket.blob(f"recommendations/ds={ds}/{line['pid']}.json")
            # the same name and the same bytes each time: to send it again is safe, and the client may do so by itself
            text = json.dumps({"for": line["pid"], "score": max(line["vector"])})
            target.upload_from_string(text, retry=PATIENT)
            done.append(line["pid"])
        bucket.blob(f"recommendations/ds={ds}/_SUCCESS").upload_from_string("\n".join(done), retry=PATIENT)

    recommendations()


precompute()
