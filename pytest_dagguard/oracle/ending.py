"""How the task itself ends: what Airflow makes of it decides which tasks run after it."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_dagguard.model.attempt import AttemptResult
from pytest_dagguard.model.finding import Finding


def ending(
    clean: str, end: AttemptResult, fault: str, after: Sequence[tuple[str, str]] = (), early: bool = False
) -> tuple[Finding, ...]:
    """Compare the reported state with the clean run's.

    :param clean: the state that one clean run reports, ``success`` or ``skipped``
    :param end: the attempt that counts; one that did not succeed is judged elsewhere
    :param fault: what happened, in words that fit after "when"
    :param after: tasks after it that Airflow treats otherwise than in one clean run, each with the state that it gets;
        an empty one where it runs
    :param early: they begin while what the task waits for in a clean run is still under way
    """
    if not end.succeeded or end.state == clean:
        return ()
    if not after:
        return (_early(end, fault),) if early else ()
    return (
        Finding(
            "changed",
            f"The task ends {end.state} where one clean run ends {clean}: {_after(after)}.",
            why=f"This comes about when {fault}: whether there is something left to do is decided by what an earlier"
            " attempt left.",
            fix="Decide by the interval's input whether the task has work, not by whether its output is there already;"
            ' or give the tasks after it `trigger_rule="none_failed"`, if they may run although it was skipped.',
        ),
    )


def _after(after: Sequence[tuple[str, str]]) -> str:
    """In words: ``of the tasks after it, load is skipped, and tidy runs``."""
    ways = {state: [name for name, each in after if each == state] for state in dict(after).values()}
    parts = [f"{_listed(names)} {_verb(state, len(names))}" for state, names in ways.items()]
    return f"of the tasks after it, {_listed(parts)}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _verb(state: str, count: int) -> str:
    if not state:
        return "runs" if count == 1 else "run"
    return f"{'is' if count == 1 else 'are'} {state}"


def _early(end: AttemptResult, fault: str) -> Finding:
    return Finding(
        "changed",
        f"The task ends {end.state} at once where one clean run waits: the tasks after it run, and what it waits for is"
        " still under way.",
        why=f"This comes about when {fault}: what was started is there already, so the task skips itself and does not"
        " wait for it.",
        fix="Leave the wait to a task of its own after this one: a sensor (`ExternalTaskSensor` for a child DAG run)"
        ' with `trigger_rule="none_failed"`.',
    )


def success_after_kill(findings: tuple[Finding, ...], end: AttemptResult, scenario: str) -> tuple[Finding, ...]:
    """Name it where a task that SIGTERM cut short is reported as a success, and nobody will try it again.

    The damage is what it is known by; it goes into the message and is not told a second time.

    :param findings: how the cloud differs from what one clean run leaves
    :param end: the attempt that counts
    """
    wrong = [each for each in findings if not each.warns]
    if scenario != "terminated" or end.actor != "attempt 1" or not end.succeeded or not wrong:
        return findings
    first = wrong[0]
    named = Finding(
        "success-after-kill",
        f"The task got SIGTERM, ended before its work was done, and is reported as a success: {first.message}",
        file=first.file,
        line=first.line,
        why="Airflow 3 calls on_kill() and lets the task go on; a loop that stops early then returns as if all were"
        " done, and a success is not tried again.",
        fix="Have the task raise an exception once it was told to stop, so that Airflow tries it again.",
    )
    return (named, *(each for each in findings if each.warns))
