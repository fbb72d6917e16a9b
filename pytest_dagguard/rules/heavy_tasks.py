"""Rules about work that a task does in the worker itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import WARNING, Rule, Subject
from pytest_dagguard.rules._source.index import Function, Index, last_name
from pytest_dagguard.rules._source.tasks import TaskFunction, reached, task_functions
from pytest_dagguard.rules._source.tell import finding

TEXT = """\
What it does
  Looks for a PythonOperator or @task that processes data in the worker: pandas or polars that read, join or
  concatenate, Spark, torch, tensorflow, scikit-learn, whole query results, and objects that are copied one by one
  through the worker. Tasks that run in a container of their own (@task.docker, @task.kubernetes) are no findings.

Why is this bad
  Workers are shared. A task that takes their memory gets other tasks killed with it, and one that takes their time
  keeps others waiting. BBC Datalab copied thousands of small objects in a PythonOperator: ten minutes, on a bad day
  three hours, and after a time-out from the start. At Posedio an export in a PythonOperator had workers replaced
  under memory pressure, and tasks died half way.

Example
  @task
  def join():
      left, right = pandas.read_parquet(LEFT), pandas.read_parquet(RIGHT)
      left.merge(right).to_parquet(JOINED)

Use instead
  join = KubernetesPodOperator(task_id="join", image="acme/join:1.4", ...)    # or the warehouse, Dataflow, Glue, EMR
"""
_WHY = (
    "The worker is shared: a task that takes its memory gets other tasks killed with it, and after a kill it begins "
    "again."
)
_FIX = "Leave the work to a pod, a job or the warehouse, and let the task submit it and wait."
_APART = ("task.docker", "task.kubernetes", "task.kubernetes_cmd", "task.pyspark", "task.snowpark")
_ENGINES = frozenset(
    {"pyspark", "torch", "tensorflow", "keras", "sklearn", "xgboost", "lightgbm", "catboost", "transformers", "dask"}
)
_FRAMES = ("pandas", "polars", "geopandas", "modin", "awswrangler", "pyarrow")
_READS = ("read_", "scan_", "concat", "merge", "json_normalize")
_WHOLE_RESULTS = frozenset(
    {"get_pandas_df", "get_df", "get_pandas_df_by_chunks", "get_polars_df", "to_dataframe", "toPandas"}
)
_DEEP = 4
_ALL_ROWS = frozenset({"fetchall", "get_records"})
_FILE_PUTS = frozenset({"upload_file", "load_file", "upload_from_filename", "upload_from_file"})
_LISTINGS = frozenset(
    {"list_keys", "list_blobs", "list_objects", "list_objects_v2", "list", "paginate", "list_prefixes"}
)
_GETS = frozenset(
    {"read_key", "get_object", "get_key", "download_as_string", "download_as_bytes", "download", "download_fileobj"}
)
_PUTS = frozenset(
    {"load_string", "load_bytes", "put_object", "upload", "upload_from_string", "upload_fileobj", "load_file_obj"}
)


def heavy_python_task(subject: Subject) -> Iterator[Finding]:
    """Tasks that process data in the worker; the first place of each."""
    for task in task_functions(subject):
        if task.kind not in _APART:
            yield from _first(subject, task)


def _first(subject: Subject, task: TaskFunction) -> Iterator[Finding]:
    for index, function in reached(subject, task):
        for call in index.calls_in(function):
            what = _heavy(index, call)
            if what:
                yield finding(
                    "heavy-python-task", index, call, f"{task.name} processes data in the worker: {what}.", _WHY, _FIX
                )
                return
        for place, what in ((_copying(index, function), "objects one by one"), (_export(index, function), "all rows")):
            if place is not None:
                message = f"{task.name} copies {what} through the worker."
                yield finding("heavy-python-task", index, place, message, _WHY, _FIX)
                return


def _heavy(index: Index, call: ast.Call) -> str:
    """What a call processes with, empty where it does nothing heavy."""
    name = index.dotted(call.func)
    package, _, rest = name.partition(".")
    if index.imported(call.func):
        if package in _ENGINES and not last_name(call.func).endswith(("Error", "Exception")):
            return name
        if package in _FRAMES and rest.rpartition(".")[2].startswith(_READS):
            return name
    if last_name(call.func) in _WHOLE_RESULTS and isinstance(call.func, ast.Attribute):
        return f"{last_name(call.func)}() brings the whole result here"
    return ""


def _copying(index: Index, function: Function) -> ast.AST | None:
    """A loop over a listing that gets each object and puts it elsewhere."""
    if isinstance(function, ast.Lambda):
        return None
    for loop in ast.walk(function):
        if not isinstance(loop, ast.For | ast.AsyncFor):
            continue
        called = {last_name(each.func) for each in ast.walk(loop) if isinstance(each, ast.Call)}
        if called & _GETS and called & _PUTS and _is_listing(index, loop.iter, function):
            return loop
    return None


def _export(index: Index, function: Function) -> ast.Call | None:
    """The call that fetches all rows of a query, where the same function puts an object into a store."""
    calls = {last_name(call.func): call for call in index.calls_in(function) if isinstance(call.func, ast.Attribute)}
    fetched = next((calls[name] for name in sorted(_ALL_ROWS) if name in calls), None)
    return fetched if calls.keys() & (_PUTS | _FILE_PUTS) else None


def _is_listing(index: Index, node: ast.expr, function: Function, followed: frozenset[str] = frozenset()) -> bool:
    for each in ast.walk(node):
        if isinstance(each, ast.Call) and last_name(each.func) in _LISTINGS and isinstance(each.func, ast.Attribute):
            return True
        if isinstance(each, ast.Name) and each.id not in followed and len(followed) < _DEEP:
            values = index.bound(each.id, function)
            if any(_is_listing(index, value, function, followed | {each.id}) for value in values):
                return True
    return False


RULES = (
    Rule(
        "heavy-python-task",
        "file",
        WARNING,
        "a task processes data in the worker itself",
        TEXT,
        heavy_python_task,
    ),
)
