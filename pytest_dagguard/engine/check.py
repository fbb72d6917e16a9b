"""From a scenario to a verdict: drive its search, judge each outcome, put the findings into words."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_dagguard.engine import narrate, replay
from pytest_dagguard.engine.experiment import carry_out
from pytest_dagguard.engine.lab import Lab
from pytest_dagguard.engine.pairs import paired
from pytest_dagguard.engine.points import points_of
from pytest_dagguard.engine.walk import Baseline, Walk
from pytest_dagguard.model import token as tokens
from pytest_dagguard.model import verdict as verdicts
from pytest_dagguard.model.attempt import AttemptResult
from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.history import Event
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Hit, Judged, Plan, Search, Strategy, Trial
from pytest_dagguard.model.progress import Progress
from pytest_dagguard.model.scenario import Scenario
from pytest_dagguard.model.verdict import Checked, Verdict
from pytest_dagguard.oracle.ending import ending, success_after_kill
from pytest_dagguard.oracle.judge import Situation, judge


@dataclass(frozen=True, slots=True)
class Terms:
    """What the configuration says about checking.

    :param budget: seconds of search for each task and scenario
    :param strict: warnings fail
    :param replay: a token: repeat its schedule and nothing else
    :param progress: told before each trial
    """

    root: Path
    budget: float = 10.0
    strict: bool = False
    replay: str = ""
    progress: Callable[[Progress], None] | None = None


def check(
    lab: Lab, walk: Walk, task: Task, name: str, scenario: Scenario, strategies: Mapping[str, Strategy], terms: Terms
) -> Verdict:
    """Try one scenario on one task."""
    began = time.monotonic()
    attempts = lab.attempts
    empty = Verdict("scenario", name, verdicts.INCONCLUSIVE, walk.file, walk.dag.dag_id, task.task_id)
    empty = replace(empty, file=narrate.relative(walk.file, terms.root))
    plan = scenario.plan(task)
    baseline = walk.baseline(task.task_id)
    if plan.peer:
        baseline = paired(lab, baseline, walk.dag, plan.peer, walk.allow, walk.seed)
    if baseline.clean is None:
        logs = {each.actor: each.log for each in (baseline.outcome.results if baseline.outcome else {}).values()}
        seconds = time.monotonic() - began
        why = (baseline.reason, baseline.group)
        return replace(empty, reason=why[0], group=why[1], seconds=seconds, logs=logs, notes=baseline.notes)
    drive = _Drive(lab, baseline, plan, terms, Progress(walk.dag.dag_id, task.task_id, name, 0, 0, terms.budget))
    strategy = strategies[drive.plan.strategy]
    if terms.replay:
        token = tokens.decode(terms.replay)
        if token.clean != replay.clean_mark(baseline):
            return replace(empty, reason=replay.CHANGED, group="diverged", seconds=time.monotonic() - began)
        strategy = replay.strategy(token, baseline)
    found = drive.run(strategy)
    checked = Checked(
        found.kill_states, found.closed, found.schedules, lab.attempts - attempts, drive.operations, found.bounded
    )
    findings = tuple(_tell(hit, baseline, walk, task, name, terms) for hit in found.hits)
    kind, reason, group = _conclude(findings, found, terms)
    return replace(
        empty,
        verdict=kind,
        reason=reason,
        group=group,
        seconds=time.monotonic() - began,
        checked=checked,
        findings=findings,
        notes=(*baseline.notes, *baseline.clean.notes, *_bounds(found, terms)),
        logs={key: value for hit in found.hits[:1] for key, value in _logs(hit.outcome).items()},
    )


def _conclude(findings: tuple[Finding, ...], found: Search, terms: Terms) -> tuple[str, str | None, str]:
    if any(terms.strict or not each.warns for each in findings):
        return verdicts.FAIL, None, ""
    if found.unreached:
        reason, group = found.unreached[0]
        return verdicts.INCONCLUSIVE, reason, group
    if found.cut:
        return verdicts.INCONCLUSIVE, f"{_cut(found, terms)}; raise --dagguard-budget", "exceeded the budget"
    return (verdicts.WARN if findings else verdicts.PASS), None, ""


def _bounds(found: Search, terms: Terms) -> tuple[str, ...]:
    return (f"bounded: {_cut(found, terms)}",) if found.bounded else ()


def _cut(found: Search, terms: Terms) -> str:
    tried, known = found.kill_states
    what = f"{tried} of {known} kill states" if known else f"{found.schedules} schedules"
    return f"the budget of {terms.budget:g} s ended the search after {what}"


def _logs(outcome: Outcome) -> dict[str, str]:
    return {each.actor: each.log for each in outcome.results.values() if each.log}


class _Drive:
    """Feeds a search with judged outcomes."""

    def __init__(self, lab: Lab, baseline: Baseline, plan: Plan, terms: Terms, progress: Progress) -> None:
        known = len({each.state for each in baseline.points if each.event.changed})
        self.progress = replace(progress, known=known)
        self.lab, self.baseline, self.plan, self.terms = lab, baseline, plan, terms
        self.operations = 0
        self.deadline = time.monotonic() + terms.budget

    def run(self, strategy: Strategy) -> Search:
        search = strategy(self.plan, self.baseline.points)
        try:
            trial = next(search)
            while True:
                trial = search.send(self.carry_out(trial))
        except StopIteration as ended:
            found: Search = ended.value
            return found

    def carry_out(self, trial: Trial) -> Judged:
        plan, baseline = self.plan, self.baseline
        assert baseline.clean is not None
        if self.terms.progress is not None:
            self.terms.progress(replace(self.progress, left=self.deadline - time.monotonic()))
        self.progress = replace(self.progress, tried=self.progress.tried + 1)
        outcome, _ = carry_out(
            self.lab,
            baseline.subject,
            baseline.start,
            trial.schedule,
            tuple(plan.gap * number for number in range(8)),
            cleared=plan.cleared,
            seed=3,
            peer=baseline.peer,
        )
        self.operations += len(outcome.history)
        findings: tuple[Finding, ...] = ()
        if not outcome.unreachable:
            end = counting(outcome, baseline.peer is not None)
            situation = Situation(trial.fault, plan.scenario, plan.cleared, end.succeeded, end)
            findings = judge(baseline.clean, outcome, situation, self.lab.content, self.terms.strict)
            if baseline.outcome is not None:
                findings = (*findings, *ending(baseline.outcome.last.state, end, trial.fault))
            findings = success_after_kill(findings, end, plan.scenario)
        points = {int(each.rsplit(" ", 1)[1]): points_of(outcome, baseline.clean, each) for each in outcome.results}
        return Judged(outcome, findings, time.monotonic() > self.deadline, points)


def counting(outcome: Outcome, peers: bool = False) -> AttemptResult:
    """The attempt whose end Airflow goes by: the newest try; what a superseded one says is refused.

    :param peers: attempts 1 and 2 are different task instances, so that both count; one that failed goes first
    """
    if peers:
        return min(outcome.results.values(), key=lambda each: each.succeeded)
    return max(outcome.results.values(), key=lambda each: int(each.actor.rsplit(" ", 1)[1]))


def _tell(hit: Hit, baseline: Baseline, walk: Walk, task: Task, name: str, terms: Terms) -> Finding:
    """Complete a finding with the line to look at, the history and how to repeat it."""
    root = terms.root
    home = narrate.relative(walk.file, root)

    def where(event: Event) -> tuple[str, int]:
        return narrate.place(event, baseline.points, root, walk.file, task)

    made = [each for each in hit.outcome.history if each.operation.resource == hit.finding.resource]
    event = hit.trial.at.event if hit.trial.at is not None else (made[-1] if made else None)
    trace = counting(hit.outcome, baseline.peer is not None).trace
    if hit.finding.cls == "cannot-finish" and trace:
        file, line = narrate.relative(trace[0].file, root), trace[0].line
    elif event is not None:
        file, line = where(event)
    else:
        file, line = home, task.line
    return replace(
        hit.finding,
        file=file,
        line=line,
        replay=replay.token_of(hit, baseline, replay.item_mark(home, walk.dag.dag_id, task.task_id, name)),
        confirmed=hit.confirmed,
        history=narrate.tell(hit.outcome, hit.trial, where),
    )
