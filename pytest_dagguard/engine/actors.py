"""Attempts and lives: started, let go on, resumed where Airflow resumes them, killed."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_dagguard.engine.children import Children
from pytest_dagguard.engine.patience import LOOK, Patience
from pytest_dagguard.model.attempt import AttemptResult, AttemptSpec, LifeSpec
from pytest_dagguard.model.life import Birth, Death
from pytest_dagguard.model.operation import Selector
from pytest_dagguard.model.plan import Befall

if TYPE_CHECKING:
    from pytest_dagguard.engine.lab import Lab, Subject

FOREVER = 60 * 86400.0
"""Virtual seconds for which the world may go on by itself until all that lives in it has ended."""

GLANCE = 0.1
"""Seconds between two looks at an attempt whose threads are to take effect in an order."""

END_TIMEOUT = 120.0
"""Seconds for a process that was killed to be gone."""


class Actors:
    """All that runs in one laboratory."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.count = 0
        self.ahead = 0.0
        self._seed = 0
        self.children = Children(self, {})
        self.problem = ""
        self._specs: dict[str, AttemptSpec] = {}
        self._parts: dict[str, list[AttemptResult]] = {}
        self._began: dict[str, float] = {}
        self._lives: set[str] = set()
        self._fate: Befall | None = None
        self._fated: dict[str, Befall] = {}
        self._frozen: set[str] = set()
        self._early: list[tuple[Any, ...]] = []

    def launch(
        self, subject: Subject, actor: str, try_number: int, max_tries: int, shift: float, where: bool, seed: int
    ) -> None:
        """Start an attempt; its gate is closed.

        :param shift: seconds by which its clocks are ahead
        :param where: it is asked for its line at each operation
        :param seed: of its random numbers
        """
        self.ahead, self._seed = shift, seed
        self._start(subject, actor, try_number, max_tries, where)

    def launch_child(self, subject: Subject, actor: str, try_number: int) -> None:
        """Start a task of a child run, and let it go on."""
        self._start(subject, actor, try_number, subject.retries, False)
        self.lab.cloud.call("allow", actor, None)

    def _start(self, subject: Subject, actor: str, try_number: int, max_tries: int, where: bool) -> None:
        lab, shift = self.lab, self.ahead
        ti_id = lab.queue(subject, try_number, max_tries, shift)
        (endpoints, variables), now = lab.cloud.calls(("open", actor, where), ("now",))
        spec = AttemptSpec(
            actor=actor,
            file=subject.file,
            dag_id=subject.dag_id,
            task_id=subject.task_id,
            run_id=subject.run_id,
            logical_date=lab.date(subject),
            ti_id=ti_id,
            try_number=try_number,
            map_index=subject.map_index,
            clock_shift=shift,
            endpoints=tuple(endpoints.items()),
            environment=tuple(variables.items()),
            where=where,
            seed=self._seed,
            now=now,
        )
        self.count += 1
        self._early = [each for each in self._early if each[1] != actor]
        self._specs[actor], self._parts[actor], self._began[actor] = spec, [], spec.now
        lab.stage.call("run", spec)

    def proceed(self, actor: str, until: Selector | None, ordered: bool = False) -> tuple[str, Any]:
        """Let an attempt go on.

        :param ordered: what its threads do is to take effect in an order
        :returns: ``("reached", index)`` when it stands after the operation, ``("exited", result)`` when it has ended,
            ``("given up", why)`` when it is not worth waiting for any more
        """
        lab = self.lab
        lab.cloud.call("allow", actor, until)
        if actor in self._frozen:
            self._frozen.discard(actor)
            lab.stage.call("thaw", actor)
        patience = Patience(lab.options.patience, lab.options.attempt_timeout)
        while True:
            event = self._next_in_order(actor) if ordered else self._next_of(actor, time.monotonic() + LOOK)
            if event is None:
                if why := self._look(actor, patience):
                    return "given up", why
            elif event[0] == "reached":
                self._frozen.add(actor)
                lab.stage.call("freeze", actor)
                return "reached", event[2]
            elif event[0] == "forever":
                return "given up", f"waits for ever: nothing had ended it after {event[2] / 86400:.0f} days"
            elif event[0] == "woke":
                self.resume(actor)
            elif event[0] == "exited" and not self.goes_on(actor, event[2]):
                lab.cloud.call("remove", actor)
                result = self.whole(actor, event[2])
                if result.succeeded:
                    lab.warm(dict(result.details).get("modules", ()))
                return "exited", result

    def _next_in_order(self, actor: str) -> tuple[Any, ...] | None:
        """As :meth:`_next_of`; where all that it can still do is held up for what does not come, that is let go."""
        lab, still = self.lab, -1
        for _ in range(int(LOOK / GLANCE)):
            event = self._next_of(actor, time.monotonic() + GLANCE)
            if event is not None:
                return event
            seen = lab.cloud.call("seen", actor)[0] if lab.stage.call("asleep", actor) else -1
            if seen >= 0 and seen == still:
                lab.cloud.call("loosen", actor)
            still = seen
        return None

    def _look(self, actor: str, patience: Patience) -> str:
        """Why an attempt that makes no news is to be given up; empty where it is not."""
        lab = self.lab
        operations, progress = lab.cloud.call("seen", actor)
        cpu, refused = lab.stage.call("look", actor)
        if refused or any(lab.cloud.call("refusals")):
            # it may well go on trying for minutes, and nothing that comes of it is evidence any more
            return "goes on after a call that was refused"
        if lab.cloud.call("stuck", actor) and not patience.works(cpu):
            why = "waits for ever: nothing that it waits for can still come"
        else:
            why = patience.spent(operations, cpu, progress)
        cause = lab.stage.call("waits", actor) if why.startswith("waits") else ""
        return f"{why}; it is in {cause}" if cause else why

    def goes_on(self, actor: str, result: AttemptResult) -> bool:
        """Do what Airflow does with a task that has ended for now; False where it has ended for good."""
        lab, spec = self.lab, self._specs[actor]
        if result.state not in ("up_for_reschedule", "deferred", "fired"):
            return False
        row = lab.cloud.call("command", "airflow", "ti", {"ti_id": spec.ti_id})
        if row is None or row["archived"]:
            return False  # superseded meanwhile: nobody resumes it
        self._parts[actor].append(result)
        details = dict(result.details)
        if result.state == "up_for_reschedule":
            pause = row["reschedule_date"].timestamp() - details["wall"]
            lab.cloud.call("doze", actor, max(0.0, pause), self._left(actor, details["patience"]))
        elif result.state == "deferred":
            wanted = {key: row[key] for key in ("trigger", "next_method", "next_kwargs")}
            self._run(actor, wanted)
        else:
            self.resume(actor, next_method=details["method"], next_kwargs=details["kwargs"])
        return True

    def _left(self, actor: str, patience: float | None) -> float:
        """Seconds until a sensor looks whether its own time-out is over; negative where it has none, or is past it."""
        if patience is None:
            return -1.0
        return float(self._began[actor] + patience - self.lab.cloud.call("now"))

    def resume(self, actor: str, **more: Any) -> None:
        """Queue the same try once more, and run it."""
        spec = self._specs[actor]
        self.lab.cloud.call("command", "airflow", "resume", {"ti_id": spec.ti_id, **more})
        self._run(actor)

    def _run(self, actor: str, wake: dict[str, Any] | None = None) -> None:
        spec = self._specs[actor] = replace(self._specs[actor], now=self.lab.cloud.call("now"))
        self.lab.stage.call("run", spec, wake)

    def whole(self, actor: str, last: AttemptResult) -> AttemptResult:
        """One result for an attempt that was several processes, one after the other."""
        parts = self._parts.pop(actor, [])
        if not parts:
            return last
        every = [*parts, last]
        slept = sum(dict(each.details).get("slept", 0.0) for each in every)
        stubs = tuple(dict.fromkeys(name for each in every for name in dict(each.details).get("stubs", ())))
        modules = dict.fromkeys(name for each in every for name in dict(each.details).get("modules", ()))
        more = {"slept": slept, "stubs": stubs, "modules": tuple(modules), "parts": len(every)}
        return replace(
            last,
            log="".join(each.log for each in every),
            seconds=sum(each.seconds for each in every),
            egress=tuple(dict.fromkeys(host for each in every for host in each.egress)),
            details=tuple({**dict(last.details), **more}.items()),
        )

    def elapse(self, seconds: float = FOREVER, whole: bool = False) -> str:
        """Let the world go on by itself until nothing is left to happen, but for no longer than so many seconds.

        :param whole: let all the seconds pass, whatever happens
        :returns: why it could not be waited for; empty where it could
        """
        lab = self.lab
        if not (whole or lab.cloud.call("alive")):
            return ""
        lab.cloud.call("elapse", seconds, not whole)
        patience = Patience(lab.options.patience, lab.options.attempt_timeout)
        while self._next_of("", time.monotonic() + LOOK) is None:
            operations, progress = lab.cloud.call("seen", "")
            cpu = sum(lab.stage.call("look", each)[0] for each in (*self._lives, *self.children.at_work))
            if why := patience.spent(operations, cpu, progress):
                return why
        return ""

    def kill(self, actor: str) -> AttemptResult:
        """SIGKILL: first nothing of it takes effect any more, then its processes are gone."""
        self._frozen.discard(actor)
        self.lab.cloud.call("remove", actor)
        self.lab.stage.call("kill", actor)
        while True:
            event = self._next_of(actor, time.monotonic() + (END_TIMEOUT if self._runs(actor) else 0.0))
            if event is None:
                return self.whole(actor, AttemptResult(actor, "killed"))
            if event[0] == "exited":
                return self.whole(actor, event[2])

    def _runs(self, actor: str) -> bool:
        return bool(self.lab.stage.call("runs", actor))

    def sweep(self) -> None:
        """End every life that is left."""
        for actor in list(self._lives):
            self.doom(actor)
        self.children.sweep()
        self._early.clear()
        self.problem = ""
        self._fate = None
        self._fated.clear()

    def befall(self, what: Befall) -> None:
        """Have something befall the first pod that is started from now on."""
        if what.at:
            self._fate = what
            return
        lot = {"start": what.delay} if what.fate == "pending" else {"fate": what.fate, "after": 0.0}
        self.lab.cloud.call("command", "kubernetes", "pods", {"first": 1, **lot})

    def _next_of(self, actor: str, deadline: float) -> tuple[Any, ...] | None:
        """The next event of one actor; those of others, which end when they like, are kept until they are asked."""
        for kept in self._early:
            if kept[1] == actor:
                self._early.remove(kept)
                return kept
        while (event := self.lab.next(deadline)) is not None:
            if event[0] == "born":
                self._bear(event[1])
            elif event[0] == "doomed":
                self.doom(event[1])
            elif self.children.takes(event):
                pass
            elif event[0] == "reached" and event[1] in self._fated:
                what = {"actor": event[1], "fate": self._fated.pop(event[1]).fate}
                self.lab.cloud.call("command", "kubernetes", "befall", what)
            elif event[1] in self._lives:
                self._lives.discard(event[1])
                death = event[2] if isinstance(event[2], Death) else Death(137)
                self.problem = self.problem or death.problem
                self.lab.warm(death.modules)
                self.lab.cloud.call("ended", event[1], death)
            elif event[1] == actor:
                return event
            else:
                self._early.append(event)
        return None

    def _bear(self, birth: Birth) -> None:
        """Start a pod's or a job's process, or a child run."""
        if birth.kind == "run":
            self.children.bear(birth)
            return
        lab = self.lab
        endpoints, variables = lab.cloud.call("open", birth.actor, False)
        spec = LifeSpec(birth, tuple(endpoints.items()), tuple(variables.items()), self.ahead, lab.cloud.call("now"))
        self._lives.add(birth.actor)
        lab.stage.call("live", spec)
        until = None
        if self._fate is not None and birth.kind == "pod":
            self._fated[birth.actor], self._fate = self._fate, None
            until = Selector("", "", ".*", self._fated[birth.actor].at)
        lab.cloud.call("allow", birth.actor, until)

    def doom(self, actor: str) -> None:
        """End a pod's or a job's process, or a child run; nobody is told, and the world goes on without it."""
        self._lives.discard(actor)
        self.children.doom(actor)
        self.lab.cloud.call("remove", actor)
        self.lab.stage.call("kill", actor)
        self.lab.cloud.call("step")
