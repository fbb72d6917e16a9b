"""Stands in for the Beam pipeline: takes its options, and does here what the Dataflow job does there."""

from __future__ import annotations

import argparse
import json
from collections import Counter

from google.cloud import storage


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--day", required=True)
    options, _ = parser.parse_known_args()
    client = storage.Client.create_anonymous_client()
    plays: Counter[str] = Counter()
    for blob in client.list_blobs("events", prefix=f"{options.day}/"):
        plays.update(json.loads(line)["programme"] for line in blob.download_as_text().splitlines())
    scores = client.bucket("scores").blob(f"{options.day}.json")
    scores.upload_from_string(json.dumps(dict(sorted(plays.items()))))


main()
