"""From a scenario to a verdict: drive its search, judge each outcome, put the findings into words."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_dagguard.engine import downstream, drift, narrate, repeated, replay
from pytest_dagguard.engine.experiment import carry_out
from pytest_dagguard.engine.lab import Lab
from pytest_dagguard.engine.memory import Memory
from pytest_dagguard.engine.pairs import paired
from pytest_dagguard.engine.points import points_of
from pytest_dagguard.engine.unread import split
from pytest_dagguard.engine.walk import Baseline, Walk
from pytest_dagguard.model import token as tokens
from pytest_dagguard.model import verdict as verdicts
from pytest_dagguard.model.attempt import AttemptResult
from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.history import Event
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Drift, Elapse, Hit, Judged, Plan, Run, Search, Strategy, Trial
from pytest_dagguard.model.progress import Progress
from pytest_dagguard.model.scenario import Scenario
from pytest_dagguard.model.verdict import UNTESTED, Checked, Verdict
from pytest_dagguard.oracle import endless, noise
from pytest_dagguard.oracle.canonical import Canon
from pytest_dagguard.oracle.classify import remarks
from pytest_dagguard.oracle.ending import ending, success_after_kill
from pytest_dagguard.oracle.judge import Situation, judge


@dataclass(frozen=True, slots=True)
class Terms:
    """What the configuration says about checking.

    :param budget: seconds of search for each task and scenario
    :param strict: warnings fail
    :param replay: a token: repeat its schedule and nothing else
    :param updates: the baseline is written anew: nothing fails
    :param progress: told before each trial
    """

    root: Path
    budget: float = 10.0
    strict: bool = False
    replay: str = ""
    updates: bool = False
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
    if plan.drifts and baseline.outcome is not None:
        plan = replace(plan, inputs=tuple(drift.inputs(baseline.outcome, lab.content)))
    progress = Progress(walk.dag.dag_id, task.task_id, name, 0, 0, terms.budget)
    drive = _Drive(lab, walk, baseline, plan, terms, progress)
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
    again = repeated.remarks(baseline.outcome, drive.latest) if baseline.outcome is not None else ()
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
        notes=(
            *(*notes_of(baseline, plan), *drive.canon.clean.notes, *drive.remarks, *again),
            *(*found.remarks[:1], *_bounds(found, terms)),
        ),
        logs={key: value for hit in found.hits[:1] for key, value in _logs(hit.outcome).items()},
    )


def notes_of(baseline: Baseline, plan: Plan) -> tuple[str, ...]:
    """What is unusual about the clean run. Where no job ends, it is of no concern what one does in the end."""
    return tuple(each for each in baseline.notes if plan.scenario != "endless" or not each.startswith(UNTESTED))


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

    def __init__(self, lab: Lab, walk: Walk, baseline: Baseline, plan: Plan, terms: Terms, progress: Progress) -> None:
        known = len({each.state for each in baseline.points if each.event.changed})
        self.progress = replace(progress, known=known)
        self.lab, self.walk, self.baseline, self.plan, self.terms = lab, walk, baseline, plan, terms
        assert baseline.clean is not None
        self.canon = Canon(baseline.clean, lab.content)
        self.tried_again = False
        self.latest = repeated.Latest()
        self.drifted: drift.Drifted | None = None
        self.operations = 0
        self.remarks: dict[str, None] = {}
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
        if self.terms.progress is not None:
            self.terms.progress(replace(self.progress, left=self.deadline - time.monotonic()))
        self.progress = replace(self.progress, tried=self.progress.tried + 1)
        drifts = Drift() in trial.schedule
        if drifts and self._drift().clean is None:
            return Judged(Outcome({}, {}, ()), (), time.monotonic() > self.deadline)
        outcome = self._outcome(trial, drifts)
        if self.plan.scenario == "killed":
            self.latest.see(trial, outcome)
        findings = () if outcome.unreachable else self._judge(trial, outcome)
        if not drifts and any(each.cls == "changed" for each in findings) and self._know_try_number():
            findings = self._judge(trial, outcome)
        points = {int(each.rsplit(" ", 1)[1]): points_of(outcome, self.canon, each) for each in outcome.results}
        return Judged(outcome, findings, time.monotonic() > self.deadline, points)

    def _outcome(self, trial: Trial, drifts: bool) -> Outcome:
        """Run a trial, unless it was run for another scenario of the task."""
        plan, baseline = self.plan, self.baseline
        memory = self.walk.memories.setdefault(baseline.subject.task_id, Memory())
        terms = (baseline.subject, baseline.start, baseline.peer, plan.gap, plan.cleared, drifts)
        known = None if trial.again else memory.find(terms, trial.schedule)
        if known is not None:
            return known
        # a schedule that begins with the whole of attempt 1 goes on from what a clean run left
        whole = trial.schedule[:2] == (Run(1), Elapse())
        begun = whole and baseline.after and baseline.outcome and not (trial.again or plan.peer)
        outcome, _ = carry_out(
            self.lab,
            baseline.subject,
            baseline.after if begun else baseline.start,
            trial.schedule[2:] if begun else trial.schedule,
            tuple(plan.gap * number for number in range(8)),
            cleared=plan.cleared,
            seed=3,
            peer=baseline.peer,
            dag=self.walk.dag,
            drift=lambda: drift.put(self.lab, self._drift().inputs),
            halfway=None if begun else lambda beginning, outcome: memory.keep(terms, beginning, outcome),
        )
        self.operations += len(outcome.history)
        if begun and baseline.outcome is not None:
            outcome = following(baseline.outcome, outcome)
        memory.keep(terms, trial.schedule, outcome)
        return outcome

    def _judge(self, trial: Trial, outcome: Outcome) -> tuple[Finding, ...]:
        clean, plan = self.canon.clean, self.plan
        if outcome.unending is not None:
            if said := endless.remark(clean, outcome.unending):
                self.remarks[said] = None
            return endless.judge(clean, outcome.unending)
        drifted = self._drift().clean if Drift() in trial.schedule else None
        end = counting(outcome, self.baseline.peer is not None)
        situation = Situation(trial.fault, plan.scenario, plan.cleared, end.succeeded, end)
        if drifted is not None:
            return drift.stale(judge(drifted, outcome, situation, self.lab.content, self.terms.strict))
        counted = downstream.without_link(clean, self.baseline.subject, end, self.walk.file)
        findings = judge(counted, outcome, situation, self.lab.content, self.terms.strict)
        if self.baseline.outcome is not None:
            findings = (*findings, *self._ending(self.baseline.outcome, trial, outcome, end))
        left = remarks(clean, outcome, self.lab.content)
        findings, unread = split(self.walk.dag, self.baseline.subject.task_id, self.walk.file, findings)
        self.remarks.update(dict.fromkeys((*left, *unread)))
        return success_after_kill(findings, end, plan.scenario)

    def _ending(self, clean: Outcome, trial: Trial, outcome: Outcome, end: AttemptResult) -> tuple[Finding, ...]:
        """What it means to the tasks after it that the task ends otherwise than in its clean run."""
        if not end.succeeded or end.state == clean.last.state:
            return ()
        dag, subject, before = self.walk.dag, self.baseline.subject, self.walk.before
        after = downstream.changed(dag, subject, clean.last.state, end.state, before)
        if lacking := downstream.taken_for_granted(dag, subject.task_id, before):
            self.remarks[f"{', '.join(lacking)} gives no clean run, and is taken to succeed"] = None
        return ending(
            clean.last.state, end, trial.fault, after, downstream.early(dag, subject.task_id, clean, outcome, end)
        )

    def _drift(self) -> drift.Drifted:
        """What the task comes to on changed inputs; run when it is first asked for."""
        if self.drifted is None:
            task = self.walk.dag.task(self.baseline.subject.task_id)
            self.drifted = drift.learn(self.lab, self.baseline, task, self.walk.allow, self.walk.seed)
            if self.drifted.remark:
                self.remarks[self.drifted.remark] = None
        return self.drifted

    def _know_try_number(self) -> bool:
        """Learn which values follow the try number, where that was not asked yet; True where there are such."""
        if self.tried_again or self.plan.peer:
            return False
        self.tried_again = True
        before = self.canon.clean
        clean, remark = self.walk.as_retry(self.baseline.subject.task_id)
        self.canon = Canon(clean, self.lab.content)
        if remark:
            self.remarks[remark] = None
        return clean.groups != before.groups


def following(first: Outcome, second: Outcome) -> Outcome:
    """The outcome of two runs one after the other, the second from what the first left."""
    results = {**first.results, **second.results}
    return replace(second, before=first.before, history=(*first.history, *second.history), results=results)


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

    named = lambda name: noise.template(name, baseline.clean)  # noqa: E731
    made = narrate.culprit(hit.finding, hit.outcome.history, named)
    at = hit.trial.at.event if hit.trial.at is not None else None
    # where an attempt is stopped before it has come to a line of its own, what it does later says more
    event = made if at is None or (at.operation.verb == "ti.start" and made is not None) else at
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
        history=narrate.tell(hit.outcome, hit.trial, where, hit.finding.resource),
    )
