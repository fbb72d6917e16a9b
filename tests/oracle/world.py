"""Outcomes from plain dicts: name -> bytes, the kind of entry from the scheme."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from pytest_dagguard.model.attempt import AttemptResult
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.history import Event, Frame
from pytest_dagguard.model.operation import Operation
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.state import Entry
from pytest_dagguard.oracle.judge import Situation, judge
from pytest_dagguard.oracle.noise import Clean, learn

BLOBS: dict[str, bytes] = {}
KINDS = {each: each for each in ("xcom", "task-state", "variable", "asset-event", "job")} | {"dagrun": "child-run"}
FAULT = "attempt 1 is killed after PutObject s3://b/k"
Files = Mapping[str, bytes]
ROWS = [{"id": i, "name": f"n{i}"} for i in range(4)]
K, CSV = "s3://c/a.csv", b"id,amount\n1,10\n2,20\n3,30\n"
U = [f"6f1c2d3e-1111-4222-8333-44445555666{i}" for i in range(10)]
"""Ids that differ, for names that a run makes anew."""


def content(digest: str) -> bytes:
    return BLOBS[digest]


def entry(name: str, data: bytes) -> Entry:
    scheme = name.partition("://")[0]
    digest = hashlib.sha256(data).hexdigest()
    BLOBS[digest] = data
    if scheme == "k8s":
        return Entry("pod", digest, len(data))
    return Entry(KINDS.get(scheme, "upload" if scheme.endswith("-upload") else "object"), digest, len(data))


def outcome(after: Files, before: Files | None = None, history: Iterable[Event] = ()) -> Outcome:
    states = [{name: entry(name, data) for name, data in files.items()} for files in (before or {}, after)]
    return Outcome(states[0], states[1], tuple(history))


def event(actor: str, name: str, what: str, line: int = 0) -> Event:
    operation = Operation("s3", "PutObject", name, writes=frozenset({name}))
    site = (Frame("/repo/dags/sales.py", line, "load"),) if line else ()
    return Event(actor, 0, operation, 200, ((name, what),), site=site)


def events(actor: str, *steps: str) -> list[Event]:
    """``+name`` creates, ``-name`` deletes, ``~name`` changes."""
    words = {"+": "created", "-": "deleted", "~": "changed"}
    return [event(actor, step[1:], words[step[0]]) for step in steps]


def situation(
    scenario: str = "killed", finished: bool = True, cleared: bool = False, error: str = "", kind: str = ""
) -> Situation:
    end = AttemptResult("attempt 2", "success" if finished else "failed", error=error, error_kind=kind)
    return Situation(FAULT, scenario, cleared, finished, end)


def learned(
    first: Files, second: Files | None = None, before: Files | None = None, ignored: Mapping[str, str] | None = None
) -> Clean:
    sides = outcome(first, before), outcome(first if second is None else second, before)
    return learn(*sides, content, ignored or {})


def found(
    first: Files,
    actual: Files,
    second: Files | None = None,
    before: Files | None = None,
    history: Iterable[Event] = (),
    ignored: Mapping[str, str] | None = None,
    where: Situation | None = None,
    strict: bool = False,
) -> tuple[Finding, ...]:
    clean = learned(first, second, before, ignored)
    assert clean.unstable == ""
    return judge(clean, outcome(actual, before, history), where or situation(), content, strict)


def classes(findings: Iterable[Finding]) -> list[str]:
    return [finding.cls for finding in findings]
