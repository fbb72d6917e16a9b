"""What one DAG says of another."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import WARNING, Repository, Rule, Source, Subject
from pytest_dagguard.rules import _tasks as tasks


def unknown_dag_reference(subject: Subject) -> Iterator[Finding]:
    """Triggers of, and waits for, DAGs and tasks that the repository does not have."""
    repository = subject.repository
    if not repository.complete:
        return  # it may be in a file that was not loaded
    assert subject.dag is not None
    broken = [source.text for file in repository.files if file.errors and (source := _source(subject, file.path))]
    elsewhere = set(repository.settings.get("unknown-dag-reference", {}).get("elsewhere", ()))
    for task in subject.dag.tasks:
        for dag_id, task_ids, argument in _references(task):
            if dag_id in elsewhere or any(dag_id in text for text in broken):
                continue
            missing = _missing(dag_id, task_ids, repository)
            if missing:
                near = _near(dag_id, repository)
                yield tasks.finding(
                    "unknown-dag-reference",
                    task,
                    f"{tasks.label(task)} names {missing} that no file has: {argument}={dag_id!r}{near}",
                    resource=dag_id,
                    why="A trigger fails when it runs. A sensor waits for something that never comes.",
                    fix="Mend the id. Where the DAG is in another repository, name it in elsewhere = [...] under"
                    " [tool.dagguard.rules.unknown-dag-reference].",
                )


def _source(subject: Subject, path: str) -> Source | None:
    root = f"{subject.repository.root}/"
    return subject.repository.sources.get(path.removeprefix(root))


def _references(task: Task) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """DAG id, task ids and argument of each reference that is written out."""
    given = task.arguments
    if task.is_a(tasks.TRIGGER) and _literal(given.get("trigger_dag_id")):
        yield given["trigger_dag_id"], (), "trigger_dag_id"
    if task.is_a("ExternalTaskSensor", "ExternalTaskMarker") and _literal(given.get("external_dag_id")):
        ids = given.get("external_task_ids") or [given.get("external_task_id")]
        yield given["external_dag_id"], tuple(each for each in ids if _literal(each)), "external_dag_id"


def _literal(value: object) -> bool:
    return isinstance(value, str) and bool(value) and "{{" not in value and "{%" not in value


def _missing(dag_id: str, task_ids: tuple[str, ...], repository: Repository) -> str:
    if dag_id not in repository.owners:
        return "a DAG"
    dags = [dag for file in repository.owners[dag_id] for dag in file.dags if dag.dag_id == dag_id]
    known = {task.task_id for dag in dags for task in dag.tasks}
    lacking = [each for each in task_ids if each not in known]
    return f"the task {lacking[0]!r}" if lacking else ""


def _near(dag_id: str, repository: Repository) -> str:
    near = tasks.nearest(dag_id, repository.owners) if dag_id not in repository.owners else ""
    return f" (is it {near!r}?)" if near else ""


RULES = (
    Rule(
        "unknown-dag-reference",
        "dag",
        WARNING,
        "a trigger or a sensor names a DAG or a task that there is not",
        """\
What it does
  Looks up the ids in TriggerDagRunOperator and ExternalTaskSensor among all DAGs of the repository, where all of them
  were loaded. Templates are left out, and DAGs in elsewhere = [...] under [tool.dagguard.rules.unknown-dag-reference].

Why is this bad
  A sensor on a task that was renamed waits for a week, and nobody notices that its DAG has not run.

Example
  ExternalTaskSensor(task_id="wait", external_dag_id="sales", external_task_id="lod")

Use instead
  ExternalTaskSensor(task_id="wait", external_dag_id="sales", external_task_id="load")
""",
        unknown_dag_reference,
        whole=True,
    ),
)
