"""Rules about Airflow's interface: what is removed, moved, or closed to tasks. Most of them are ruff's."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import ERROR, INFO, WARNING, Rule, Subject
from pytest_dagguard.rules._source.index import index_of
from pytest_dagguard.rules._source.ruff import Remark, remarks
from pytest_dagguard.rules._source.tell import finding

SCHEDULE_TEXT = """\
What it does
  Looks for a DAG that is made without schedule. This is ruff's AIR002.

Why is this bad
  The default has changed: a DAG without schedule ran daily under Airflow 2 and is never started by Airflow 3. Whoever
  reads the file cannot know which of the two was meant.

Example
  with DAG("sales", start_date=datetime(2024, 1, 1)): ...

Use instead
  with DAG("sales", schedule="@daily", start_date=datetime(2024, 1, 1)): ...       # or schedule=None
"""
DYNAMIC_TEXT = """\
What it does
  Looks for the clock, a uuid or a random number in an argument of a DAG or a task. This is ruff's AIR304.

Why is this bad
  The file is loaded again and again. With a value that differs at each load, Airflow 3 stores a new version of the
  DAG each time, and the scheduler, the worker and the retry see different tasks.

Example
  with DAG("sales", start_date=datetime.now()): ...

Use instead
  with DAG("sales", start_date=datetime(2024, 1, 1)): ...
"""
REMOVED_TEXT = """\
What it does
  Looks for names, arguments and signatures that Airflow 3 has removed. These are ruff's AIR301, AIR302 and AIR303. A
  name that the installed Airflow still has, as the file loads with it, is moved-api; one that the file takes from
  another place too, for another version of Airflow, is none.

Why is this bad
  The file does not load under Airflow 3, or the task fails when it runs.

Example
  from airflow.operators.bash_operator import BashOperator

Use instead
  from airflow.providers.standard.operators.bash import BashOperator
"""
MOVED_TEXT = """\
What it does
  Looks for names that still work and have moved. These are ruff's AIR311, AIR312 and AIR321.

Why is this bad
  The old place warns today and is gone in a coming version; the upgrade then fails in every file at once.

Example
  from airflow.decorators import task

Use instead
  from airflow.sdk import task
"""
DATABASE_TEXT = """\
What it does
  Looks for uses of Airflow's metadata database in a DAG file: airflow.settings.Session and engine, create_session,
  provide_session.

Why is this bad
  Under Airflow 3 tasks have no connection to the database; what asks for one fails on the worker. Under Airflow 2 it
  works, and opens as many connections as tasks run.

Example
  with create_session() as session:
      runs = session.query(DagRun).filter(DagRun.state == "running").count()

Use instead
  runs = context["ti"].get_dr_count(dag_id="sales", states=["running"])     # the Task SDK, or Airflow's REST interface
"""
_WHYS = {
    "AIR002": "A DAG without schedule ran daily under Airflow 2 and is never started by Airflow 3.",
    "AIR304": "The file is loaded again and again; each load makes another version of the DAG.",
    "AIR301": "Airflow 3 does not have it: the file does not load, or the task fails.",
    "AIR302": "Airflow 3 does not have it at this place: the file does not load.",
    "AIR303": "Airflow 3 calls it with other arguments: the task fails when it runs.",
    "AIR311": "It works today and is gone in a coming version.",
    "AIR312": "It works today and is gone in a coming version.",
    "AIR321": "It works today and is gone in a coming version.",
}
_FIXES = {
    "AIR002": 'Say it: schedule="@daily", or schedule=None for a DAG that is only triggered.',
    "AIR304": "Give a fixed value, or make the value inside of a task.",
}
_NAME = re.compile(r"`(airflow\.[\w.]+)`")
_DATABASE_WHY = "Under Airflow 3 a task has no connection to the metadata database, and fails where it asks for one."
_DATABASE_FIX = "Ask the Task SDK (context, get_dr_count, get_task_states) or Airflow's REST interface."
_DATABASE = (
    "airflow.settings.Session",
    "airflow.settings.engine",
    "airflow.utils.session.create_session",
    "airflow.utils.session.provide_session",
    "airflow.utils.db.create_session",
    "airflow.utils.db.provide_session",
)


_REMOVED = ("AIR301", "AIR302", "AIR303")
_MOVED = ("AIR311", "AIR312", "AIR321")


def _code(subject: Subject, remark: Remark) -> str:
    """The code of a remark; that of moved names where ruff takes a name for removed that this Airflow still has; none
    where the file takes the name from another place too, for another version, and loads.
    """
    name = _NAME.search(remark.message)
    if remark.code not in _REMOVED or name is None or subject.source is None or subject.source.tree is None:
        return remark.code
    if subject.loaded is None or subject.loaded.errors:
        return remark.code
    imports: dict[str, set[str]] = {}
    for node in ast.walk(subject.source.tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                imports.setdefault(alias.asname or alias.name, set()).add(f"{node.module}.{alias.name}")
    if any(name[1] in places and len(places) > 1 for places in imports.values()):
        return ""
    at_load = [each for each in subject.source.tree.body if isinstance(each, ast.ImportFrom)]
    there = {f"{each.module}.{alias.name}" for each in at_load for alias in each.names}
    return "AIR311" if name[1] in there else remark.code


def _of_ruff(name: str, *codes: str) -> Callable[[Subject], Iterator[Finding]]:
    """A check that hands on what ruff says under some codes."""

    def check(subject: Subject) -> Iterator[Finding]:
        for each in remarks(subject):
            code = _code(subject, each)
            if code in codes and subject.source is not None:
                fix = _FIXES.get(each.code) or each.fix or "ruff check --select AIR names what to use instead."
                message = f"{each.message.rstrip('.')} ({each.code} of ruff)."
                yield Finding(
                    name, message, file=subject.source.name, line=each.line, why=_WHYS[_code(subject, each)], fix=fix
                )

    return check


def metadata_db_access(subject: Subject) -> Iterator[Finding]:
    """Uses of the metadata database; the first of each function."""
    if subject.source is None or subject.source.tree is None:
        return
    index = index_of(subject.source)
    brought = index.imports.values()
    if not any(each == "airflow" or each.startswith(("airflow.settings", "airflow.utils")) for each in brought):
        return
    told: set[object] = set()
    for node in ast.walk(subject.source.tree):
        if not isinstance(node, ast.Name | ast.Attribute) or isinstance(index.parents.get(node), ast.Attribute):
            continue
        name = index.dotted(node)
        found = next((each for each in _DATABASE if name == each or name.startswith(f"{each}.")), None)
        if found is None or not index.imported(node):
            continue
        root = next(each for each in ast.walk(node) if isinstance(each, ast.Name))
        place = index.home.get(root) or node.lineno
        if place not in told:
            told.add(place)
            message = f"{found} reaches for Airflow's metadata database."
            yield finding("metadata-db-access", index, node, message, _DATABASE_WHY, _DATABASE_FIX)


RULES = (
    Rule(
        "implicit-schedule",
        "file",
        WARNING,
        "a DAG does not say its schedule (AIR002 of ruff)",
        SCHEDULE_TEXT,
        _of_ruff("implicit-schedule", "AIR002"),
    ),
    Rule(
        "dynamic-dag-arg",
        "file",
        WARNING,
        "an argument of a DAG or task differs at each load (AIR304 of ruff)",
        DYNAMIC_TEXT,
        _of_ruff("dynamic-dag-arg", "AIR304"),
    ),
    Rule(
        "removed-api",
        "file",
        ERROR,
        "Airflow 3 has removed it (AIR301, AIR302, AIR303 of ruff)",
        REMOVED_TEXT,
        _of_ruff("removed-api", *_REMOVED),
        before_3=WARNING,
    ),
    Rule(
        "moved-api",
        "file",
        INFO,
        "it has moved, and the old place will be gone (AIR311, AIR312, AIR321 of ruff)",
        MOVED_TEXT,
        _of_ruff("moved-api", *_MOVED),
    ),
    Rule(
        "metadata-db-access",
        "file",
        ERROR,
        "a DAG file reaches for Airflow's metadata database",
        DATABASE_TEXT,
        metadata_db_access,
        before_3=WARNING,
    ),
)
