"""Rules about configuration: where a DAG file takes names of buckets, projects and hosts from."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import INFO, OFF, Rule, Source, Subject
from pytest_dagguard.rules._source.index import Index, index_of
from pytest_dagguard.rules._source.tasks import operators
from pytest_dagguard.rules._source.tell import finding
from pytest_dagguard.rules._source.texts import literal, shown, text_of, varies

ENVIRONMENT_TEXT = """\
What it does
  Looks for os.environ and os.getenv that are read in a DAG file. Off by default, since Airflow's own best practices
  recommend environment variables; select it where your configuration lives elsewhere.

Why is this bad
  The variables of scheduler, DAG processor, workers and pods are set in four places, and a DAG that differs between
  them is hard to explain. BBC Datalab had a variable for each environment and could no longer tell what a DAG ran
  with; configuration files that are loaded into Airflow Variables mended it.

Example
  BUCKET = os.environ["SALES_BUCKET"]

Use instead
  bucket = "{{ var.value.sales_bucket }}"       # rendered when the task runs, the same for all components
"""
ENDPOINT_TEXT = """\
What it does
  Looks for a bucket, project, account, host or URL that is written out in an operator's arguments. Names that begin
  with example or test, and local addresses, are no findings.

Why is this bad
  The DAG cannot run in another environment without being changed, and a test of it reaches for the real thing.

Example
  GCSToBigQueryOperator(task_id="load", bucket="acme-prod-sales", ...)

Use instead
  GCSToBigQueryOperator(task_id="load", bucket="{{ var.value.sales_bucket }}", ...)
"""
REPEATED_TEXT = """\
What it does
  Looks for the same bucket, project, storage path or image that is written out in three or more DAG files.

Why is this bad
  A bucket that moves has to be found in every file, and the file that was forgotten goes on writing to the old one.
  BBC Datalab had the same constants in many DAGs, and paths that were hard to find.

Example
  image="gcr.io/acme/train:1.4"                 # in dags/train.py, dags/score.py and dags/report.py

Use instead
  from acme_dags.names import TRAIN_IMAGE       # said once, beside the DAG files
"""
_ENVIRONMENT_WHY = (
    "The environment is set apart for each component, so what the DAG runs with cannot be read in one place."
)
_ENVIRONMENT_FIX = "Take it from an Airflow Variable or connection, in a template or inside the task."
_ENDPOINT_WHY = "The DAG runs in this one environment only, and a test of it reaches for the real thing."
_ENDPOINT_FIX = 'Take it from a Variable or a connection: "{{ var.value.sales_bucket }}".'
_REPEATED_WHY = "When it moves it has to be found in every file, and a file that is forgotten goes on with the old one."
_REPEATED_FIX = "Say it once, in a module beside the DAG files or in a Variable, and refer to it."
_NAMED = re.compile(
    r"^(\w+_)?(bucket|bucket_name|bucket_key|project|project_id|account|account_id|account_name|host|hostname|endpoint|"
    r"endpoint_url|url|registry|role_arn|execution_role_arn|cluster_arn)$"
)
_STORAGE = re.compile(r"^(s3a?|gs|abfss?|wasbs?|hdfs)://[\w.\-]+")
_ARN = re.compile(r"^arn:aws[\w-]*:[^:]*:[^:]*:\d{12}:")
_IMAGE = re.compile(r"^[\w.\-]+\.[\w.\-]+(:\d+)?/[\w.\-/]+(:[\w.\-]+)?$")
_PUBLIC = re.compile(
    r"^((https?|s3a?|gs)://)?(example|test|sample|localhost|127\.|public|bigquery-public|gcp-public|commoncrawl|noaa|"
    r"registry\.example|api\.example|www\.example)|\.amazonaws\.com/?$|^default$|^$",
    re.IGNORECASE,
)
_FEWEST = 3


def env_var_config(subject: Subject) -> Iterator[Finding]:
    """Environment variables that a DAG file reads."""
    if subject.source is None or subject.source.tree is None:
        return
    index = index_of(subject.source)
    if not any(each == "os" or each.startswith("os.") for each in index.imports.values()):
        return
    for node in ast.walk(subject.source.tree):
        name = _variable(index, node)
        if name is not None:
            message = f"The environment variable {name or 'that is read here'} decides what the DAG does."
            yield finding("env-var-config", index, node, message, _ENVIRONMENT_WHY, _ENVIRONMENT_FIX)


def _variable(index: Index, node: ast.AST) -> str | None:
    """The variable that a node reads, empty where its name is not told; None for anything else."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        return (literal(node.slice) or "") if index.dotted(node.value) == "os.environ" else None
    if isinstance(node, ast.Call) and index.dotted(node.func) in ("os.getenv", "os.environ.get"):
        return (literal(node.args[0]) or "") if node.args else ""
    return None


def hardcoded_endpoint(subject: Subject) -> Iterator[Finding]:
    """Buckets, projects, accounts, hosts and URLs in operators' arguments."""
    if subject.source is None:
        return
    index = index_of(subject.source)
    for operator in operators(index):
        for each in operator.call.keywords:
            text = text_of(index, each.value, operator.function)
            if each.arg and not varies(text) and _is_endpoint(each.arg, text):
                message = f"{operator.task_id} has {each.arg} written out: {shown(text)}."
                yield finding("hardcoded-endpoint", index, each.value, message, _ENDPOINT_WHY, _ENDPOINT_FIX, text)


def _is_endpoint(name: str, text: str) -> bool:
    if _PUBLIC.search(text) or text in ("None", "True", "False"):
        return False
    if _STORAGE.match(text) or _ARN.match(text) or re.match(r"^https?://", text):
        return True
    return bool(_NAMED.match(name)) and bool(re.match(r"^[\w.\-:/]+$", text)) and not text.startswith("/")


def repeated_literal(subject: Subject) -> Iterator[Finding]:
    """Names of buckets, projects, paths and images that several DAG files write out."""
    repository = subject.repository
    loaded = {each.path for each in repository.files}
    places: dict[str, list[tuple[str, int]]] = {}
    for source in repository.sources.values():
        if not loaded or str(source.path) in loaded:
            for text, node in _named_things(source):
                places.setdefault(text, []).append((source.name, node.lineno))
    for text, found in sorted(places.items()):
        files = sorted({name for name, _ in found})
        if len(files) >= _FEWEST:
            others = ", ".join(files[1:4]) + (f" and {len(files) - 4} more" if len(files) > 4 else "")
            message = f"{shown(text)} is written out in {len(files)} DAG files, also in {others}."
            first = repository.sources[files[0]]  # not kept until here: it would be one for each file that there is
            index, node = index_of(first), min(_places_of(text, first), key=lambda each: each.lineno)
            yield finding("repeated-literal", index, node, message, _REPEATED_WHY, _REPEATED_FIX, text)


def _places_of(text: str, source: Source) -> list[ast.expr]:
    return [node for each, node in _named_things(source) if each == text]


def _named_things(source: Source) -> Iterator[tuple[str, ast.expr]]:
    index = index_of(source)
    for call in index.every_call():
        for each in call.keywords:
            text = literal(each.value)
            if text and each.arg and (_is_name(each.arg, text) and not _PUBLIC.search(text)):
                yield text, each.value
    for name, values in index.bindings.get(None, {}).items():
        for value in values:
            text = literal(value)
            if text and not _PUBLIC.search(text) and (_is_name(name.lower(), text)):
                yield text, value


def _is_name(name: str, text: str) -> bool:
    if "{{" in text or len(text) < 4:
        return False
    if name == "image" or name.endswith("_image"):
        return bool(_IMAGE.match(text))
    return bool(_STORAGE.match(text)) or (bool(_NAMED.match(name)) and bool(re.match(r"^[\w.\-]+$", text)))


RULES = (
    Rule(
        "env-var-config",
        "file",
        OFF,
        "a DAG file takes its configuration from the environment",
        ENVIRONMENT_TEXT,
        env_var_config,
    ),
    Rule(
        "hardcoded-endpoint",
        "file",
        INFO,
        "a bucket, project, account or host is written out in an operator",
        ENDPOINT_TEXT,
        hardcoded_endpoint,
    ),
    Rule(
        "repeated-literal",
        "repository",
        INFO,
        "the same bucket, project, path or image is written out in several DAG files",
        REPEATED_TEXT,
        repeated_literal,
    ),
)
