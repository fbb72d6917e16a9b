"""Tokens for what was found, and finding it again by its token."""

from __future__ import annotations

from pytest_dagguard.engine.walk import Baseline
from pytest_dagguard.model import token as tokens
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Disturb, Hit, Judged, Order, Plan, Point, Run, Search, Searching, Strategy, Trial
from pytest_dagguard.model.token import Bad, Element, Go, More, Stop, Token, Told
from pytest_dagguard.oracle import noise

CHANGED = (
    "the token does not fit any more: a clean run no longer does the operations that it did when the token was made;"
    " run the scenario without --dagguard-replay"
)

OTHERWISE = "the run kept to the token's schedule and did not come to what the token was made of"
"""Begins the note on a repetition in which what is random in the task decides what harm is done."""


def item_mark(file: str, dag_id: str, task_id: str, scenario: str) -> bytes:
    """Stands for an item in a token.

    :param file: relative to the root
    """
    return tokens.mark(f"{file}::{dag_id}.{task_id}::{scenario}")


def clean_mark(baseline: Baseline) -> bytes:
    """Stands for what a clean run does and what may vary in it."""
    assert baseline.clean is not None
    return tokens.mark(*(repr(each.selector) for each in baseline.points), *baseline.clean.volatile)


def token_of(hit: Hit, baseline: Baseline, item: bytes) -> str:
    """The token of a finding's schedule, empty where the run did not come to all of its stops."""
    stops = _stops(hit.outcome, baseline)
    steps: list[Element] = []
    for step in hit.trial.schedule:
        if isinstance(step, Disturb):
            place = _place(step, hit.outcome)
            if place < 0:
                return ""
            steps.append(Bad(step.attempt, place, step.kind))
        elif isinstance(step, Order):
            clean = [each.selector for each in baseline.points]
            steps.append(tokens.queue(step.attempt, [clean.index(each) for each in step.order]))
        elif not isinstance(step, Run):
            steps.append(step)
        elif step.until is None:
            steps.append(Go(step.attempt, step.retries))
        elif step.may_end:
            steps.append(More(step.attempt))
        elif stops:
            steps.append(stops.pop(0))
        else:
            return ""
    steps.append(_told(hit.finding, baseline))
    return tokens.encode(Token(item, clean_mark(baseline), tuple(steps)))


def _told(finding: Finding, baseline: Baseline) -> Told:
    return Told(tokens.mark(finding.cls, noise.template(finding.resource, baseline.clean)))


def _place(step: Disturb, outcome: Outcome) -> int:
    """The place of the disturbed operation among its attempt's, -1 where it did not come about."""
    mine = [each for each in outcome.history if each.actor == f"attempt {step.attempt}"]
    fitting = [each.index for each in mine if step.at.fits(each.operation)]
    return fitting[step.at.occurrence - 1] if len(fitting) >= step.at.occurrence else -1


def _stops(outcome: Outcome, baseline: Baseline) -> list[Stop]:
    stops = []
    for event in outcome.history:
        if not event.answered and event.actor.startswith("attempt "):
            words = (event.operation.verb, noise.template(event.operation.resource, baseline.clean))
            stops.append(Stop(int(event.actor.rsplit(" ", 1)[1]), event.index, tokens.mark(*words)))
    return stops


def strategy(token: Token, baseline: Baseline) -> Strategy:
    """A search that runs the token's schedule once, and says where the run leaves the token's path if it does."""

    def search(plan: Plan, points: tuple[Point, ...]) -> Searching:
        trial = Trial(
            tokens.schedule(token, [each.selector for each in points]),
            "the schedule of the token is repeated",
            again=True,
        )
        judged: Judged = yield trial
        found = Search(schedules=1)
        away = judged.outcome.unreachable or _diverged(token, judged.outcome, baseline)
        if away:
            found.unreached.append((f"the run left the token's path: {away}", "diverged"))
        else:
            found.hits = [Hit(each, trial, judged.outcome) for each in judged.findings]
            _compare(token, baseline, found)
        return found

    return search


def _compare(token: Token, baseline: Baseline, found: Search) -> None:
    """Say where another harm than the token's was done, or none."""
    told = {each for each in token.steps if isinstance(each, Told)}
    if told and not told & {_told(each.finding, baseline) for each in found.hits}:
        came = ", ".join(f"{each.finding.cls} {each.finding.resource}" for each in found.hits) or "no finding"
        found.remarks.append(
            f"{OTHERWISE}, but to {came}: the code has changed, or a random name, order or number of the task decides;"
            " run the scenario without --dagguard-replay to see all of it"
        )


def _diverged(token: Token, outcome: Outcome, baseline: Baseline) -> str:
    """Where the run did something else than the token says; empty where it did not."""
    came = _stops(outcome, baseline)
    for stop in token.steps:
        if isinstance(stop, Stop) and stop not in came:
            for event in outcome.history:
                if event.actor == f"attempt {stop.attempt}" and event.index == stop.index:
                    return f"operation {stop.index + 1} of attempt {stop.attempt} is now {event.operation}"
            return f"attempt {stop.attempt} ends before its operation {stop.index + 1}"
    return ""
