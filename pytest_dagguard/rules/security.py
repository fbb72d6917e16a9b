"""Rules about secrets and shells."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import ERROR, WARNING, Rule, Subject
from pytest_dagguard.rules._source.index import Function, Index, index_of, keyword, last_name
from pytest_dagguard.rules._source.secrets import kinds_of
from pytest_dagguard.rules._source.tasks import operators
from pytest_dagguard.rules._source.tell import finding
from pytest_dagguard.rules._source.texts import UNKNOWN, literal, text_of

SECRET_TEXT = """\
What it does
  Looks for passwords, keys and tokens that are written out in the arguments of operators, in their env, headers and
  connections' URIs. The patterns are those of detect-secrets. Templates, placeholders and names of secrets that lie
  elsewhere are no findings.

Why is this bad
  Everybody who can read the repository or the rendered template in Airflow's interface has the secret, and it stays
  in the history of the repository after it was taken out.

Example
  KubernetesPodOperator(task_id="load", env_vars={"DB_PASSWORD": "s3cr3t-of-prod"}, ...)

Use instead
  KubernetesPodOperator(task_id="load", secrets=[Secret("env", "DB_PASSWORD", "warehouse", "password")], ...)
"""
BASH_TEXT = """\
What it does
  Looks for params and dag_run.conf that are rendered into a shell command outside of quotes.

Why is this bad
  Whoever may trigger the DAG chooses the text, and the shell reads it as code: a value of "x; rm -rf /data" is
  carried out with the worker's rights. A blank or a star in a harmless value breaks the command as well.

Example
  BashOperator(task_id="copy", bash_command="cp {{ params.name }} /data/")

Use instead
  BashOperator(task_id="copy", bash_command='cp "$NAME" /data/', env={"NAME": "{{ params.name }}"}, append_env=True)
"""
_SECRET_WHY = "Everybody who can read the repository or the rendered arguments has it, and it stays in the history."
_SECRET_FIX = (
    "Make the secret invalid, and take the new one from a connection, a secrets backend or a Kubernetes secret."
)
_BASH_WHY = "Whoever triggers the DAG chooses this text, and the shell reads it as code."
_BASH_FIX = 'Hand it over as a variable: env={"NAME": "{{ params.name }}"} and "$NAME" in the command.'
_CONF = re.compile(r"\{\{-?\s*(?P<what>params\b|dag_run\.conf\b|conf\b(?=\s*[\[.]))[^}]*\}\}")
_QUOTED_BY_FILTER = re.compile(r"\|\s*(quote|shlex|tojson|int|float)\b")
_NAMED_OBJECTS = ("V1EnvVar", "V1SecretKeySelector", "EnvVar")


def secret_in_args(subject: Subject) -> Iterator[Finding]:
    """Secrets that are written out in operators' arguments."""
    if subject.source is None:
        return
    index = index_of(subject.source)
    found: list[tuple[str, str, str, ast.expr]] = []
    for operator in operators(index):
        for each in operator.call.keywords:
            if each.arg and each.arg not in ("task_id", "doc_md", "python_callable"):
                for name, node in _texts(index, each.arg, each.value, operator.function, 4):
                    text = text_of(index, node, operator.function)
                    if len(text) >= 6 and UNKNOWN not in text:
                        found.append((operator.task_id, name, text, node))
    for (task, name, _, node), kind in zip(found, kinds_of([each[1:3] for each in found]), strict=True):
        if kind:
            message = f"{name} of {task} has a secret written out ({kind}, says detect-secrets)."
            yield finding("secret-in-args", index, node, message, _SECRET_WHY, _SECRET_FIX)


def _texts(
    index: Index, name: str, node: ast.expr, function: Function | None, deep: int
) -> Iterator[tuple[str, ast.expr]]:
    """Each text in an argument, with the name that it stands under."""
    if deep <= 0:
        return
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            yield from _texts(index, literal(key) or name, value, function, deep - 1)
    elif isinstance(node, ast.List | ast.Tuple):
        for each in node.elts:
            yield from _texts(index, name, each, function, deep - 1)
    elif isinstance(node, ast.Call):
        if last_name(node.func) in _NAMED_OBJECTS:
            given = keyword(node, "value")
            if given is not None:
                yield literal(keyword(node, "name")) or name, given
    elif isinstance(node, ast.Name):
        values = index.bound(node.id, function)
        if len(values) == 1:
            yield from _texts(index, name, values[0], function, deep - 1)
    elif isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp):
        yield name, node


def bash_injection(subject: Subject) -> Iterator[Finding]:
    """Values of whoever triggers the DAG in a shell command, outside of quotes."""
    if subject.source is None:
        return
    index = index_of(subject.source)
    for operator in operators(index):
        for each in operator.call.keywords:
            if each.arg not in ("bash_command", "command") or operator.name.startswith("Docker"):
                continue
            text = text_of(index, each.value, operator.function)
            for match in _CONF.finditer(text):
                if not _is_quoted(text[: match.start()]) and not _QUOTED_BY_FILTER.search(match.group()):
                    message = f"{operator.task_id} renders {match.group()} into its command outside of quotes."
                    yield finding("bash-injection", index, each.value, message, _BASH_WHY, _BASH_FIX)
                    break


def _is_quoted(before: str) -> bool:
    """True where a shell that has read this text is inside of quotes."""
    quote = ""
    escaped = False
    for letter in re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", before, flags=re.DOTALL):
        if escaped:
            escaped = False
        elif letter == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
    return bool(quote)


RULES = (
    Rule(
        "secret-in-args",
        "file",
        ERROR,
        "a password, key or token is written out in an operator's arguments",
        SECRET_TEXT,
        secret_in_args,
    ),
    Rule(
        "bash-injection",
        "file",
        WARNING,
        "a value of whoever triggers the DAG is rendered into a shell command without quotes",
        BASH_TEXT,
        bash_injection,
    ),
)
