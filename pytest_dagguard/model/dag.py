"""DAG files, DAGs and tasks as plain values: what the director knows of them without importing Airflow."""

from __future__ import annotations

from dataclasses import dataclass, field


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
class Task:
    """One task of a DAG.

    :param operator: dotted path of the operator's class
    :param line: line in the DAG file that makes it, 0 where unknown
    :param retries: how often Airflow tries again after a failure
    :param retry_delay: seconds between tries
    :param upstream: ids of the tasks directly before it, sorted
    :param mapped: True for a task that is expanded at run time
    :param length: over how many values it is mapped; None where it is not
    :param mapped_group: id of the task group that it is in and that is expanded at run time, empty where there is none
    :param code_file: file of the Python callable, empty where there is none
    :param callable_name: name of the Python callable, empty where there is none
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


@dataclass(frozen=True, slots=True)
class Dag:
    """One DAG.

    :param tasks: in topological order
    :param line: line in the file that makes it, 0 where unknown
    :param assets: name and URI of what its tasks read and write, sorted
    """

    dag_id: str
    line: int = 0
    tasks: tuple[Task, ...] = ()
    assets: tuple[tuple[str, str], ...] = ()

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


@dataclass(frozen=True, slots=True)
class LoadError:
    """Why a DAG file does not load.

    :param kind: ``syntax``, ``missing-module``, ``exception``, ``exit``, ``timeout``, ``crash``, ``memory`` or
        ``egress``
    :param message: one line for people
    :param line: line of the DAG file, 0 where unknown
    :param detail: the traceback as text
    """

    kind: str
    message: str
    line: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DagFile:
    """One file after its load.

    :param path: absolute
    :param seconds: wall time of the load
    :param errors: what kept it, or single DAGs in it, from loading
    :param modules: third-party modules that the load imported
    :param stand_ins: what stood in for something that is missing or has moved: ``stub acme``, ``alias a -> b``
    """

    path: str
    dags: tuple[Dag, ...] = ()
    errors: tuple[LoadError, ...] = ()
    seconds: float = 0.0
    modules: tuple[str, ...] = field(default=(), repr=False)
    stand_ins: tuple[str, ...] = ()
