"""Work that a retry does again after a kill near the end: no fault in the data, but the day is late."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Run, Trial
from pytest_dagguard.model.verdict import REPEATED

LONG = 600.0
"""Virtual seconds from which it is worth a word that a task takes as long again."""

MANY = 50
"""Operations from which it is."""

_HALF = 0.5


@dataclass(slots=True)
class Latest:
    """The retry after the latest kill that was tried.

    :param done: operations of the killed attempt
    :param again: operations of its retry
    :param slept: virtual seconds of its retry
    :param place: where the first was killed
    """

    done: int = 0
    again: int = 0
    slept: float = 0.0
    place: str = ""

    def see(self, trial: Trial, outcome: Outcome) -> None:
        """Take a trial into account, where it is one kill and a retry that begins at once and succeeds."""
        if not all(isinstance(each, Run) for each in trial.schedule) or len(trial.schedule) != 2:
            return
        retry = outcome.results.get("attempt 2")
        done = _operations(outcome, "attempt 1")
        if retry is None or not retry.succeeded or outcome.unreachable or done <= self.done:
            return
        self.done, self.again, self.place = done, _operations(outcome, "attempt 2"), str(trial.at)
        self.slept = float(dict(retry.details).get("slept", 0.0))


def remarks(clean: Outcome, latest: Latest) -> tuple[str, ...]:
    """A note where a kill in the later half of the task makes the retry begin at the beginning.

    :param clean: of one clean run
    """
    total, whole = _operations(clean, "attempt 1"), float(dict(clean.last.details).get("slept", 0.0))
    if not total or latest.done < total * _HALF or latest.again < total * _HALF:
        return ()
    long = whole >= LONG and latest.slept >= whole * _HALF
    if not long and total < MANY:
        return ()
    time = f" and {_time(latest.slept)} of {_time(whole)}" if long else ""
    return (
        f"{REPEATED}killed after {latest.place}, with {latest.done} of {total} operations done, the retry does"
        f" {latest.again} of {total} operations{time} again. Keep what is done where a retry finds it, or cut the task"
        " in smaller ones",
    )


def _operations(outcome: Outcome, actor: str) -> int:
    return sum(each.actor == actor and each.operation.service != "airflow" for each in outcome.history)


def _time(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
