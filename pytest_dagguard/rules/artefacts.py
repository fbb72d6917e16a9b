"""Rules about results that tasks hand over: are they there, and does another run write the same ones?"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import INFO, WARNING, Rule, Subject
from pytest_dagguard.rules._source.index import Function, Index, index_of, keyword, last_name
from pytest_dagguard.rules._source.tasks import in_tasks, operators
from pytest_dagguard.rules._source.tell import finding
from pytest_dagguard.rules._source.texts import is_temporary, shown, text_of, varies
from pytest_dagguard.rules._source.writes import Write, operator_writes, writes_in

CONFIRMED_TEXT = """\
What it does
  Looks for a task that moves an object (copies it and deletes the source, mv in a shell, move_object=True) where
  nothing in the task, and no sensor of the file, looks whether the target is there.

Why is this bad
  Of a move that runs twice, or is killed half way, nothing may be left. BBC Datalab's retried task started a second
  pod; both removed the target and moved the source, and the model was gone. It was noticed downstream, by a missing
  object. A look at the end of the task fails where the fault is, while the source can still be had.

Example
  hook.copy("models", "new/model.pkl", "models", "live/model.pkl")
  hook.delete("models", "new/model.pkl")

Use instead
  hook.copy("models", "new/model.pkl", "models", "live/model.pkl")
  if not hook.exists("models", "live/model.pkl"):
      raise AirflowException("live/model.pkl is not there")
  hook.delete("models", "new/model.pkl")
"""
OVERLAP_TEXT = """\
What it does
  In a DAG whose runs may overlap (catchup=True, or max_active_runs above 1, as the file says) looks for tasks that
  write to a name with nothing of the run in it.

Why is this bad
  Two runs write the same object or table at once. What is left is that of the run that ended last, which need not be
  the later one, and a reader may see the halves of both.

Example
  with DAG("sales", schedule="@hourly", catchup=True):
      S3CreateObjectOperator(task_id="store", s3_bucket="clean", s3_key="sales/current.csv", ...)

Use instead
  S3CreateObjectOperator(task_id="store", s3_bucket="clean", s3_key="sales/{{ ts_nodash }}.csv", ...)
  # or max_active_runs=1, where one object is meant
"""
_CONFIRMED_WHY = "Of a move that runs twice or is killed half way nothing may be left, and the task says nothing of it."
_CONFIRMED_FIX = "At the end of the task look whether the target is there, or put a sensor for it after the task."
_OVERLAP_WHY = "Runs of this DAG may overlap; two of them then write the same target, and the last one to end wins."
_OVERLAP_FIX = "Put {{ ds }} or {{ run_id }} into the name, or set max_active_runs=1."
_COPIES = frozenset({"copy", "copy_object", "rewrite", "copy_blob", "cp", "copy_key"})
_DELETES = frozenset({"delete", "delete_object", "delete_objects", "delete_blob", "rm", "remove"})
_MOVES = frozenset({"rename_blob", "mv"})
_LOOKS = frozenset(
    {"exists", "check_for_key", "head_object", "stat", "get_blob", "reload", "isfile", "does_object_exist"}
)
_STORES = ("s3", "gcs", "gs", "storage", "bucket", "blob", "hook", "client", "wasb", "fs", "store")
_SHELL_MOVE = re.compile(r"\b(gsutil\s+(-\S+\s+)*mv|gcloud\s+storage\s+mv|aws\s+s3\s+mv)\b")
_SHELL_LOOK = re.compile(
    r"\b(gsutil\s+(-\S+\s+)*(stat|ls|-q\s+stat)|gcloud\s+storage\s+ls|aws\s+s3\s+ls|head-object)\b"
)
_SENSORS = re.compile(r"(Key|Existence|Prefix|Blob)\w*Sensor")


def artefact_not_confirmed(subject: Subject) -> Iterator[Finding]:
    """Moves whose target nobody looks for."""
    if subject.source is None:
        return
    index = index_of(subject.source)
    made = list(operators(index))
    if any(_SENSORS.search(each.name) for each in made):
        return
    for operator in made:
        node = _moved_by(index, operator.call, operator.function)
        if node is not None:
            message = f"{operator.task_id} moves objects, and nothing looks whether they have arrived."
            yield finding("artefact-not-confirmed", index, node, message, _CONFIRMED_WHY, _CONFIRMED_FIX)
    for task, where, function in in_tasks(subject):
        call = _moved_in(where, function)
        if call is not None:
            message = f"{task.name} moves an object, and nothing looks whether it has arrived."
            yield finding("artefact-not-confirmed", where, call, message, _CONFIRMED_WHY, _CONFIRMED_FIX)


def _moved_by(index: Index, call: ast.Call, function: Function | None) -> ast.expr | None:
    move = keyword(call, "move_object", "move_objects")
    if isinstance(move, ast.Constant) and move.value is True:
        return call
    command = keyword(call, "bash_command", "command", "arguments", "cmds")
    if command is None:
        return None
    parts = command.elts if isinstance(command, ast.List | ast.Tuple) else [command]
    text = " ".join(text_of(index, each, function) for each in parts)
    return command if _SHELL_MOVE.search(text) and not _SHELL_LOOK.search(text) else None


def _moved_in(index: Index, function: Function) -> ast.Call | None:
    """The call that copies, where the same function deletes the source and never looks for the target."""
    copied: ast.Call | None = None
    deleted = False
    for call in index.calls_in(function):
        name = last_name(call.func)
        if name in _LOOKS:
            return None
        if name not in _COPIES | _MOVES | _DELETES or not _is_of_a_store(call.func):
            continue
        if name in _COPIES or name in _MOVES:
            copied = copied or call
            deleted = deleted or name in _MOVES
        elif name in _DELETES and copied is not None:
            deleted = True
    return copied if deleted else None


def _is_of_a_store(node: ast.expr) -> bool:
    """True for a method of something whose name says that it is an object store."""
    if not isinstance(node, ast.Attribute):
        return False
    owner = ast.unparse(node.value).lower()
    return any(each in owner for each in _STORES) and not owner.startswith(("shutil", "os"))


def overlapping_runs_shared_target(subject: Subject) -> Iterator[Finding]:
    """Targets with nothing of the run in them, where the file lets runs overlap."""
    if subject.source is None:
        return
    index = index_of(subject.source)
    if not _may_overlap(index):
        return
    for operator in operators(index):
        for write in operator_writes(operator):
            yield from _shared(write, operator.task_id)
    for task, where, function in in_tasks(subject):
        for write in writes_in(where, function):
            yield from _shared(write, task.name)


def _shared(write: Write, task: str) -> Iterator[Finding]:
    text = text_of(write.index, write.target, write.function)
    if varies(text) or is_temporary(text) or not text.strip() or text.startswith(("/dev", "None")):
        return
    message = f"{task} writes to {shown(text)} in every run, and runs may overlap."
    yield finding(
        "overlapping-runs-shared-target", write.index, write.call, message, _OVERLAP_WHY, _OVERLAP_FIX, resource=text
    )


def _may_overlap(index: Index) -> bool:
    """True where each DAG of the file says that its runs may overlap."""
    made = [each for each in index.every_call() if last_name(each.func) in ("DAG", "dag")]
    return bool(made) and all(_overlaps(each) for each in made)


def _overlaps(call: ast.Call) -> bool:
    schedule = keyword(call, "schedule", "schedule_interval", "timetable")
    if isinstance(schedule, ast.Constant) and schedule.value is None:
        return False
    most = keyword(call, "max_active_runs")
    if most is not None:
        return isinstance(most, ast.Constant) and isinstance(most.value, int) and most.value > 1
    catchup = keyword(call, "catchup")
    return isinstance(catchup, ast.Constant) and catchup.value is True


RULES = (
    Rule(
        "artefact-not-confirmed",
        "file",
        INFO,
        "an object is moved and nobody looks whether it arrived",
        CONFIRMED_TEXT,
        artefact_not_confirmed,
    ),
    Rule(
        "overlapping-runs-shared-target",
        "file",
        WARNING,
        "runs that may overlap write to the same target",
        OVERLAP_TEXT,
        overlapping_runs_shared_target,
    ),
)
