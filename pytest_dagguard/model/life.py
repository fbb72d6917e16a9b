"""A life: a pod or an external job, which goes on when the attempt that began it is gone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

RUN, SUCCEED, FAIL, NEVER_ENDS = "run", "succeed", "fail", "never-ends"
BEHAVIOURS = (RUN, SUCCEED, FAIL, NEVER_ENDS)
"""What the configuration may say beside ``module:function``: run the command here, or end (or not) without doing
anything."""

CHILD_RUN = 600.0
"""Virtual seconds for which a child DAG run is under way of which nothing is said: longer than a retry is in coming."""

CHILD_ENDS = re.compile(rf"({SUCCEED}|{FAIL})(?: after (\S+))?|{NEVER_ENDS}|{RUN}")
"""What the configuration may say of a child DAG run: how it ends, and after how long; or that its tasks are run."""


@dataclass(frozen=True, slots=True)
class Birth:
    """A process that the director is to start for an emulator.

    :param actor: unique in an experiment and the same when it is repeated: ``pod default/train#1``, ``job glue:x#1``
    :param service: name of the emulator that is told of its end
    :param kind: ``pod``, ``job``, ``run`` for a child DAG run, or ``task`` for one of its tasks
    :param behaviour: ``module:function`` or :data:`RUN`
    :param facts: plain values that the user's function sees: of a pod ``name, namespace, labels, env, command, args,
        container, mounts`` (where in the container -> folder here), of a job ``id, name, arguments``, of a child run
        ``dag_id, run_id``
    :param of: the life that it belongs to and is ended with; empty for one of its own
    """

    actor: str
    service: str
    kind: str
    behaviour: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    of: str = ""


@dataclass(frozen=True, slots=True)
class Death:
    """How such a process ended.

    :param code: exit code; 137 where it was killed
    :param log: lines that it logged or printed and that were not told while it ran
    :param xcom: what it gave as its XCom, JSON text; None where it gave none
    :param error: type and text of the exception, empty where there was none
    :param modules: third-party modules that it imported
    :param problem: why it could not even begin, for the user to mend: the function that is to stand for it is not there
    """

    code: int
    log: tuple[str, ...] = ()
    xcom: str | None = None
    error: str = ""
    problem: str = ""
    modules: tuple[str, ...] = ()
