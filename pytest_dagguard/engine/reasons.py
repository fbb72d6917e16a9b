"""Why there is no evidence, or a clean run came to no good, in words that say what to do about it.

Each reason comes with a few words by which the summary counts it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from pytest_dagguard.engine import services, vacant
from pytest_dagguard.model.attempt import AttemptResult
from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.operation import Selector
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.verdict import UNTESTED
from pytest_dagguard.oracle.names import PLAIN, readable

Reason = tuple[str, str]
"""The reason in one line, and the words to count it by. Two empty texts where there is none."""

NONE: Reason = ("", "")

FAILS, LACKS = "fail in a clean run", "lack seed data"
MAY_FOLLOW = (FAILS, LACKS)
"""What a task may come to for the only reason that one before it gives no clean run."""

BY_HAND = "in a hand-written test (fixture dagguard) the call can be patched"
REDIS = (
    "the emulated Redis is elsewhere: take its address from the environment (REDIS_URL, or REDIS_HOST and REDIS_PORT)"
    " or from an Airflow connection of type redis, which lead to it here"
)
STUBS = "install the module where pytest runs, or patch the call in a hand-written test (fixture dagguard)"
BY_HAND_TASK = "a hand-written test (fixture dagguard) can try its operator alone"

FOR_EVER = "waits for ever"
"""How a reason begins to give up an attempt that nothing in its world can wake."""

RESUMES: dict[str, Reason] = {
    "awaiting_input": ("waits for a person's answer, and nobody answers here", "human input"),
}
"""States in which a task waits for something to go on; what follows "the task"."""


def of_evidence(
    results: Collection[AttemptResult],
    refusals: Iterable[tuple[str, str, str, str, bool]],
    proxied: Iterable[str],
    given_up: Reason,
) -> Reason:
    """Why an experiment is no evidence.

    :param refusals: requests that no emulator could answer: actor, service, what, what would unlock it, and whether
        the emulator broke down
    :param proxied: destinations that were refused where clients asked the proxy for them
    :param given_up: why the experiment was ended before its time
    """
    for _, service, what, unlock, defect in refusals:
        if defect:
            return f"the {service} emulator failed on {what}: {unlock}", "emulator defect"
        hint = f" ({unlock})" if unlock else ""
        return f"calls {service} {what}, which is not emulated{hint}; {BY_HAND}", f"need {services.of_aws(service)}"
    for destination in (*(each for result in results for each in result.egress), *proxied):
        name = services.of_destination(destination)
        if name == "Redis":
            return f"connects to {destination} (Redis), and {REDIS}", "need REDIS_URL"
        who = "" if name in destination else f" ({name})"
        return f"connects to {destination}{who}, which is not emulated; {BY_HAND}", f"need {name}"
    for each in results:
        if stubs := dict(each.details).get("stubs", ()):
            named = ", ".join(stubs[:3])
            return f"runs stubbed code ({named}), of which nothing is known; {STUBS}", "run stubbed code"
    if given_up[0]:
        return given_up
    for each in results:
        if each.state in RESUMES:
            reason, group = RESUMES[each.state]
            return f"the task {reason}", group
        if each.state == "crashed":
            return _of_crash(each)
    return NONE


def _of_crash(result: AttemptResult) -> Reason:
    if result.error:
        return f"{result.actor} {result.error}", "limits"
    said = [line.strip() for line in result.log.splitlines() if line.strip()]
    last = f"; its log ends with: {said[-1][:200]}" if said else ""
    return f"the process of {result.actor} ended without a word (os._exit, or a crash){last}", "crashed"


def of_giving_up(actor: str, why: str) -> Reason:
    """An attempt that was not waited for any longer.

    :param why: follows the attempt's name
    """
    if "; it is in a " in why:
        return f"{actor} {why}", "locked"
    if why.startswith(FOR_EVER):
        return f"{actor} {why}: bound it (execution_timeout), or put into the seed what it waits for", "wait for ever"
    if why.startswith("waits"):
        advice = "a pause in a program of its own or in a lock is not simulated: shorten it, or raise"
        return f"{actor} {why}; {advice} --dagguard-budget above it", "wait"
    return f"{actor} {why}; raise attempt-timeout where it has a lot to compute", "stalled"


def of_divergence(actor: str, until: Selector) -> Reason:
    """An attempt that did not do again what it did in a run just like this one."""
    place = f"`{until.verb}` again" if until.verb else f"its operation {until.occurrence}"
    return f"diverged: {actor} ended before it came to {place}", "diverged"


def of_upstream(task_id: str, reason: str, dag_id: str, seed: str) -> str:
    """A task that needs another, which gives no clean run.

    :param reason: why that one gives none
    """
    stand_in = f'"{dag_id}": {{"{task_id}": {{"return_value": ...}}}}'
    return f"needs {task_id}, which gives no clean run; {seed}/xcoms.json can stand in for it ({stand_in}): {reason}"


def of_mapping(sources: Iterable[str], length: int | None) -> Reason:
    """A mapped task that has nothing to map over.

    :param sources: ids of the tasks whose XComs it is mapped over
    :param length: over how many values; None where that is not known
    """
    named = ", ".join(sources)
    if length == 0:
        over = f"what {named} returned, which is empty" if named else "an empty list"
        return f"it is mapped over {over}: Airflow skips it, and there is nothing to try", "mapped over nothing"
    return f"it is mapped over what {named} returned, and that is not there or cannot be mapped over", LACKS


def of_mapped_group(group: str) -> Reason:
    """A task that is mapped within a mapped group, by itself or by another group."""
    return (
        f"it is mapped within the task group {group}, which is mapped itself, and that is not run yet; {BY_HAND_TASK}",
        "mapped within mapped groups",
    )


def of_failure(result: AttemptResult, outcome: Outcome, task: Task, seed: str) -> Reason:
    """A clean run that did not succeed.

    :param seed: the seed folder, as the user would type it
    """
    error = _without_headers(" ".join(result.error.split()))[:300]
    for event in reversed(outcome.history):
        if event.status == 404 and event.actor == result.actor:
            found = _missing(event.operation.resource, seed)
            if found is not None and _related(event.operation.resource, result):
                return f"the clean run fails ({error}): {found[0]}", found[1]
    if lacking := _absent(outcome, result.actor, seed):
        return f"the clean run fails ({error}): {lacking}", LACKS
    if re.search(r"XCom|xcom", result.error) and "not found" in result.error.lower():
        return f"the clean run fails ({error}): put the value into {seed}/xcoms.json", LACKS
    if "ParamValidationError: Invalid input for param" in error:
        return f"the clean run fails: {error}; runs here start without a conf: give the param a default", "lack params"
    failed = f"the clean run fails{_place(result)}: {error or result.state}"
    if "SensorTimeout" in result.error_kind:
        passed = f" ({error.partition(': ')[2]})" if ": " in error else ""
        return f"the sensor's condition is not met{passed}: {_awaited(result, outcome, seed)}", "waiting sensor"
    if error.startswith(("DefaultCredentialsError", "NoCredentialsError")):
        hint = "attempts have no credentials, so that they reach nothing real; only connections to emulated services do"
        return f"{failed}; {hint} without", "need credentials"
    for start, name in (("MemoryError", "memory"), ("OSError: [Errno 27]", "disk")):
        if error.startswith(start):
            return f"{failed}; what an attempt may use says {name} under [tool.dagguard.limits]", "limits"
    if error.startswith("ConnectionRefusedError"):
        hint = "an attempt has a network of its own, on which nothing listens but the emulators"
        return f"{failed}; {hint}; {BY_HAND}", "need a server"
    if error.startswith("FileNotFoundError"):
        hint = "an attempt has a machine of its own, on which only the repository is as it is here"
        return f"{failed}; {hint}", "lack files"
    if task.trigger_rule in ("one_failed", "all_failed"):
        rule = f"by its trigger rule {task.trigger_rule} it runs after a failure, and may be meant to fail"
        return f"{failed} ({rule})", "run after a failure"
    if "Bash command failed" in error and (printed := _printed(result.log)):
        failed += f" It printed last: {printed}"
    if task.retries:
        failed += f" (at its first try; Airflow would try it {task.retries} more)"
    return failed, FAILS


def _without_headers(error: str) -> str:
    """What a Kubernetes client says of a refusal has its reason at the end, behind the headers of the response."""
    head, found, rest = error.partition(" HTTP response headers: ")
    message = re.search(r'"message": ?"((?:[^"\\]|\\.)*)"', rest)
    return f"{head}: {message[1]}" if found and message else error


_OUTPUT = re.compile(r"\[info\s*\] (.*?)\s*\[airflow[\w.]*SubprocessHook\]|subprocess\.py:\d+\}? INFO - (.*)")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]+[a-z0-9]")
_OF_HOOK = ("Command exited", "Output:", "Running command", "Tmp dir root")


def _printed(log: str) -> str:
    """The last line that a command of a BashOperator has printed: its error says no more than an exit code."""
    lines = [" ".join((first or second).split()) for first, second in _OUTPUT.findall(log)]
    return next((each[:200] for each in reversed(lines) if each and not each.startswith(_OF_HOOK)), "")


def of_children(failed: Mapping[str, str]) -> Reason:
    """A clean run whose child runs failed, so that what they do was not seen.

    :param failed: DAG id -> the task that failed first, and its error
    """
    dag_id, why = next(iter(failed.items()))
    why = " ".join(why.split())[:300]
    return f"the run of the child DAG {dag_id} fails in a clean run of its parent: {why}", FAILS


def of_lacking(failed: Reason, task_id: str, lacking: Reason) -> Reason:
    """A clean run that failed where a task before it gives none, and so may have left out what this one needs.

    :param failed: why this one failed
    :param task_id: the one before
    :param lacking: why that one gives no clean run
    """
    return f"{failed[0]}; {task_id} before it gives no clean run: {lacking[0]}", lacking[1]


_COUNTS = frozenset({"ti.count", "ti.states", "dagrun.count"})
"""With which a task asks for runs of a DAG, or for tasks in them."""


def _awaited(result: AttemptResult, outcome: Outcome, seed: str) -> str:
    """What a sensor looked for in vain, as far as its requests tell it."""
    looks = [event for event in outcome.history if event.actor == result.actor and event.operation.service != "airflow"]
    absent = dict.fromkeys(event.operation.resource for event in looks if event.status == 404)
    absent |= dict.fromkeys(vacant.looked_into(outcome, result.actor))
    said = [found[0] for each in absent if (found := _missing(each, seed)) is not None]
    if said:
        return "; ".join(said[:3])
    if looks:
        return f"it looked at {looks[-1].operation.resource}; put into the seed ({seed}) what it waits for"
    counts = [each for each in outcome.history if each.actor == result.actor and each.operation.verb in _COUNTS]
    if counts:
        dag_id = counts[-1].operation.resource.partition("://")[2].partition("/")[0]
        return f"it looks for runs of DAG {dag_id}, and there is none here but those that tasks before it trigger"
    return f"put into the seed ({seed}) what it waits for"


def _place(result: AttemptResult) -> str:
    return f" at {result.trace[0].file.rsplit('/', 1)[-1]}:{result.trace[0].line}" if result.trace else ""


def _absent(outcome: Outcome, actor: str, seed: str) -> str:
    """The parameters, secrets and tables that an attempt looked for in vain; empty where there were none.

    Services say so with other statuses than 404, or in an answer that is none of an error.
    """
    there = (*outcome.before, *outcome.after)
    looked = [
        name
        for event in outcome.history
        if event.actor == actor
        for name in sorted(event.operation.reads)
        if name.startswith(("ssm://", "secretsmanager://")) or (name.startswith("dynamodb://") and name.count("/") == 2)
    ]
    found = []
    for name in dict.fromkeys(looked):
        below = name.endswith("*") and any(each.startswith(name[:-1]) for each in there)
        if not below and name not in there and (missing := _missing(name, seed)) is not None:
            found.append(missing[0])
    return "; ".join(found[:3])


def _missing(resource: str, seed: str) -> Reason | None:
    scheme, _, rest = resource.partition("://")
    if scheme == "ssm":
        name = f"/{rest}" if "/" in rest else rest
        return f"there is no parameter '{name}' in SSM; add it to {seed}/ssm.json", LACKS
    if scheme == "dynamodb":
        return f"there is no table '{rest}' in DynamoDB; add it, with its key, to {seed}/dynamodb.json", LACKS
    if scheme == "secretsmanager":
        return f"there is no secret '{rest}'; add it to {seed}/secretsmanager.json", LACKS
    if scheme == "connection":
        return f"there is no connection {rest!r}; add it to {seed}/connections.json", "lack connections"
    if scheme == "variable":
        return f"there is no Variable {rest!r}; add it to {seed}/variables.json", "lack variables"
    bucket = rest.partition("/")[0]
    if scheme in ("s3", "gs") and not _BUCKET.fullmatch(bucket):
        return f"no bucket can have the name {bucket!r}: 3 to 63 lower-case letters, digits, dots and hyphens", FAILS
    if scheme == "s3":
        return f"{resource} is not there; put it at {seed}/s3/{rest}", LACKS
    if scheme == "gs":
        return f"{resource} is not there; put it at {seed}/gcs/{rest}", LACKS
    if scheme == "xcom":
        return f"there is no {resource}; put it into {seed}/xcoms.json", LACKS
    return None


def _related(resource: str, result: AttemptResult) -> bool:
    """Say whether the missing resource is likely what the error is about, and not a look that may come to nothing."""
    scheme, _, name = resource.partition("://")
    if scheme == "xcom":
        # the error names task and key apart, and a task looks for its own old XComs as a matter of course
        return all(word in result.error for word in name.rsplit("/", 2)[1:])
    words = [name, name.rsplit("/", 1)[-1], name.partition("/")[2]]
    if any(word and word in result.error for word in words):
        return True
    return any(mark in result.error for mark in ("404", "NoSuchKey", "NoSuchBucket", "Not Found", "NotFound"))


def of_unsaid_jobs(names: Sequence[str]) -> tuple[str, ...]:
    """Notes on external jobs that stood still in place of the real ones, since nothing is said of what they do.

    :param names: ``glue:nightly``; what looks like a random id or a time in them becomes ``*``
    """
    patterns = sorted({re.sub("<[a-z]+>", "*", readable(PLAIN.key(each))) for each in names})
    return tuple(
        f"{UNTESTED}what {each} does. Nothing is said of it, so it succeeds after ten minutes and writes nothing; say"
        f' what it does in [tool.dagguard.jobs], "{each}" = "module:function"'
        for each in patterns
    )


def of_empty_folders(outcome: Outcome, seed: str) -> tuple[str, ...]:
    """Notes on folders in which the task found nothing, as it may well do in a repository without input data."""
    found = (_missing(each, seed) for each in vacant.looked_into(outcome, outcome.last.actor))
    return tuple(f"{UNTESTED}what it does with what it finds: {each[0]}" for each in found if each is not None)[:3]
