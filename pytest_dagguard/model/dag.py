"""DAG files, DAGs and tasks as plain values: what the director knows of them without importing Airflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_dagguard.model.needs import Needs


@dataclass(frozen=True, slots=True)
class Length:
    """Over how many values a task is mapped: an expression, since XComs have a length at run time only.

    :param kind: ``literal``, ``xcom``, or how to join the lengths of ``parts``: ``product``, ``sum``, ``min``, ``max``
    :param number: of a literal
    :param task_id: who pushes the XCom
    """

    kind: str
    number: int = 0
    task_id: str = ""
    parts: tuple[Length, ...] = ()


@dataclass(frozen=True, slots=True)
class XCom:
    """Stands in a task's arguments for what another task returns.

    :param task_id: who pushes it
    """

    task_id: str
    key: str = "return_value"


@dataclass(frozen=True, slots=True)
class Opaque:
    """Stands in a task's arguments for a value that is not plain: an object, a function, a secret.

    :param type: dotted path of its class
    :param text: a short text, without addresses in memory
    """

    type: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """One task of a DAG.

    :param operator: dotted path of the operator's class
    :param line: line in the DAG file that makes it, 0 where unknown
    :param retries: how often Airflow tries again after a failure
    :param retry_delay: seconds between tries
    :param upstream: ids of the tasks directly before it, sorted
    :param mapped: True for a task that is expanded at run time
    :param length: over how many values it, or the one mapped group around it, is mapped; None where there is none, and
        where a group is mapped within a group
    :param mapped_group: id of the task group that it is in and that is expanded at run time, empty where there is none
    :param code_file: file of the Python callable, empty where there is none
    :param callable_name: name of the Python callable, empty where there is none
    :param bases: dotted paths of the operator's class and of all its bases, in the order in which Python looks
    :param arguments: what the operator's own classes take (``BaseOperator``'s are left out) and keep under that name:
        name -> value of the instance, raw templates included. Plain values, :class:`XCom` and :class:`Opaque`; long
        texts and long lists are cut. Of a mapped task: what ``partial`` was given, and the defaults of the rest
    :param defaults: name -> default of those arguments that have a plain one
    :param given: names of all arguments that were given, by the call or by ``default_args``
    :param expanded: of a mapped task: names of the arguments that are only known at run time
    :param sensors: classes of sensors in the provider's module beside the operator's
    :param template_fields: names of the arguments that are rendered
    :param execution_timeout: seconds, None where there is none
    :param settings: those of ``BaseOperator``'s arguments that rules look at, as plain values
    :param links: keys of XComs that Airflow's pages make links of
    """

    task_id: str
    operator: str
    line: int = 0
    retries: int = 0
    retry_delay: float = 0.0
    upstream: tuple[str, ...] = ()
    mapped: bool = False
    length: Length | None = None
    mapped_group: str = ""
    trigger_rule: str = "all_success"
    is_setup: bool = False
    is_teardown: bool = False
    code_file: str = ""
    callable_name: str = ""
    bases: tuple[str, ...] = field(default=(), repr=False)
    arguments: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)
    defaults: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)
    given: tuple[str, ...] = field(default=(), repr=False)
    expanded: tuple[str, ...] = ()
    sensors: tuple[str, ...] = field(default=(), repr=False)
    template_fields: tuple[str, ...] = field(default=(), repr=False)
    execution_timeout: float | None = None
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)
    links: tuple[str, ...] = field(default=(), repr=False)

    @property
    def kind(self) -> str:
        """Name of the operator's class."""
        return self.operator.rpartition(".")[2]

    def is_a(self, *names: str) -> bool:
        """Say whether the operator is, or derives from, one of these classes.

        :param names: of classes, alone (``BaseSensorOperator``) or with their modules
        """
        return any(base in names or base.rpartition(".")[2] in names for base in self.bases or (self.operator,))


@dataclass(frozen=True, slots=True)
class Dag:
    """One DAG.

    :param tasks: in topological order
    :param line: line in the file that makes it, 0 where unknown
    :param assets: name and URI of what its tasks read and write, sorted
    :param schedule: what it is scheduled by, in short (``@daily``, ``0 3 * * *``); empty where it is not
    :param catchup: missed intervals are run too
    :param settings: other arguments of the DAG as plain values: ``max_active_runs``, ``tags``, ``start_date`` ...
    :param problem: why Airflow cannot serialize it; empty where it can
    """

    dag_id: str
    line: int = 0
    tasks: tuple[Task, ...] = ()
    assets: tuple[tuple[str, str], ...] = ()
    schedule: str = ""
    catchup: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)
    problem: str = ""

    def task(self, task_id: str) -> Task:
        """The task with this id.

        :raises KeyError: there is none
        """
        for task in self.tasks:
            if task.task_id == task_id:
                return task
        raise KeyError(task_id)

    def ancestors(self, task_id: str) -> frozenset[str]:
        """Ids of every task that is directly or indirectly upstream."""
        found: set[str] = set()
        queue = list(self.task(task_id).upstream)
        while queue:
            each = queue.pop()
            if each not in found:
                found.add(each)
                queue.extend(self.task(each).upstream)
        return frozenset(found)

    def descendants(self, task_id: str) -> frozenset[str]:
        """Ids of every task that is directly or indirectly downstream."""
        found: set[str] = set()
        queue = [task_id]
        while queue:
            each = queue.pop()
            fresh = {task.task_id for task in self.tasks if each in task.upstream} - found
            found |= fresh
            queue.extend(fresh)
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class LoadEvent:
    """Something that a DAG file did while it was loaded, apart from making DAGs.

    :param kind: ``variable``, ``connection``, ``xcom``, ``network``, ``program``, ``write``, ``environment``,
        ``sleep`` or ``warning``
    :param what: the name, the address, the command, the path or the text
    :param file: the repository's file that did it
    :param line: its line
    :param seconds: how long it took, where that was measured
    """

    kind: str
    what: str
    file: str = ""
    line: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class LoadError:
    """Why a DAG file does not load.

    :param kind: ``syntax``, ``exception``, ``exit``, ``timeout``, ``crash``, ``limit``, ``lost`` or ``egress``; or,
        where it is the environment that cannot load the file, ``missing-module``, ``moved`` (Airflow 3 has it
        elsewhere, or no more) or ``lacks`` (a Variable, a connection, an environment variable, a parameter)
    :param message: one line for people
    :param line: line of the DAG file, 0 where unknown
    :param detail: the traceback as text
    """

    kind: str
    message: str
    line: int = 0
    detail: str = ""

    @property
    def is_elsewhere(self) -> bool:
        """The environment cannot load the file, and whether its DAGs are good cannot be told."""
        return self.kind in ("missing-module", "moved", "lacks")


@dataclass(frozen=True, slots=True)
class DagFile:
    """One file after its load.

    :param path: absolute
    :param seconds: wall time of the load
    :param errors: what kept it, or single DAGs in it, from loading
    :param modules: third-party modules that the load imported
    :param own_seconds: the wall time without what it took to import third-party modules
    :param events: what the file did while it was loaded
    :param stand_ins: what stood in for something that is missing or has moved: ``stub acme``, ``alias a -> b``
    :param needs: what all this rested on; None where that was not noted
    """

    path: str
    dags: tuple[Dag, ...] = ()
    errors: tuple[LoadError, ...] = ()
    seconds: float = 0.0
    modules: tuple[str, ...] = field(default=(), repr=False)
    own_seconds: float = 0.0
    events: tuple[LoadEvent, ...] = ()
    stand_ins: tuple[str, ...] = ()
    needs: Needs | None = field(default=None, repr=False, compare=False)
