"""How the task itself ends: what Airflow makes of it decides which tasks run after it."""

from __future__ import annotations

from pytest_dagguard.model.attempt import AttemptResult
from pytest_dagguard.model.finding import Finding


def ending(clean: str, end: AttemptResult, fault: str) -> tuple[Finding, ...]:
    """Compare the reported state with the clean run's.

    :param clean: the state that one clean run reports, ``success`` or ``skipped``
    :param end: the attempt that counts; one that did not succeed is judged elsewhere
    :param fault: what happened, in words that fit after "when"
    """
    if not end.succeeded or end.state == clean:
        return ()
    after = "the tasks after it are skipped" if end.state == "skipped" else "the tasks after it run"
    return (
        Finding(
            "changed",
            f"The task ends {end.state} where one clean run ends {clean}: {after}.",
            why=f"This comes about when {fault}: whether there is something left to do is decided by what an earlier"
            " attempt left.",
            fix="Decide by the interval's input whether the task has work, not by whether its output is there already.",
        ),
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
