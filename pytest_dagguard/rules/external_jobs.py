"""Jobs outside of Airflow: is somebody waiting for them, and at what price?"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import ERROR, INFO, WARNING, Rule, Subject
from pytest_dagguard.rules import _tasks as tasks
from pytest_dagguard.rules._jobs.awaited import awaited
from pytest_dagguard.rules._jobs.pairing import sensor_for
from pytest_dagguard.rules._jobs.waiting import Waiting, waiting


def fire_and_forget_job(subject: Subject) -> Iterator[Finding]:
    """Jobs that are started, and that nothing waits for."""
    assert subject.dag is not None
    for task in subject.dag.tasks:
        found = waiting(task)
        if found is None or found.waits is not False or task.is_teardown or awaited(subject.dag, task):
            continue
        yield tasks.finding(
            "fire-and-forget-job",
            task,
            f"{tasks.label(task)} starts a job and does not wait for it: {found.quoted}; no task after it is a sensor"
            " or can defer itself",
            why="The task succeeds as soon as the job is accepted. Whether the job fails, or ends after the tasks that"
            " read its output, nobody sees.",
            fix=_least_change(task, found),
        )


def _least_change(task: Task, found: Waiting) -> str:
    sensor = sensor_for(task)
    ways = []
    if found.can_defer:
        ways.append("deferrable=True, which waits without a worker")
    elif found.switch:
        ways.append(f"{_on(found)}, which waits in the worker")
    if sensor:
        ways.append(f'a {sensor}(..., mode="reschedule") after it, given its XCom {task.task_id!r}')
    elif not ways:
        ways.append("a sensor after it that polls the job by the id in its XCom")
    if found.can_defer and found.switch != "deferrable":
        ways.append(f"{_on(found)}, which waits in the worker")
    return f"Least change: {ways[0]}." + (f" Or {'; or '.join(ways[1:])}." if ways[1:] else "")


def _on(found: Waiting) -> str:
    if found.switch == "asynchronous":
        return "asynchronous=False"
    if found.switch == "polling_interval":
        return "polling_interval=30"
    return f"{found.switch}={'WaitPolicy.WAIT_FOR_COMPLETION' if found.switch == 'wait_policy' else True}"


def child_dag_not_awaited(subject: Subject) -> Iterator[Finding]:
    """Runs of other DAGs that are triggered, and that nothing waits for."""
    assert subject.dag is not None
    for task in subject.dag.tasks:
        if not task.is_a(tasks.TRIGGER) or awaited(subject.dag, task):
            continue
        value = task.arguments.get("wait_for_completion")
        if value in (False, None, "", "False", "false") and not task.arguments.get("deferrable"):
            child = task.arguments.get("trigger_dag_id")
            yield tasks.finding(
                "child-dag-not-awaited",
                task,
                f"{tasks.label(task)} triggers {child!r} and does not wait for it: wait_for_completion={value!r}",
                why="The parent is green whatever becomes of the child; and what follows may read what it has not"
                " written yet.",
                fix="Least change: wait_for_completion=True with deferrable=True. Or an ExternalTaskSensor after it."
                " Where the child is to go its own way, say so:"
                " # dagguard: ignore[child-dag-not-awaited] the reason",
            )


def heavy_blocking_wait(subject: Subject) -> Iterator[Finding]:
    """Tasks that hold a worker slot while a job runs elsewhere, although they need not."""
    assert subject.dag is not None
    for task in subject.dag.tasks:
        found = waiting(task)
        sensor = sensor_for(task)
        if found is None or not found.blocks or not (found.can_defer or sensor):
            continue
        if found.can_defer:
            fix = "Least change: deferrable=True; the triggerer waits, and no worker is held."
            if found.can_resume and not task.arguments.get("durable"):
                fix += " Where there is no triggerer: durable=True, so that a retry finds the job again."
        else:
            switch = f"{found.switch}={'True' if found.switch == 'asynchronous' else 'False'}"
            fix = f'Least change: {switch}, and after it a {sensor}(..., mode="reschedule").'
        how = "deferrable=False" if found.can_defer else found.quoted
        yield tasks.finding(
            "heavy-blocking-wait",
            task,
            f"{tasks.label(task)} waits in the worker until the job has ended: {how}",
            why="A worker slot is held for as long as the job runs. A worker that dies meanwhile takes the task with"
            " it, and the retry may start the job once more.",
            fix=fix,
        )


_BEFORE = """\
What it does
  Reads from each operator whether it waits for the job that it starts: from the instance, so from whatever the call,
  default_args or a subclass has set. An operator that does not wait needs a sensor, or a task that can defer itself,
  somewhere after it. Python code that is given the job's id gets the benefit of the doubt. Operators that end something
  or set up infrastructure are left out.
"""

RULES = (
    Rule(
        "fire-and-forget-job",
        "dag",
        ERROR,
        "a job is started and nothing waits for it",
        _BEFORE
        + """
Why is this bad
  The task is green as soon as the job is accepted: whether it fails, or ever ends, nobody sees. A Dataflow job of BBC
  Datalab went on for 3 days and 5 hours; a job status sensor after the task that creates it mended that.

Example
  EmrAddStepsOperator(task_id="add_steps", job_flow_id=cluster, steps=STEPS)

Use instead
  steps = EmrAddStepsOperator(task_id="add_steps", job_flow_id=cluster, steps=STEPS, deferrable=True)
""",
        fire_and_forget_job,
    ),
    Rule(
        "child-dag-not-awaited",
        "dag",
        WARNING,
        "another DAG is triggered and nothing waits for it",
        """\
What it does
  Looks for TriggerDagRunOperator without wait_for_completion and without deferrable, that has no sensor after it.

Why is this bad
  The parent succeeds whatever becomes of the child. Where the child's output is read further on, it may not be there.
  To wait in the worker is no way out: KAKEHASHI's waiting task became a zombie, and its retry started the child again.

Example
  TriggerDagRunOperator(task_id="child", trigger_dag_id="child")

Use instead
  TriggerDagRunOperator(task_id="child", trigger_dag_id="child", wait_for_completion=True, deferrable=True)
""",
        child_dag_not_awaited,
    ),
    Rule(
        "heavy-blocking-wait",
        "dag",
        INFO,
        "a worker slot is held while a job runs elsewhere",
        """\
What it does
  Tells of operators that wait for their job inside the worker, although they could be deferred, or a sensor for such
  jobs exists.

Why is this bad
  The slot is paid for and does nothing. The longer it is held, the likelier the worker is replaced meanwhile: the task
  becomes a zombie, and its retry may start the job again, or be refused as KAKEHASHI's was by Glue while the first run
  went on.

Example
  GlueJobOperator(task_id="load", job_name="load_sales")

Use instead
  GlueJobOperator(task_id="load", job_name="load_sales", deferrable=True)
""",
        heavy_blocking_wait,
    ),
)
