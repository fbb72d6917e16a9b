"""Kinds of entries: which kind a name's scheme stands for, and what people call them."""

from __future__ import annotations

_OF_SCHEME = {
    "xcom": "xcom",
    "task-state": "task-state",
    "variable": "variable",
    "dagrun": "child-run",
    "asset-event": "asset-event",
    "job": "job",
    "redis": "key",
    "ssm": "parameter",
    "secretsmanager": "secret",
    "sqs": "message",
    "sns": "message",
    "dynamodb": "item",
    "glue": "catalog",
    "events": "message",
    "emr": "configuration",
}

PLURALS = {
    "xcom": "XComs",
    "task-state": "entries of the task state store",
    "variable": "Variables",
    "child-run": "child DAG runs",
    "job": "job runs",
    "pod": "pods",
    "k8s-job": "Jobs",
    "pods-at-once": "task instances",
    "upload": "uploads",
    "asset-event": "asset events",
    "bucket": "buckets",
    "key": "keys",
    "parameter": "parameters",
    "secret": "secrets",
    "message": "messages",
    "queue": "queues",
    "topic": "topics",
    "item": "items",
    "table": "tables",
    "rule": "rules",
    "configuration": "configurations",
    "catalog": "entries of the Glue catalog",
}
"""What is not here is an object."""


def of_name(name: str) -> str:
    """The kind of what has this name, where no state has it; ``object`` where the scheme tells nothing."""
    scheme = name.partition("://")[0]
    return _OF_SCHEME.get(scheme) or ("upload" if scheme.endswith("-upload") else "object")


def counted(count: int, kind: str) -> str:
    """A number of things of one kind: ``1 object``, ``2 messages``."""
    plural = PLURALS.get(kind, "objects")
    single = plural.replace("entries", "entry", 1) if plural.startswith("entries") else plural.removesuffix("s")
    return f"{count:,} {plural if count != 1 else single}"
