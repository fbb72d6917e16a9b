"""What the pods of this example do: the same calls as in the image, which is not here."""

from __future__ import annotations

import time

from google.cloud import storage

EPOCHS = 3


def train(pod):
    """Train for the epochs that are missing, and after each keep the model and a line of how it went."""
    bucket = storage.Client(project="datalab").bucket("models")
    history, model = f"{pod.env['RUN']}/history.csv", f"{pod.env['RUN']}/model.bin"
    lines = read(bucket, history).splitlines()
    while len(lines) < EPOCHS:
        time.sleep(1200)
        weights = read(bucket, model) or read(bucket, "base/model.bin")
        bucket.blob(model).upload_from_string(weights + "+")  # one epoch on top of what is there
        lines.append(f"epoch {len(lines) + 1},loss {1 / (len(weights) + 1):.4f}")
        bucket.blob(history).upload_from_string(read(bucket, history) + lines[-1] + "\n")


def read(bucket, name):
    found = bucket.get_blob(name)
    return found.download_as_text() if found else ""
