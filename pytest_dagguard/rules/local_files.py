"""Rules about files on the worker's own disk."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import WARNING, Rule, Subject
from pytest_dagguard.rules._source.index import Function, Index, argument, index_of, last_name
from pytest_dagguard.rules._source.tasks import operators, reached, task_functions
from pytest_dagguard.rules._source.tell import finding
from pytest_dagguard.rules._source.texts import UNKNOWN, mode_of, shown, text_of

TEXT = """\
What it does
  Looks for a path on the worker's disk that one task writes and another one reads: in Python, in shell commands, in
  arguments of operators that upload or download. A file that the same task writes and reads, and one on a shared
  mount (/mnt, /efs, /nfs, /dbfs, /gcs, /home/airflow/gcs), are no findings.

Why is this bad
  Two tasks of a run are not promised the same machine, and a retry is not either. With one worker it works; with the
  second one the reader finds no file, or yesterday's.

Example
  @task
  def extract():
      fetch().to_csv("/tmp/sales.csv")

  @task
  def load():
      frame = pandas.read_csv("/tmp/sales.csv")

Use instead
  fetch().to_csv(f"s3://staging/{run_id}/sales.csv")       # and hand on the key
"""
_WHY = "Two tasks of a run may run on two machines, and a retry on a third; the file is on the first one alone."
_FIX = "Write to an object store under a name of the run and hand on the key, or make one task of the two."
_LOCAL = ("/tmp/", "/var/tmp/", "./", "~/", "/home/", "/root/", "/opt/", "/usr/local/airflow/")
_SHARED = ("/home/airflow/gcs/", "/opt/airflow/shared/")
"""Of Cloud Composer, a bucket that is mounted on each worker."""
_PATH = re.compile(r"^(/|\./|~/)[\w.\-/{}$: ~" + UNKNOWN + r"]+$")
_SHELL_WRITES = re.compile(r"(?:>>?|\s-o|\s--output|\btee(?:\s+-a)?)\s*['\"]?(/[\w.\-/{}$]+)")
_SHELL_TARGETS = re.compile(
    r"(?:gsutil[^;&|\n]*\bcp|aws\s+s3\s+cp|\bcp|\bmv)\s[^;&|\n]*\s['\"]?(/[\w.\-/{}$]+)['\"]?\s*(?:$|[;&|\n])"
)
_SHELL_PATHS = re.compile(r"(?<![\w:/.>])(/[\w.\-/{}$]+)")
_READERS = {"read_csv": 0, "read_parquet": 0, "read_json": 0, "read_excel": 0, "read_table": 0, "read_pickle": 0}
_WRITERS = {"to_csv": 0, "to_parquet": 0, "to_json": 0, "to_excel": 0, "to_pickle": 0, "to_feather": 0}
_READ_ARGUMENTS: dict[str, tuple[int, str]] = {
    "upload_file": (0, "Filename"),
    "load_file": (0, "filename"),
    "upload_from_filename": (0, "filename"),
}
_WRITE_ARGUMENTS: dict[str, tuple[int, str]] = {
    "download_file": (-1, "local_path"),
    "download_to_filename": (0, "filename"),
    "download_blob_to_file": (0, "filename"),
    "retrieve_file": (1, "local_full_path"),
    "urlretrieve": (1, "filename"),
}


@dataclass(frozen=True, slots=True)
class _Use:
    task: str
    path: str
    writes: bool
    index: Index
    node: ast.AST


def local_file_handoff(subject: Subject) -> Iterator[Finding]:
    """Paths that one task writes and another one reads."""
    if subject.source is None:
        return
    uses = [*_in_functions(subject), *_in_operators(index_of(subject.source))]
    writers: dict[str, list[str]] = {}
    for each in uses:
        if each.writes:
            writers.setdefault(each.path, []).append(each.task)
    told: set[tuple[str, str]] = set()
    for each in uses:
        others = writers.get(each.path, [])
        if each.writes or not others or each.task in others or (each.task, each.path) in told:
            continue
        told.add((each.task, each.path))
        message = f"{each.task} reads {shown(each.path)}, which {others[0]} writes to the disk of its own worker."
        yield finding("local-file-handoff", each.index, each.node, message, _WHY, _FIX, resource=shown(each.path))


def _in_functions(subject: Subject) -> Iterator[_Use]:
    for task in task_functions(subject):
        for index, function in reached(subject, task):
            for call in index.calls_in(function):
                node, writes = _argument(index, call, function)
                path = text_of(index, node, function) if node is not None else ""
                if _is_local(path):
                    yield _Use(task.name, path, writes, index, call)


def _argument(index: Index, call: ast.Call, function: Function) -> tuple[ast.expr | None, bool]:
    """The path that a call reads or writes, and whether it writes."""
    name = last_name(call.func)
    if name == "open" and isinstance(call.func, ast.Name):
        return argument(call, 0, "file"), mode_of(call)[:1] in ("w", "a", "x")
    if name in _READERS or name in _WRITERS:
        return argument(call, 0, "filepath_or_buffer", "path_or_buf", "path", "io"), name in _WRITERS
    for known, writes in ((_READ_ARGUMENTS, False), (_WRITE_ARGUMENTS, True)):
        if name in known:
            position, named = known[name]
            return argument(call, position, named), writes
    if name in ("write_text", "write_bytes", "read_text", "read_bytes") and isinstance(call.func, ast.Attribute):
        return call.func.value, name.startswith("write")
    return None, False


def _in_operators(index: Index) -> Iterator[_Use]:
    for operator in operators(index):
        for each in operator.call.keywords:
            text = text_of(index, each.value, operator.function)
            if each.arg == "bash_command":
                written = set(_SHELL_WRITES.findall(text)) | set(_SHELL_TARGETS.findall(text))
                for path in sorted(written | set(_SHELL_PATHS.findall(text))):
                    if _is_local(path):
                        yield _Use(operator.task_id, path, path in written, index, each.value)
            elif _is_local(text):
                reads = operator.name.startswith("LocalFilesystemTo") and each.arg in ("src", "filename", "file_path")
                reads = reads or (operator.name.startswith("SFTP") and each.arg == "local_filepath")
                writes = operator.name.endswith(("ToLocalFilesystemOperator", "ToLocalOperator")) and each.arg in (
                    "filename",
                    "dst",
                    "local_path",
                )
                if reads or writes:
                    yield _Use(operator.task_id, text, writes, index, operator.call)


def _is_local(path: str) -> bool:
    name = path.rpartition("/")[2].replace(UNKNOWN, "")
    return bool(_PATH.match(path)) and path.startswith(_LOCAL) and not path.startswith(_SHARED) and len(name) > 2


RULES = (
    Rule(
        "local-file-handoff",
        "file",
        WARNING,
        "one task reads a file that another one left on its worker's disk",
        TEXT,
        local_file_handoff,
    ),
)
