"""One experiment: a schedule carried out, from a kept state to an outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pytest_dagguard.engine import delivery, reasons
from pytest_dagguard.engine.lab import Lab, Subject
from pytest_dagguard.engine.onward import Following, stand
from pytest_dagguard.model.attempt import AttemptResult
from pytest_dagguard.model.dag import Dag
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import (
    Befall,
    Deliver,
    Disturb,
    Drift,
    Elapse,
    Endless,
    Kill,
    Onward,
    Order,
    Run,
    Schedule,
    Step,
    Terminate,
)
from pytest_dagguard.model.state import Entry
from pytest_dagguard.model.unending import WAITING, Unending

Halfway = Callable[[Schedule, Outcome], None]

_SCHEDULING = 1.0
"""Seconds by which a retry is later than its delay says, at the least: the failure is noticed, the try is queued."""


def carry_out(
    lab: Lab,
    subject: Subject,
    start: int,
    schedule: Schedule,
    shifts: Sequence[float],
    *,
    cleared: bool,
    where: bool = False,
    seed: int = 0,
    keep: bool = False,
    dag: Dag | None = None,
    peer: Subject | None = None,
    drift: Callable[[], None] = lambda: None,
    halfway: Halfway | None = None,
) -> tuple[Outcome, int]:
    """Carry out a schedule.

    :param start: number of the kept state to begin with
    :param shifts: seconds by which the clock of attempt 1, 2, ... is ahead; the last counts for all that follow
    :param cleared: tries after the first are somebody's clear, which grants the task's retries anew
    :param where: ask attempts for their lines
    :param keep: keep the state that it leaves
    :param dag: the task's DAG, where a step of the schedule goes on to the tasks after it
    :param peer: another task instance, whose first try attempt 2 is
    :param drift: changes the inputs, where a step of the schedule says so
    :param halfway: is told what had come of the schedule's beginning when an attempt after the first had ended and
        others were held: the same as if they had been killed and the schedule ended there
    :returns: the outcome, and the number of the kept state (0 where none was to be kept)
    """
    if any(isinstance(each, Deliver) for each in schedule):
        gap = shifts[min(1, len(shifts) - 1)]
        outcome = delivery.carry_out(lab, subject, start, schedule, cleared=cleared, gap=gap)
        lab.cloud.call("restore", start)
        return outcome, 0
    outcome = _Experiment(lab, subject, shifts, cleared, where, seed, peer, drift, halfway, dag).run(start, schedule)
    kept = lab.cloud.call("snapshot") if keep else 0
    lab.cloud.call("restore", start)
    return outcome, kept


class _Experiment:
    def __init__(
        self,
        lab: Lab,
        subject: Subject,
        shifts: Sequence[float],
        cleared: bool,
        where: bool,
        seed: int,
        peer: Subject | None,
        drift: Callable[[], None],
        halfway: Halfway | None,
        dag: Dag | None,
    ) -> None:
        self.dag, self.began, self.tries = dag, -1.0, list[tuple[AttemptResult, float]]()
        self.unending: Unending | None = None
        self.children: dict[str, str] = {}
        self.peer, self.drift, self.halfway = peer, drift, halfway
        self.lab, self.subject, self.shifts = lab, subject, shifts
        self.cleared, self.where, self.seed = cleared, where, seed
        self.results: dict[str, AttemptResult] = {}
        self.alive: set[str] = set()
        self.ordered: set[str] = set()
        self.left_out = 0
        self.unreachable = reasons.NONE

    def run(self, start: int, schedule: Schedule) -> Outcome:
        lab = self.lab
        _, before = lab.cloud.calls(("restore", start), ("state",))
        for place, step in enumerate(schedule, start=1):
            if self.unreachable[0]:
                break
            if isinstance(step, Kill):
                self._kill(_actor(step.attempt))
            elif isinstance(step, Terminate):
                lab.stage.call("terminate", _actor(step.attempt))
            elif isinstance(step, Elapse):
                self._elapse()
            elif isinstance(step, Befall):
                lab.actors.befall(step)
            elif isinstance(step, Drift):
                self.drift()
            elif isinstance(step, Endless):
                lab.cloud.call("endless")
                self.began = lab.cloud.call("now")
            elif isinstance(step, Onward):
                self._onward()
            elif isinstance(step, Disturb):
                self._launch(step.attempt)
                lab.cloud.call("disturb", _actor(step.attempt), step.at, step.kind)
            elif isinstance(step, Order):
                self._launch(step.attempt)
                self.ordered.add(_actor(step.attempt))
                lab.cloud.call("order", _actor(step.attempt), step.order)
            elif isinstance(step, Run) and self._go(step):
                break
            # what lives on would go on to its end before a schedule that ends here is judged
            is_halfway = self.halfway is not None and self.alive and place < len(schedule) and _ends(step)
            if is_halfway and self.halfway is not None and not lab.cloud.call("alive"):
                self.halfway(schedule[:place], self._outcome(before, dict.fromkeys(self.alive, "killed")))
        for actor in sorted(self.alive):
            self._kill(actor)
        self._elapse()
        if lab.actors.problem:
            self.unreachable = (lab.actors.problem, "lack a stand-in")
        self.children = dict(lab.actors.children.errors)
        lab.actors.sweep()
        return self._outcome(before, {})

    def _outcome(self, before: Mapping[str, Entry], ended: Mapping[str, str]) -> Outcome:
        """What there is now.

        :param ended: states that attempts are taken to have ended in
        """
        state, history, refusals = self.lab.cloud.calls(("state",), ("history",), ("refusals",))
        made = {actor: AttemptResult(actor, state) for actor, state in ended.items()}
        results = {actor: made.get(actor, result) for actor, result in self.results.items()}
        evidence = self._evidence(results, refusals)
        return Outcome(before, state, history, results, *evidence, children=self.children, unending=self.unending)

    def _onward(self) -> None:
        """Let the tasks after this one run while something that it has started is under way."""
        assert self.dag is not None
        task = self.dag.task(self.subject.task_id)
        following = Following(self.lab, self.dag, self.subject, self.began)
        self.unending = following.go(stand(task, self.tries, self.began))
        self.unreachable = following.problem

    def _elapse(self) -> None:
        """Let what the attempts have started come to its end by itself."""
        if not self.unreachable[0] and (why := self.lab.actors.elapse()):
            self.unreachable = reasons.of_giving_up("what the task started", why)

    def _kill(self, actor: str) -> None:
        if actor in self.alive:
            self.alive.discard(actor)
            result = self.lab.actors.kill(actor)
            self.results[actor] = result

    def _go(self, step: Run) -> bool:
        """Let an attempt go on; True where it succeeded when it might have, so that nothing follows."""
        actor = _actor(step.attempt)
        if actor not in self.alive:
            if actor in self.results:
                return False
            self._launch(step.attempt)
        kind, what = self.lab.actors.proceed(actor, step.until, actor in self.ordered)
        if kind == "given up" and self.began >= 0 and what.startswith(reasons.FOR_EVER):
            self._kill(actor)
            self.tries.append((AttemptResult(actor, WAITING), self.lab.cloud.call("now")))
        elif kind == "given up":
            self.unreachable = reasons.of_giving_up(actor, what)
        elif kind == "exited":
            self.alive.discard(actor)
            self.results[actor] = what
            self.tries.append((what, self.lab.cloud.call("now")))
            if step.until is not None and step.may_end:
                return bool(what.succeeded)
            if step.until is not None and what.state != "refused":
                self.unreachable = reasons.of_divergence(actor, step.until)
            elif step.retries > 0 and self._tried_again(what.state):
                following = max(int(each.rsplit(" ", 1)[1]) for each in (*self.results, *self.alive)) + 1
                if step.retries == 1:
                    self.left_out = max(0, self.subject.retries + 1 - following)
                self._go(Run(following, None, step.retries - 1))
        return False

    def _tried_again(self, state: str) -> bool:
        """Say whether another try follows: Airflow's own, or somebody's clear of a task that has no retries."""
        return state == "up_for_retry" or (state == "failed" and self.cleared and self.subject.retries == 0)

    def _launch(self, number: int) -> None:
        actor = _actor(number)
        if actor in self.alive:
            return
        retries = self.subject.retries
        shift = self.shifts[min(number, len(self.shifts)) - 1]
        most = (number - 1) + retries if self.cleared and number > 1 else retries
        self.results.setdefault(actor, AttemptResult(actor, "running"))
        if number == 2 and self.peer is not None:
            self.lab.actors.launch(self.peer, actor, 1, retries, shift, self.where, self.seed)
        else:
            if number > 1 and not self.cleared and self.subject.retry_delay:
                # the last try of a scenario stands for all that Airflow would still make
                self.lab.cloud.call("lapse", (self.subject.retry_delay + _SCHEDULING) * (1 + self.left_out))
            elif number > 1 and self.cleared:
                self.lab.cloud.call("settle")
            self.lab.actors.launch(self.subject, actor, number, most, shift, self.where, self.seed)
        self.alive.add(actor)

    def _evidence(self, results: Mapping[str, AttemptResult], refusals: Any) -> reasons.Reason:
        """Why the outcome is no evidence, and a few words to count that by; two empty texts where it is."""
        refused, proxied = refusals
        return reasons.of_evidence(results.values(), refused, proxied, self.unreachable)


def _ends(step: Step) -> bool:
    return isinstance(step, Run) and step.until is None and step.attempt > 1


def _actor(number: int) -> str:
    return f"attempt {number}"
