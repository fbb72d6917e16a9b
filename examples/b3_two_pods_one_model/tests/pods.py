"""What the pods of this example do: the same calls as in the images, which are not here."""

from __future__ import annotations

from google.cloud import storage


def move_over(pod):
    """``rm target; mv source target``: the target goes first."""
    bucket = storage.Client(project="datalab").bucket("models")
    source, target = bucket.blob(pod.env["SOURCE"]), bucket.blob(pod.env["TARGET"])
    if target.exists():
        target.delete()
    bucket.copy_blob(source, bucket, target.name)
    source.delete()


def move_safely(pod):
    """Copy over the target, check it, and take the source away last; a second pod that finds it moved is done."""
    bucket = storage.Client(project="datalab").bucket("models")
    source, target = bucket.blob(pod.env["SOURCE"]), bucket.blob(pod.env["TARGET"])
    if not source.exists():
        pod.log("the source is gone" + (", the target is there" if target.exists() else ""))
        return 0 if target.exists() else 1
    bucket.copy_blob(source, bucket, target.name)
    target.reload()
    source.delete()
    return 0
