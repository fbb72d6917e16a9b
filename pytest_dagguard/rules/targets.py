"""Where the tasks of different DAGs write to."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import WARNING, Rule, Subject
from pytest_dagguard.rules import _tasks as tasks
from pytest_dagguard.rules._targets import targets


def shared_target(subject: Subject) -> Iterator[Finding]:
    """Tasks of different DAGs that write to one place."""
    writers: dict[str, list[tuple[str, str, Task]]] = {}
    for file in subject.repository.files:
        for dag in file.dags:
            for task in dag.tasks:
                for target in targets(task):
                    writers.setdefault(target, []).append((file.path, dag.dag_id, task))
    for target, found in writers.items():
        if len({dag_id for _, dag_id, _ in found}) < 2:
            continue
        path, dag_id, task = found[-1]
        others = [f"{other}.{each.task_id}" for _, other, each in found if other != dag_id]
        yield Finding(
            "shared-target",
            f"{dag_id}.{tasks.label(task)} writes {target}, and so does {', '.join(others[:3])}",
            resource=target,
            file=path,
            line=task.line,
            why="Nothing orders two DAGs. Whichever runs last wins, and a rerun of one undoes the other.",
            fix="Have one DAG own the target, or give each its own name.",
        )


RULES = (
    Rule(
        "shared-target",
        "repository",
        WARNING,
        "tasks of two DAGs write to one place",
        """\
What it does
  Compares where the tasks of all DAGs write to, as their arguments say, templates as they are.

Why is this bad
  Nothing orders two DAGs. A rerun of one overwrites what the other has written, and both are green.

Example
  dags/a.py:  S3CopyObjectOperator(..., dest_bucket_name="clean", dest_bucket_key="{{ ds }}/sales.csv")
  dags/b.py:  S3CopyObjectOperator(..., dest_bucket_name="clean", dest_bucket_key="{{ ds }}/sales.csv")

Use instead
  dags/a.py:  S3CopyObjectOperator(..., dest_bucket_name="clean", dest_bucket_key="{{ ds }}/sales.csv")
  dags/b.py:  S3CopyObjectOperator(..., dest_bucket_name="clean", dest_bucket_key="{{ ds }}/sales-by-region.csv")
""",
        shared_target,
    ),
)
