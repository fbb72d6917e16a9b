"""Where tasks write to, and whether anybody looks whether it is there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_dagguard.model.dag import Dag, Task
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import INFO, WARNING, Rule, Subject
from pytest_dagguard.rules import _tasks as tasks
from pytest_dagguard.rules._jobs.awaited import walk
from pytest_dagguard.rules._targets import differs_by_run, targets

_LOOKS = re.compile(r"check|verif|exist|valid|assert|confirm|test|quality|expect", re.IGNORECASE)
_MOVES = re.compile(r"(^|[\s;&|(])mv\s|gsutil\s+(-\S+\s+)*mv\b|aws\s+s3\s+mv\b|gcloud\s+storage\s+mv\b")


def overlapping_runs_shared_target(subject: Subject) -> Iterator[Finding]:
    """Runs that may overlap, and write to one place."""
    dag = subject.dag
    assert dag is not None
    at_once = dag.settings.get("max_active_runs")
    if not (dag.catchup and dag.schedule and isinstance(at_once, int) and at_once > 1):
        return
    for task in dag.tasks:
        for target in targets(task):
            if not differs_by_run(target) and not task.settings.get("depends_on_past"):
                yield tasks.finding(
                    "overlapping-runs-shared-target",
                    task,
                    f"{tasks.label(task)} writes {target} in every run, and {at_once} runs may go on at once:"
                    f" catchup=True, max_active_runs={at_once}",
                    resource=target,
                    why="Whichever run ends last wins, and that may be the oldest. A reader finds the data of any day.",
                    fix="Put the run's date into the name ({{ ds }}), or max_active_runs=1.",
                )


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


def artefact_not_confirmed(subject: Subject) -> Iterator[Finding]:
    """Tasks that move things or produce assets, and nobody looks whether they are there."""
    assert subject.dag is not None
    for task in subject.dag.tasks:
        what = _artefact(task)
        if what and not _confirmed(subject.dag, task):
            yield tasks.finding(
                "artefact-not-confirmed",
                task,
                f"{tasks.label(task)} {what}, and no task right after it checks that the result is there",
                why="BBC's model was moved by two pods at once, which deleted it. Both tasks were green; the next DAG"
                " found nothing.",
                fix="A sensor or a check of the object right after it, or at the end of the task itself.",
            )


def _artefact(task: Task) -> str:
    if task.settings.get("outlets"):
        return f"is to produce {', '.join(task.settings['outlets'][:2])}"
    if task.arguments.get("move_object") is True:
        return "moves objects: move_object=True"
    commands = [task.arguments.get(name) for name in ("bash_command", "cmds", "arguments", "command")]
    text = " ".join(each for each in walk(commands) if isinstance(each, str))
    moved = _MOVES.search(text)
    if moved and not re.search(r"\b(test|ls|stat)\b", text[moved.end() :]):
        return f"moves files: {moved[0].strip()}"
    return ""


def _confirmed(dag: Dag, task: Task) -> bool:
    after = [each for each in dag.tasks if task.task_id in each.upstream]
    return any(
        tasks.is_sensor(each) or _LOOKS.search(f"{each.task_id} {each.kind} {each.callable_name}") for each in after
    )


RULES = (
    Rule(
        "overlapping-runs-shared-target",
        "dag",
        WARNING,
        "runs that overlap write to one place",
        """\
What it does
  Looks for DAGs whose runs may overlap (catchup and max_active_runs above 1) with tasks that write to a name without
  anything of the run in it.

Why is this bad
  After a pause the runs of a week go on at once. Whichever ends last wins, and that may be the oldest.

Example
  S3CreateObjectOperator(task_id="latest", s3_bucket="models", s3_key="scores.json", data=..., replace=True)

Use instead
  S3CreateObjectOperator(task_id="latest", s3_bucket="models", s3_key="{{ ds }}/scores.json", data=..., replace=True)
""",
        overlapping_runs_shared_target,
    ),
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
    Rule(
        "artefact-not-confirmed",
        "dag",
        INFO,
        "something is moved or produced, and nobody checks that it is there",
        """\
What it does
  Looks for tasks with declared outlets, and tasks that move objects or files, after which no sensor and no task whose
  name says that it checks, verifies or validates comes.

Why is this bad
  Two pods of BBC Datalab moved one model. The second removed what the first had moved. No task failed, and the next DAG
  had no model.

Example
  move = BashOperator(task_id="move_model", bash_command="gsutil mv gs://tmp/model.pkl gs://models/{{ ds }}.pkl")

Use instead
  move >> GCSObjectExistenceSensor(task_id="check_model", bucket="models", object="{{ ds }}.pkl", timeout=300)
""",
        artefact_not_confirmed,
    ),
)
