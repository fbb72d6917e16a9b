"""What tasks ask of the workers."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_dagguard.model.dag import Length
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import WARNING, Rule, Subject
from pytest_dagguard.rules import _tasks as tasks


def unbounded_expand(subject: Subject) -> Iterator[Finding]:
    """Tasks that are mapped over whatever another task returns, all at once."""
    assert subject.dag is not None
    for task in subject.dag.tasks:
        limited = {"max_active_tis_per_dag", "max_active_tis_per_dagrun", "pool"} & task.settings.keys()
        if task.length is not None and not limited and (source := _source(task.length)):
            yield tasks.finding(
                "unbounded-expand",
                task,
                f"{tasks.label(task)} is mapped over what {source} returns, and nothing bounds how many run at once",
                why="A day with ten thousand files is ten thousand task instances. They crowd out all other DAGs, and"
                " their target is throttled.",
                fix="max_active_tis_per_dagrun=16 in partial(...), or a pool. And group small items, so that a task has"
                " something to do.",
            )


def _source(length: Length) -> str:
    """Id of a task on whose result the length depends; empty where the file says how long it is."""
    if length.kind == "xcom":
        return length.task_id
    return next((found for each in length.parts if (found := _source(each))), "")


RULES = (
    Rule(
        "unbounded-expand",
        "dag",
        WARNING,
        "a task is mapped over a list of any length, all at once",
        """\
What it does
  Looks for tasks that are expanded over another task's result and have no max_active_tis_per_dag,
  max_active_tis_per_dagrun or pool of their own.

Why is this bad
  How many there are is known at run time only. On a bad day they fill all workers, and whatever they call throttles
  them, as Cloud Storage did with BBC Datalab (429, too many requests).

Example
  load.expand(key=list_keys())

Use instead
  load.override(max_active_tis_per_dagrun=16).expand(key=list_keys())
""",
        unbounded_expand,
    ),
)
