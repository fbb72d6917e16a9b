"""Why a clean run came to no good, in words that say what to do about it."""

from __future__ import annotations

import re

from pytest_dagguard.model.attempt import AttemptResult
from pytest_dagguard.model.outcome import Outcome


def of_failure(result: AttemptResult, outcome: Outcome, seed: str) -> tuple[str, str]:
    """Reason and group for a clean run that did not succeed.

    :param seed: the seed folder, as the user would type it
    """
    error = " ".join(result.error.split())[:300]
    for event in reversed(outcome.history):
        if event.status == 404 and event.actor == result.actor:
            found = _missing(event.operation.verb, event.operation.resource, seed)
            if found is not None and _related(event.operation.resource, result):
                return f"the clean run fails ({error}): {found[0]}", found[1]
    if re.search(r"XCom|xcom", result.error) and "not found" in result.error.lower():
        return f"the clean run fails ({error}): put the value into {seed}/xcoms.json", "lack seed data"
    place = f" at {result.trace[0].file.rsplit('/', 1)[-1]}:{result.trace[0].line}" if result.trace else ""
    return f"the clean run fails{place}: {error or result.state}", "fail in a clean run"


def _missing(verb: str, resource: str, seed: str) -> tuple[str, str] | None:
    scheme, _, rest = resource.partition("://")
    if scheme == "connection":
        return f"there is no connection {rest!r}; add it to {seed}/connections.json", "lack connections"
    if scheme == "variable":
        return f"there is no Variable {rest!r}; add it to {seed}/variables.json", "lack variables"
    if scheme == "s3":
        return f"{resource} is not there; put it at {seed}/s3/{rest}", "lack seed data"
    if scheme == "gs":
        return f"{resource} is not there; put it at {seed}/gcs/{rest}", "lack seed data"
    if scheme == "xcom":
        return f"there is no {resource}; put it into {seed}/xcoms.json", "lack seed data"
    return None


def _related(resource: str, result: AttemptResult) -> bool:
    """Say whether the missing resource is likely what the error is about, and not a look that may come to nothing."""
    name = resource.partition("://")[2]
    words = [name, name.rsplit("/", 1)[-1], name.partition("/")[2]]
    if any(word and word in result.error for word in words):
        return True
    return any(mark in result.error for mark in ("404", "NoSuchKey", "NoSuchBucket", "Not Found", "NotFound"))
