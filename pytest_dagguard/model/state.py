"""The state of the cloud: everything that outlives an attempt. It is a mapping of resource names to entries.

``s3://``, ``gs://``, ``s3-upload://``, ``gs-upload://``, ``xcom://``, ``task-state://``, ``variable://``, ``dagrun://``,
``job://``, ``redis://``, ``redis-ttl://``, ``k8s://``, ``asset-event://``, ``ssm://``, ``secretsmanager://``, ``sqs://``,
``sns://``, ``dynamodb://``, ``glue://``, ``events://`` and ``emr://`` are the schemes in use.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """What is stored under one resource name.

    :param kind: ``object``, ``upload`` (an unfinished multipart or resumable upload), ``bucket``, ``xcom``,
        ``task-state``, ``variable``, ``child-run``, ``job``, ``pod``, ``k8s-job``, ``pods-at-once`` (a
        task instance had two live pods), ``asset-event``, ``key`` (of Redis), ``expiry`` (a key of Redis has a time
        to live), ``parameter`` (of SSM), ``secret``, ``queue``, ``topic``, ``message`` (of either, or an
        event of EventBridge), ``rule``, ``table``, ``item``, ``catalog`` (what the catalog of Glue has) or
        ``configuration`` (of EMR)
    :param digest: SHA-256 of the content, hexadecimal; the content itself is had by digest from the cloud
    :param size: bytes of content
    :param version: what the service shows beside the content and conditional requests depend on (a generation);
        two states that differ only here are equal to the oracle, but not to a task that is resumed
    :param headers: what the service keeps beside the content for whoever reads it: content type, user metadata, tags;
        (name, value), sorted
    """

    kind: str
    digest: str
    size: int
    version: str = ""
    headers: tuple[tuple[str, str], ...] = ()


EXPIRES = "expires"
"""Version of an unfinished upload that ends by itself: a resumable session of Cloud Storage lives for a week and its
parts are not paid for, unlike those of a multipart upload, which stay until somebody takes them away."""

CUT_SHORT = "cleared while under way"
"""In the content of a child DAG run: how often that happened. Airflow stops its tasks then and runs them again."""
