"""A world in which nothing ends: what stopped, after how long, and what is still running."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.unending import UNTRIED, WAITING, Stand, Unending
from pytest_dagguard.model.verdict import BOUND
from pytest_dagguard.oracle.noise import Clean, template

_STOPS = ("failed", "skipped")
_LIMIT = (
    "Give the task an execution_timeout and see that on_kill cancels the job, or have a sensor with a timeout wait for"
    " it and a task with the trigger rule one_failed cancel it; or give the job a limit of its own, where its service"
    " has one."
)


def judge(clean: Clean, came: Unending) -> tuple[Finding, ...]:
    """What is wrong, at most one finding.

    :param clean: names volatile parts of resources
    """
    for_ever = [name for name, until in came.left.items() if until == float("inf")]
    waiting = [each for each in came.stands if each.state == WAITING]
    if not came.left or (not for_ever and not _stopped(came)):
        return ()
    jobs = _named(came.started, clean)
    resource = template(min(for_ever or came.left), clean)
    if for_ever and waiting:
        return (_waits(jobs, waiting[0], came, resource),)
    if not _stopped(came):
        return (
            Finding(
                "orphan",
                f"Bounded by nothing: {jobs} never ends, no task after {came.stands[0].task_id} waits for it, and it"
                f" runs on.{_untried(came)}",
                resource,
                why="The task starts the job and returns; nothing looks at the job again, and it has no limit of its"
                " own.",
                fix=_LIMIT,
            ),
        )
    return (_left(jobs, came, resource),)


def _waits(jobs: str, who: Stand, came: Unending, resource: str) -> Finding:
    first = came.stands[0].task_id
    waiter = "the task" if who.task_id == first else f"{who.task_id}, which comes after it,"
    if came.run_bounded:
        return Finding(
            "left-running",
            f"{jobs} never ends, and {waiter} waits for it until Airflow ends the DAG run (dagrun_timeout); whether the"
            " job is then cancelled was not tried.",
            resource,
            why="A dagrun_timeout bounds the DAG run. The job ends with it only if on_kill cancels it.",
            fix=_LIMIT,
        )
    return Finding(
        "cannot-finish",
        f"Bounded by nothing: {jobs} never ends, and {waiter} waits for it for ever ({span(who.ended)} were tried).",
        resource,
        why="Nothing limits the wait: there is no execution_timeout, no time-out of a sensor that comes in time, and no"
        " limit of the job's own.",
        fix=_LIMIT,
    )


def _left(jobs: str, came: Unending, resource: str) -> Finding:
    until = max(came.left.values())
    count = len(came.left)
    whose = "its service ends it" if count == 1 else "their service ends them"
    bound = "bounded by nothing" if until == float("inf") else f"until {whose} after {span(until)}"
    what = f"{jobs} is" if count == 1 else f"{count} runs of {jobs} are"
    return Finding(
        "left-running",
        f"{_ending(came)[:1].upper()}{_ending(came)[1:]}, and {what} left running, {bound}.",
        resource,
        why="To stop waiting for a job does not stop the job: it goes on, and is paid for.",
        fix="Have the job cancelled where the wait ends: by the operator's on_kill (cancel_on_kill=True where it has"
        " that), or by a task after the wait with the trigger rule one_failed.",
    )


def remark(clean: Clean, came: Unending) -> str:
    """The bound in words, for a world in which all is well or not."""
    if not came.started:
        return "it starts no pod and no job that runs by itself, so nothing in it can be endless"
    jobs = _named(came.started, clean)
    if not came.left:
        return f"{BOUND}where {jobs} never ends, {_ending(came)}, and nothing is left running"
    until = max(came.left.values())
    if until < float("inf") and not _stopped(came):
        return f"{BOUND}where {jobs} never ends, its service ends it after {span(until)}, and no task waits for it"
    return ""


def _ending(came: Unending) -> str:
    who = _stopped(came) or came.stands[-1]
    name = "the task" if who.task_id == came.stands[0].task_id else who.task_id
    kind = who.kind.rpartition(".")[2]
    why = f" ({kind})" if kind else ""
    tries = f", {who.tries} tries" if who.tries > 1 else ""
    if who.more:
        tries += f"; Airflow makes {who.more} more, so at most {span(who.at_most)} and the pauses between them"
    return f"{name} ends {who.state} after {span(who.ended)}{why}{tries}"


def _stopped(came: Unending) -> Stand | None:
    """The task that did not succeed: the first, as those after it follow from it."""
    return next((each for each in came.stands if each.tries and each.state in _STOPS), None)


def _untried(came: Unending) -> str:
    names = [each.task_id for each in came.stands if each.state == UNTRIED]
    return f" ({', '.join(names)}: mapped at run time or behind what waits, not tried)" if names else ""


def _named(started: Sequence[str], clean: Clean) -> str:
    names = list(dict.fromkeys(template(each, clean) for each in started))
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def span(seconds: float) -> str:
    """A time as people say it: in minutes, then in hours, in days from ten on."""
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    if seconds < 10 * 86400:
        return f"{round(seconds / 3600, 1):g} hours"
    return f"{seconds / 86400:.0f} days"
