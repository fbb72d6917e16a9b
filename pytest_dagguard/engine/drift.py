"""Drift: an input changes while a worker is frozen, and what the cloud must end up as is made of the new input.

A zombie that writes what it would write anyway is invisible: equal bytes over equal bytes. With a row more in an input
its late write shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pytest_dagguard.engine import reasons
from pytest_dagguard.engine.experiment import carry_out
from pytest_dagguard.engine.lab import Lab
from pytest_dagguard.engine.walk import OTHER_DAY, Baseline
from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.outcome import Content, Outcome
from pytest_dagguard.model.plan import Run
from pytest_dagguard.oracle import content as contents
from pytest_dagguard.oracle import noise

SERVICES = {"s3": "s3", "gs": "gcs"}
MOST_INPUTS = 20

WHY = (
    " The retry saw the new input and finished; then the frozen worker went on with what it had read before, and"
    " nothing keeps its late requests from the cloud."
)
FIX = (
    "Write on the condition that nobody else has (`IfMatch` with the ETag that was there at the start,"
    " `if_generation_match` on Cloud Storage); or let the input of an interval never change once the task may run, and"
    " allow the effect with that reason."
)


@dataclass(frozen=True, slots=True)
class Drifted:
    """What clean runs of a task leave once its inputs have changed.

    :param clean: None where ``remark`` says why drift is not tried
    """

    inputs: Mapping[str, bytes]
    clean: noise.Clean | None
    remark: str = ""


def inputs(outcome: Outcome, content: Content) -> dict[str, bytes]:
    """The inputs of a task, each with a row more: objects of before that it read, left alone and we can read too.

    :param outcome: of a clean run
    :returns: name -> new content
    """
    read = {name for event in outcome.history if event.status < 400 for name in event.operation.reads}
    touched = {name for event in outcome.history for name, _ in event.changed}
    found: dict[str, bytes] = {}
    for name in sorted(read - touched):
        entry = outcome.before.get(name)
        if entry is not None and entry.kind == "object" and entry.size and len(found) < MOST_INPUTS:
            more = with_a_row_more(content(entry.digest), name)
            if more is not None:
                found[name] = more
    return found


def with_a_row_more(data: bytes, name: str) -> bytes | None:
    """A table with its last row at its top as well, hence with a row more of the same shape; None for what is no table.

    CSV and JSON lines alone: other formats are left as they are.
    """
    shape = contents.sniff(data, name)
    if shape.packed or shape.form not in ("csv", "jsonl"):
        return None
    reading = contents.read(data, shape)
    lines = [each for each in data.splitlines(keepends=True) if each.strip()]
    heads = int(bool(shape.header))
    if reading is None or not reading.records or len(lines) != len(reading.records) + heads:
        return None  # a row over several lines
    end = b"\r\n" if lines[0].endswith(b"\r\n") else b"\n"
    rows = [each.rstrip(b"\r\n") + end for each in lines]
    # not at the end: what is made of the old rows must not look like the beginning of what is made of the new
    return b"".join([*rows[:heads], rows[-1], *rows[heads:]])


def learn(lab: Lab, base: Baseline, task: Task, allow: Mapping[str, str], seed: str) -> Drifted:
    """Run the task clean on its changed inputs, twice.

    :param seed: the seed folder as the user would type it
    """
    assert base.outcome is not None
    assert base.clean is not None
    changed = inputs(base.outcome, lab.content)
    names = noise.some(sorted(changed))
    lab.cloud.call("restore", base.start)
    put(lab, changed)
    start = lab.cloud.call("snapshot")
    outcomes = []
    try:
        for shift, number in ((0.0, 1), (OTHER_DAY, 2)):
            outcome, _ = carry_out(lab, base.subject, start, (Run(1),), (shift,), cleared=False, seed=number)
            if outcome.unreachable or not outcome.last.succeeded:
                why = outcome.unreachable or reasons.of_failure(outcome.last, outcome, task, seed)[0]
                return Drifted(changed, None, f"drift was not tried: with a row more in {names}, {why}")
            outcomes.append(outcome)
        clean = noise.learn(outcomes[0], outcomes[1], lab.content, allow)
    finally:
        lab.cloud.call("forget", start)
    if clean.unstable:
        return Drifted(changed, None, f"drift was not tried: with a row more in {names}, {clean.unstable}")
    left = [
        {name: each.digest for name, each in outcome.after.items() if name not in changed}
        for outcome in (base.outcome, outcomes[0])
    ]
    if left[0] == left[1]:
        remark = f"drift shows nothing: a row more in {names} changes nothing that the task leaves"
        return Drifted(changed, None, remark)
    return Drifted(changed, clean)


def put(lab: Lab, changed: Mapping[str, bytes]) -> None:
    """Store the changed inputs."""
    for name, data in changed.items():
        scheme, _, path = name.partition("://")
        bucket, _, key = path.partition("/")
        lab.cloud.call("put", SERVICES[scheme], bucket, key, data)


def stale(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """What differs from clean runs on the new input, named as what it is."""
    text = "What was written late does not fit the input as it is now: "
    return tuple(
        each
        if each.cls == "cannot-finish"
        else replace(each, cls="stale", message=text + each.message, why=each.why.split(". ")[0] + "." + WHY, fix=FIX)
        for each in findings
    )
