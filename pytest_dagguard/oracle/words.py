"""Why a finding comes about and what to change, for each class and variety."""

from __future__ import annotations

import re

_AGAIN = "{who} does not know what {earlier} has done already"

WHY: dict[tuple[str, str], str] = {
    ("duplicate", "count"): "{who} wrote its output under a new name, beside what {earlier} had left.",
    ("duplicate", "message"): "{who} sent it again: a queue and a topic take each message for a new one.",
    ("duplicate", "copy"): "Both the old and the new name hold the same data now, so whoever reads the folder reads it "
    "twice.",
    ("duplicate", "kept"): "What one clean run takes away at its end was not taken away by {who}.",
    ("duplicate", "unexpected"): "One of the attempts left it and nothing took it away or wrote over it.",
    ("duplicate", "content"): "{who} added to what {earlier} had written instead of replacing it.",
    ("lost", "gone"): "One attempt deleted or moved what the other had made or needed.",
    ("lost", "unwritten"): "{who} took something that {earlier} had left for a sign that all is done.",
    ("lost", "fewer"): "One attempt deleted or moved what the other had made or needed.",
    ("lost", "content"): _AGAIN + ", and wrote only a part of the data over the whole.",
    ("lost", "xcom"): "Tasks downstream pull this XCom and get nothing.",
    ("lost", "child-run"): "{who} took the start of the child run for done.",
    ("torn", "content"): "{earlier} was stopped between two of its writes and {who} did not write the object anew.",
    ("changed", "content"): "What {who} writes depends on what {earlier} left, or on which attempt it is.",
    ("changed", "secret"): "{who} gave the secret another value. A client that still has the one from before the task"
    " finds it under no label any more: AWSPREVIOUS is on that of {earlier}.",
    ("changed", "stale"): "{who} took the step for done, or never came to it, and the task still counts as a success.",
    (
        "changed",
        "pair",
    ): "Different attempts wrote the two, and each attempt draws a random value of its own.",
    ("changed", "xcom"): "Tasks downstream pull another value than after one clean run.",
    ("changed", "task-state"): "What the task keeps in the task state store depends on how often it was started.",
    ("changed", "variable"): "The Airflow Variable depends on how often the task was started.",
    (
        "changed",
        "expiry",
    ): "Setting the key and giving it a time to live are two requests, and only one of them was done.",
    ("changed", "child-run"): "The child run gets another configuration than after one clean run.",
    (
        "duplicate",
        "asset-event",
    ): "Both attempts count as a success of their own: each DAG that is scheduled on the asset "
    "runs once for each event.",
    ("lost", "asset-event"): "DAGs that are scheduled on the asset wait for the event, and do not run.",
    ("changed", "asset-event"): "DAGs that are scheduled on the asset get other details than after one clean run.",
    ("started-twice", "child-run"): _AGAIN + " and triggered the DAG again under another run id.",
    ("started-twice", "child-reset"): "{who} found the run there and cleared it, as `reset_dag_run=True` asks for,"
    " although it had not ended.",
    ("started-twice", "job"): "{who} submitted the job without a look whether {earlier} had submitted it already.",
    ("started-twice", "pod"): "{who} created a pod without a look whether the one of {earlier} is there.",
    ("started-twice", "k8s-job"): "{who} created a Job without a look whether the one of {earlier} is there.",
    ("started-twice", "pods-at-once"): "{who} created a pod while the one of {earlier} was still there.",
    ("orphan", "job"): "{earlier} had started it, and {who} neither took it up nor ended it.",
    ("orphan", "pod"): "{earlier} had created it, and {who} neither took it up nor took it away.",
    ("orphan", "k8s-job"): "{earlier} had created it, and {who} neither took it up nor took it away.",
    ("leak", "pod"): "{earlier} was gone before it could take it away, and {who} made one of its own.",
    ("leak", "k8s-job"): "{earlier} was gone before it could take it away, and {who} made one of its own.",
    ("changed", "k8s-job"): "The Job that is left is not what one clean run leaves.",
    ("lost", "k8s-job"): "{who} took the Job for created.",
    ("changed", "job"): "{who} submitted the job with other arguments than one clean run does, or it ended otherwise.",
    ("changed", "pod"): "The pod that is left is not what one clean run leaves.",
    ("lost", "job"): "{who} took the job for submitted.",
    ("lost", "pod"): "{who} took the pod for created.",
    (
        "leak",
        "upload",
    ): "Nobody completes or aborts the upload that {earlier} had begun; its parts are stored, and paid "
    "for, until somebody does.",
    ("leak", "temporary"): "{earlier} had no chance to clean up, and {who} uses another name or does not look.",
    (
        "reader-window",
        "gap",
    ): "It is deleted first and written again later: whoever reads in between finds nothing, and "
    "if the task stops there it stays so.",
}

FIX: dict[tuple[str, str], str] = {
    (
        "duplicate",
        "message",
    ): "Put an id made of the run id into the message and let whoever receives it drop the"
    " second. A FIFO queue or topic does that by itself where the id is its `MessageDeduplicationId`, for five minutes:"
    " keep `retry_delay` well below that.",
    ("duplicate", "copy"): "Delete the source only after the copy is confirmed, and delete it also when a retry finds "
    "the copy in place.",
    (
        "duplicate",
        "kept",
    ): "Make the clean-up the same on every path: on a retry that finds the work done, still delete "
    "what a first run deletes.",
    (
        "duplicate",
        "unexpected",
    ): "Derive every name from the logical date (`{{ ds }}`, `{{ ts_nodash }}`), or delete "
    "what an earlier attempt may have left before writing.",
    ("duplicate", "content"): "Write the whole object for one data interval under a key of that interval and overwrite "
    "it; where it must be one growing object, drop the interval's own records before adding them.",
    (
        "lost",
        "gone",
    ): "Write the new data first, check that it is there, and delete last; let a retry that finds the source gone "
    "look for the finished target before it deletes anything.",
    (
        "lost",
        "unwritten",
    ): "Leave the sign that work is done (a marker, a checkpoint, the first of several objects) after "
    "all of the work, in its last request; or let a retry look for each thing that it makes, and make what is missing.",
    ("lost", "fewer"): "Write the new data first, check that it is there, and delete last; delete only names that this "
    "attempt has made.",
    ("lost", "content"): "Rebuild the object from its inputs in each attempt rather than from what is left of it, and "
    "write it in one request.",
    ("lost", "xcom"): "Push the value on every path, also on the one that finds the work done already.",
    ("lost", "child-run"): "Let the trigger check that the run exists, and create it where it does not.",
    (
        "torn",
        "content",
    ): "Write the object in one request, or under a temporary name that is copied to the final one at "
    "the end; and do not take an object that exists for one that is complete.",
    (
        "changed",
        "content",
    ): "Make the content a function of the logical date and the inputs alone: do not read back the "
    "task's own output, and keep the try number and counters out of it.",
    (
        "changed",
        "secret",
    ): "Give the write a `ClientRequestToken` made of the run id, and look whether a version with"
    " it is there before making a new value: a retry then has nothing left to do.",
    (
        "changed",
        "stale",
    ): "Do not skip the write because the object exists (`replace=True`); mark the work as done only after it is.",
    (
        "changed",
        "pair",
    ): "Derive the value from the logical date or the run id (`{{ run_id }}`), so that each attempt"
    " has the same; or keep in one object what belongs together.",
    ("changed", "xcom"): "Compute the value from the logical date and the inputs rather than from what this attempt "
    "happened to do (rows written now, names made now).",
    ("changed", "task-state"): "Store values that do not depend on the attempt, and clear them at the end.",
    (
        "changed",
        "variable",
    ): "Set the Variable to a value computed from the logical date instead of changing the old one.",
    (
        "changed",
        "expiry",
    ): "Set the key and its time to live in one command (`SET key value EX 60`, `redis.set(..., ex=60)`), or both in "
    "MULTI.",
    ("changed", "child-run"): "Build `conf` from the logical date and the inputs alone.",
    ("duplicate", "asset-event"): "Produce the event in a task of its own, after the work.",
    (
        "lost",
        "asset-event",
    ): "Produce the event on every path, also on the one that finds the work done already; a task "
    "that skips itself produces none.",
    ("changed", "asset-event"): "Make the event's `extra` of the logical date and the inputs alone.",
    ("started-twice", "child-run"): "Give the child run an id and a date derived from the logical date "
    '(`trigger_run_id="{{ run_id }}"`, `logical_date="{{ logical_date }}"`), set `skip_when_already_exists=True`, and '
    'wait for it in a sensor with `trigger_rule="none_failed"`.',
    ("started-twice", "child-reset"): "Set `skip_when_already_exists=True` instead of `reset_dag_run=True`, and wait "
    'for the run in a sensor with `trigger_rule="none_failed"` after this task.',
    ("started-twice", "job"): "Before submitting look for a run of this interval (by a name, token or argument made of "
    "the logical date) and wait for that one. The operator's `durable=True` (Airflow 3.3) keeps the run's id for the "
    "retry from the moment on when it is stored; a kill between the submit and that moment is left.",
    ("started-twice", "pod"): "Let the retry find the pod: keep `durable=True` (before Airflow 3.3 "
    "`reattach_on_restart=True`), or give the pod a name made of the logical date.",
    (
        "started-twice",
        "k8s-job",
    ): "Give the Job a name made of the logical date (`name`, `random_name_suffix=False`), so "
    "that a second one is refused, and take up the one that is there.",
    ("started-twice", "pods-at-once"): "Let the retry find the pod: keep `durable=True` (before Airflow 3.3 "
    "`reattach_on_restart=True`), or give the pod a name made of the logical date (`random_name_suffix=False`).",
    (
        "orphan",
        "pod",
    ): "Let the retry find the pod (`durable=True`, before Airflow 3.3 `reattach_on_restart=True`), and "
    "give it `active_deadline_seconds` for the case that nobody does.",
    (
        "orphan",
        "job",
    ): "Give it a name made of the logical date, so that the retry finds it, and have a task of its own end it"
    ' (`trigger_rule="all_done"`), or the service (a time limit of the job, a time to live of the cluster).',
    ("orphan", "k8s-job"): "Give the Job a name made of the logical date and `active_deadline_seconds`.",
    ("leak", "pod"): "Let the retry find the pod (`durable=True`, before Airflow 3.3 `reattach_on_restart=True`).",
    ("leak", "k8s-job"): "Give the Job `ttl_seconds_after_finished`.",
    ("changed", "job"): "Build the job's arguments from the logical date and the inputs alone.",
    ("leak", "upload"): "Abort unfinished uploads of the key before starting one, and give the bucket a lifecycle rule "
    "(`AbortIncompleteMultipartUpload`).",
    ("leak", "temporary"): "Use a temporary name derived from the logical date, so that the retry writes over it, and "
    "delete it at the start as well as at the end; or give the prefix a lifecycle rule.",
    ("reader-window", "gap"): "Overwrite in place (a PUT replaces an object at once), then delete only what is no "
    "longer wanted; or write to a new prefix and switch the readers at the end.",
}

OVERLAPPING = frozenset({"concurrent", "zombie", "siblings"})
"""Scenarios in which two attempts run at once: there, looking first and cleaning up first help against nothing, since
the other may act between the look and the write."""

_IN_REDIS = "do it in one request (a Lua script, or WATCH and MULTI) and let the attempt that is refused look again"
_CONDITION = (
    'make the write conditional on what was read (`IfMatch` or `IfNoneMatch="*"` on S3, `if_generation_match` on Cloud'
    " Storage) and let the attempt that is refused look again"
)
FIX_OVERLAPPING: dict[tuple[str, str], str] = {
    ("duplicate", "copy"): "Let both attempts write the same name with the same content, and leave the source to a task"
    " after this one: then it does not matter who deletes what when.",
    ("duplicate", "kept"): "Leave the clean-up to a task after this one; an attempt that still runs can bring back what"
    " the other has deleted.",
    ("duplicate", "unexpected"): "Derive every name from the logical date (`{{ ds }}`, `{{ ts_nodash }}`), so that both"
    " attempts write the same object. To delete what is there before writing does not help: the other may write after.",
    ("duplicate", "content"): "Write the whole object for one data interval under a key of that interval. Where it must"
    f" be one growing object, {_CONDITION}.",
    ("lost", "gone"): "Delete only what no other attempt of this task needs or makes: names that this attempt has made,"
    " or nothing at all; leave the inputs to a task after this one or to a lifecycle rule.",
    ("lost", "fewer"): "Delete only names that this attempt has made itself; what lies under a shared prefix may be the"
    " other attempt's.",
    ("lost", "content"): f"Rebuild the object from its inputs in each attempt, or {_CONDITION}.",
    ("changed", "content"): "Make the content a function of the logical date and the inputs alone; where it depends on"
    f" what is there already, {_CONDITION}.",
    (
        "changed",
        "stale",
    ): "An attempt wrote back what it had read before the other one wrote. Write what is computed from"
    f" the inputs alone, or {_CONDITION}.",
}
"""What to change where two attempts overlap and the advice for one after the other does not help."""

_WENT_ON = "The task went on as if it had been a good answer, and counts as a success: nobody tries it again."
WHY_ALONE: dict[tuple[str, str], str] = {
    ("lost", "gone"): _WENT_ON,
    ("lost", "unwritten"): _WENT_ON,
    ("lost", "fewer"): _WENT_ON,
    ("lost", "content"): _WENT_ON,
    ("torn", "content"): _WENT_ON,
}
"""How a finding comes about where a service answers badly and the attempt lives on."""

_SEND_AGAIN = (
    "Let the client send the request again (`retry=DEFAULT_RETRY` on Cloud Storage, `retries` in botocore's `Config`), "
    "and let an error that remains fail the task, so that Airflow tries it again."
)
FIX_ALONE: dict[tuple[str, str], str] = dict.fromkeys(WHY_ALONE, _SEND_AGAIN)

_BY_SLOT = {
    "uuid": "Derive the name from the logical date instead of a random id (`part-{{ ds }}` rather than `uuid4()`)",
    "time": "Take the date in the name from the logical date (`{{ ds }}`, `{{ ts_nodash }}`), not from the clock",
    "": "Derive the name from the logical date and the inputs alone",
}

# What the error says -> what to do about it.
_ERRORS: tuple[tuple[str, str], ...] = (
    (
        r"DagRunAlreadyExists|dag ?run.*already exists",
        "Set `skip_when_already_exists=True` on the trigger, and wait for the run in a sensor with "
        '`trigger_rule="none_failed"` after it, so that a retry takes up the run that is there.',
    ),
    (
        r"ConcurrentRuns|MaxConcurrent|already running",
        "Before starting a job look for one that runs already for this interval and wait for it; keep its id where a "
        "retry finds it.",
    ),
    (
        r"already exists|AlreadyOwnedByYou|FileExists|Conflict\b|\b409\b",
        "Let the task overwrite what an earlier attempt left (`replace=True` where the operator has it), or check "
        "for it and go on.",
    ),
    (
        r"PreconditionFailed|conditionNotMet|\b412\b",
        "A condition on the write refuses what the task's own earlier attempt left: read it, and go on where it is the "
        "expected content.",
    ),
    (
        r"NoSuchUpload",
        "Start the upload anew in each attempt rather than going on with one whose id was kept.",
    ),
    (
        r"NoSuchKey|NoSuchBucket|NotFound|Not Found|\b404\b|does not exist|FileNotFound|No such object",
        "Delete or move the input last, after the output is confirmed; and let a retry that finds the input gone look "
        "for the finished output.",
    ),
)
_GENERAL = (
    "Make the task able to start from any state that an earlier attempt can leave: check for what is there already and "
    "take it up or write over it."
)


def _who(scenario: str, cleared: bool) -> tuple[str, str]:
    """Words for the attempt that came later and the one before it."""
    if scenario == "twice":
        return "the second run", "the first run"
    if scenario == "concurrent":
        return "one attempt", "the other"
    who = "the rerun, after somebody has cleared the task," if cleared else "the retry"
    return who, ("the killed attempt" if scenario == "killed" else "the first attempt")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def why(cls: str, tag: str, fault: str, scenario: str, cleared: bool) -> str:
    """How a finding comes about, beginning with the fault."""
    who, earlier = _who(scenario, cleared)
    alone = WHY_ALONE.get((cls, tag)) if scenario == "unacknowledged" else None
    text = alone or WHY.get((cls, tag), "What {who} leaves depends on what {earlier} left.")
    said = _sentence(text.format(who=who, earlier=earlier)).rstrip(".") + "."
    return f"{_sentence(fault)}. {said}" if fault else said


def fix(cls: str, tag: str, label: str, scenario: str) -> str:
    """What to change.

    :param label: the templated resource: what varies in its name decides the advice
    """
    overlap = scenario in OVERLAPPING
    if (cls, tag) == ("duplicate", "count"):
        advice = _BY_SLOT[_slot(label)]
        if overlap:
            return f"{advice}, so that both attempts write the same object."
        folder = label.split("<", 1)[0].rpartition("/")[0]
        return f"{advice}, or delete what is under {folder}/ before writing."
    if overlap and (cls, tag) in FIX_OVERLAPPING:
        advice = FIX_OVERLAPPING[cls, tag]
        return advice.replace(_CONDITION, _IN_REDIS) if label.startswith("redis://") else advice
    if scenario == "unacknowledged" and (cls, tag) in FIX_ALONE:
        return FIX_ALONE[cls, tag]
    return FIX.get((cls, tag), _GENERAL)


def _slot(label: str) -> str:
    slots = set(re.findall("<(.*?)>", label))
    if slots & {"uuid", "random", "hex", "token"}:
        return "uuid"
    return "time" if slots & {"time", "date", "epoch"} else ""


def fix_for_error(error: str) -> str:
    """What to change where an attempt ends with this error."""
    for expression, advice in _ERRORS:
        if re.search(expression, error, re.IGNORECASE):
            return advice
    return _GENERAL
