"""A drill on the real Celery path: a message is lost, comes twice, or its worker is gone before it acknowledges.

The broker is fakeredis behind a socket, the message is sent by the provider's own executor code, and the workers are
``celery worker`` processes with the provider's app. Each runs the task as Airflow has a worker run it: a supervisor
and a task process. What they ask of Airflow and of clouds crosses the tap under the name of an attempt. Their time is
the machine's own and not virtual, but for the time until Airflow misses a message: that passes in the cloud alone.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_dagguard.engine import facts, reasons
from pytest_dagguard.engine.lab import Lab, Subject
from pytest_dagguard.model.attempt import AttemptResult, LifeSpec
from pytest_dagguard.model.history import History
from pytest_dagguard.model.life import RUN, Birth, Death
from pytest_dagguard.model.operation import Selector
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import LOST, TWICE, Deliver, Run, Schedule
from pytest_dagguard.model.scenario import MOST_TRIES
from pytest_dagguard.model.state import Entry

MISSING = (
    'the drill on Celery needs the provider: pip install apache-airflow-providers-celery "celery<5.7"',
    "need the Celery provider",
)
OLDER = ("the drill on Celery is for Airflow 3, whose workers ask the Execution API", "could not be drilled")
APP = "airflow.providers.celery.executors.celery_executor.app"
QUEUE = "default"
VISIBILITY = 1
"""Seconds for which a message that a worker has taken is hidden from others; in production a day, by default."""

MISSED = 600.0
"""Seconds after which Airflow sends a task again that waits in a queue (``[scheduler] task_queued_timeout``)."""

DEADLINE = 300.0
"""Seconds of the machine's time for each step of a drill."""

_ENDS = frozenset({"success", "failed", "skipped", "up_for_retry", "deferred", "up_for_reschedule"})


class _GaveUp(Exception):
    """A step of the drill did not come about."""


def carry_out(lab: Lab, subject: Subject, start: int, schedule: Schedule, *, cleared: bool, gap: float) -> Outcome:
    """Run a drill from a kept state to its outcome; the state that it leaves is the cloud's.

    :param schedule: a :class:`~pytest_dagguard.model.plan.Deliver`, then where worker 1 is stopped
    :param cleared: a further try is somebody's clear
    :param gap: seconds by which Airflow's clock is ahead at the second try
    """
    if facts.is_airflow_2():
        return Outcome({}, {}, (), {}, *OLDER)
    if importlib.util.find_spec("airflow.providers.celery") is None:
        return Outcome({}, {}, (), {}, *MISSING)
    lab.cloud.call("restore", start)
    drill = _Drill(lab, subject, cleared, gap)
    before = lab.cloud.call("state")
    deliver = next(each for each in schedule if isinstance(each, Deliver))
    until = next((each.until for each in schedule if isinstance(each, Run)), None)
    why = reasons.NONE
    try:
        if deliver.kind == LOST:
            drill.lost()
        elif deliver.kind == TWICE:
            drill.twice(until)
        else:
            drill.gone(until)
    except _GaveUp as gave_up:
        why = (str(gave_up), "could not be drilled")
    finally:
        drill.close()
    if not why[0] and (unfinished := lab.actors.elapse()):
        why = reasons.of_giving_up("what the task started", unfinished)
    refusals, proxied = lab.cloud.call("refusals")
    why = reasons.of_evidence(drill.results.values(), refusals, proxied, why)
    state, history = lab.cloud.calls(("state",), ("history",))
    return Outcome(before, {**drill.faded(history), **state}, history, drill.results, *why)


class _Drill:
    def __init__(self, lab: Lab, subject: Subject, cleared: bool, gap: float) -> None:
        self.lab, self.subject, self.cleared, self.gap = lab, subject, cleared, gap
        self.url: str = lab.cloud.call("broker_open")
        self.results: dict[str, AttemptResult] = {}
        self._lives: set[str] = set()
        self._reached: set[str] = set()
        self._deaths: dict[str, Death] = {}
        self._faded: dict[str, Entry] = {}
        self._passed = self._tries = 0

    def lost(self) -> None:
        """The message is gone before a worker takes it; Airflow finds that the task waits and sends another."""
        self._publish(1)
        if self.lab.cloud.call("broker_lose", QUEUE) != 1:
            raise _GaveUp("the message was not in the queue that it was sent to")
        self._pass(MISSED)
        self._send(1)
        self._worker("attempt 1", None)
        self._until_it_ends("attempt 1")

    def twice(self, until: Selector | None) -> None:
        """A worker is at work for longer than its message is hidden; another one gets the same message.

        The second start is refused. Newer providers leave it at that; older ones report the task as failed, whereupon
        Airflow's scheduler fails the try that is under way, and the next one overlaps with it.
        """
        self._stop_at(until)
        self.lab.stage.call("freeze", "attempt 1")
        self._worker("attempt 2", None)
        self._until_refused("attempt 2")
        overlaps = self._reported_as_failed()
        if overlaps:
            self._publish(2)
            self._until_it_ends("attempt 2")
        self.lab.cloud.call("allow", "attempt 1", None)
        self.lab.stage.call("thaw", "attempt 1")
        if overlaps:
            self._wait(self._superseded, "the try that was superseded did not end")
            self.results["attempt 1"] = AttemptResult("attempt 1", "refused")
        else:
            self._until_it_ends("attempt 1")

    def gone(self, until: Selector | None) -> None:
        """A worker is killed before it acknowledges; the message comes again, is refused, and a further try follows."""
        self._stop_at(until)
        self._kill("attempt 1")
        self.results["attempt 1"] = AttemptResult("attempt 1", "killed")
        self._worker("attempt 2", None)
        self._until_refused("attempt 2")
        self._publish(2)
        self._until_it_ends("attempt 2")

    def faded(self, history: History) -> dict[str, Entry]:
        """What was gone by itself after the time that passed (a key that expires), and nobody has written since."""
        written = {name for event in history[self._passed :] for name in event.operation.writes}
        return {name: entry for name, entry in self._faded.items() if name not in written}

    def close(self) -> None:
        """End all processes of the drill, and its broker."""
        for actor in list(self._lives):
            self._kill(actor)
        self.lab.cloud.call("broker_close")

    def _pass(self, seconds: float) -> None:
        """Let time go by in the cloud while no worker has the task."""
        before = self.lab.cloud.call("state")
        if why := self.lab.actors.elapse(seconds, whole=True):
            raise _GaveUp(why)
        state, history = self.lab.cloud.calls(("state",), ("history",))
        self._passed = len(history)
        self._faded = {name: entry for name, entry in before.items() if name not in state}

    def _publish(self, number: int) -> None:
        self._tries, retries = number, self.subject.retries
        most = (number - 1) + retries if self.cleared and number > 1 else retries
        self.ti_id = self.lab.queue(self.subject, number, most, self.gap * (number - 1))
        self._send(number)

    def _send(self, number: int) -> None:
        """Have the scheduler's side send the message."""
        what = {
            "ti_id": self.ti_id,
            "dag_id": self.subject.dag_id,
            "task_id": self.subject.task_id,
            "run_id": self.subject.run_id,
            "map_index": self.subject.map_index,
            "try_number": number,
            "path": Path(self.subject.file).name,
        }
        actor = f"scheduler {number}.{len(self._deaths)}"
        self._start(actor, ["-m", "pytest_dagguard.stage.celery_publish", json.dumps(what)], None)
        self._wait(lambda: actor in self._deaths, "the message was not sent")
        death = self._deaths[actor]
        if death.code:
            raise _GaveUp(f"the message could not be sent: {_last(death.log)}")

    def _worker(self, actor: str, until: Selector | None) -> None:
        words = ["-m", "celery", "--app", APP, "worker", "--pool=solo", "--without-gossip", "--without-mingle"]
        self._start(actor, [*words, "--hostname", actor.replace(" ", "-") + "@dagguard", "--queues", QUEUE], until)

    def _start(self, actor: str, words: Sequence[str], until: Selector | None) -> None:
        lab = self.lab
        facts = {"command": [sys.executable], "args": list(words), "env": self._environment()}
        endpoints, variables = lab.cloud.call("open", actor, False)
        spec = LifeSpec(
            Birth(actor, "airflow", "job", RUN, facts),
            tuple(endpoints.items()),
            tuple(variables.items()),
            0.0,
            lab.cloud.call("now"),
        )
        self._lives.add(actor)
        lab.stage.call("live", spec)
        lab.cloud.call("allow", actor, until)

    def _environment(self) -> dict[str, str]:
        options = "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__"
        return {
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            "AIRFLOW__CORE__DAGS_FOLDER": str(Path(self.subject.file).parent),
            "AIRFLOW__CELERY__BROKER_URL": f"{self.url}/0",
            "AIRFLOW__CELERY__RESULT_BACKEND": f"{self.url}/1",
            f"{options}VISIBILITY_TIMEOUT": str(VISIBILITY),
            f"{options}UNACKED_RESTORE_INTERVAL": "1",
            f"{options}UNACKED_RESTORE_THROTTLE": "1",
            # kombu's lock around the return of messages: who is killed while it has it would keep others out
            f"{options}UNACKED_MUTEX_EXPIRE": "2",
            # never connected to: the parts of Airflow that a worker imports only want to read it
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:////nonexistent/never-made.db",
            "PYTHONPATH": os.pathsep.join(self.lab.place.paths),
        }

    def _stop_at(self, until: Selector | None) -> None:
        # the worker gets ready while the message is on its way
        self._worker("attempt 1", until)
        self._publish(1)
        self._wait(lambda: "attempt 1" in self._reached or self._state() in _ENDS, "worker 1 did not come to its place")
        if "attempt 1" not in self._reached:
            raise _GaveUp(f"in a worker the task ended {self._state()} before it came to the place of its clean run")

    def _until_refused(self, actor: str) -> None:
        """Wait until a worker has the message that comes again, and Airflow has refused the second start."""
        self._wait(lambda: self._starts(actor), "the message did not come again")

    def _reported_as_failed(self) -> bool:
        """Say what Celery makes of the second start that was refused: whether it reports the task as failed."""
        starts = self._starts("attempt 2")

        def settled() -> bool:
            unacknowledged, failed = self.lab.cloud.call("broker_standing")
            # a worker that takes up the next message is done with the one before
            return bool(failed or not unacknowledged or self._starts("attempt 2") > starts)

        self._wait(settled, "Celery did not come to an end with the message that came again")
        return bool(self.lab.cloud.call("broker_standing")[1])

    def _starts(self, actor: str) -> int:
        events = self.lab.cloud.call("history")
        return sum(each.actor == actor and each.operation.verb == "ti.start" for each in events)

    def _superseded(self) -> bool:
        """Say whether Airflow has refused what the frozen worker said after it was thawed."""
        events = self.lab.cloud.call("history")
        said = [each for each in events if each.actor == "attempt 1" and each.operation.service == "airflow"]
        return bool(said) and said[-1].status >= 400

    def _until_it_ends(self, actor: str) -> None:
        """Wait until the task has ended in a worker, with all the tries that Airflow makes."""
        for number in range(self._tries + 1, self._tries + 2 + MOST_TRIES):
            late = f"the task did not end in {DEADLINE:.0f} s of real time in a worker"
            self._wait(lambda: self._state() in _ENDS, late)
            state = self._state()
            if state != "up_for_retry":
                break
            self._publish(number)
        if state in ("deferred", "up_for_reschedule"):
            raise _GaveUp(f"the task is {state}, and what goes on then is not part of the drill")
        self.results[actor] = replace(self.results.get(actor, AttemptResult(actor, state)), state=state)

    def _state(self) -> str:
        names = {"dag_id": self.subject.dag_id, "run_id": self.subject.run_id, "task_id": self.subject.task_id}
        row = self.lab.cloud.call("command", "airflow", "ti", {**names, "map_index": self.subject.map_index})
        return str(row["state"]) if row is not None else ""

    def _wait(self, condition: Callable[[], Any], otherwise: str) -> None:
        """Wait for it.

        :raises _GaveUp: it does not come about, or a worker has ended by itself
        """
        deadline = time.monotonic() + DEADLINE
        while not condition():
            event = self.lab.next(time.monotonic() + 0.2)
            if event is not None and event[0] == "reached":
                self._reached.add(event[1])
            elif event is not None and event[0] == "exited" and isinstance(event[2], Death):
                self._lives.discard(event[1])
                self._deaths[event[1]] = event[2]
                self.lab.cloud.call("remove", event[1])
                if event[1].startswith("attempt "):
                    raise _GaveUp(f"Celery's worker ended with code {event[2].code}: {_last(event[2].log)}")
            if time.monotonic() > deadline:
                raise _GaveUp(otherwise)

    def _kill(self, actor: str) -> None:
        self._lives.discard(actor)
        self.lab.cloud.call("remove", actor)
        self.lab.stage.call("kill", actor)
        deadline = time.monotonic() + DEADLINE
        # its end is told, and is not to be taken for that of a later process of the same name
        while (event := self.lab.next(deadline)) is not None:
            if event[0] == "exited" and event[1] == actor:
                break


def _last(log: Sequence[str]) -> str:
    return " | ".join([each.strip() for each in log if each.strip()][-3:]) or "it logged nothing"
