"""Plugins, and how code is shared."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import ERROR, Rule, Source, Subject

ALLOWED = ("apache-airflow", "astronomer-cosmos", "astronomer-providers", "openlineage-airflow")
"""Distributions whose plugins are theirs to bring: providers and what is built like one."""


def no_airflow_plugins(subject: Subject) -> Iterator[Finding]:
    """Classes of ``AirflowPlugin`` in the plugins folders, and entry points of distributions that are no providers."""
    repository = subject.repository
    allowed = tuple(repository.settings.get("no-airflow-plugins", {}).get("allow", ())) or ALLOWED
    folders = [Path(each) for each in repository.environment.get("plugins_folders", ())]
    for source in repository.sources.values():
        if any(source.path.is_relative_to(each) for each in folders):
            for node in _plugins(source):
                yield Finding(
                    "no-airflow-plugins",
                    f"{node.name} is an Airflow plugin",
                    resource=node.name,
                    file=source.name,
                    line=node.lineno,
                    why="Every scheduler, worker and web server imports it at its start; one that breaks, or that is"
                    " uploaded half, takes all DAGs with it, and DAG serialization sees another class than the worker.",
                    fix="Make what it shares a plain package that DAGs import, installed with the image. Where Airflow"
                    " offers no other way (a timetable, a listener), say so:"
                    f" # dagguard: ignore[no-airflow-plugins] {node.name} is a timetable",
                )
    for each in repository.environment.get("plugins", ()):
        owner = each["distribution"]
        if not owner.startswith(allowed):
            yield Finding(
                "no-airflow-plugins",
                f"the installed package {owner or '?'} brings the Airflow plugin {each['name']} ({each['value']})",
                resource=each["name"],
                why="Every part of Airflow imports it at its start, and one that breaks takes all DAGs with it.",
                fix="Leave the package out, or allow it in pyproject.toml:"
                f' [tool.dagguard.rules.no-airflow-plugins] allow = ["{owner}"].',
            )


def _plugins(source: Source) -> Iterator[ast.ClassDef]:
    if source.tree is None or "AirflowPlugin" not in source.text:
        return
    names = {"AirflowPlugin"}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom):
            names |= {each.asname or each.name for each in node.names if each.name == "AirflowPlugin"}
        elif isinstance(node, ast.ClassDef) and any(_last(base) in names for base in node.bases):
            names.add(node.name)
            yield node


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


RULES = (
    Rule(
        "no-airflow-plugins",
        "repository",
        ERROR,
        "an Airflow plugin of one's own",
        """\
What it does
  Looks for classes that derive from AirflowPlugin in the plugins folder, and for entry points of the group
  airflow.plugins in installed packages. Providers may bring plugins; what else may, says allow under
  [tool.dagguard.rules.no-airflow-plugins].

Why is this bad
  Plugins were made to extend Airflow, and are often used to share code. BBC Datalab did: deployments broke, uploads of
  plugins and DAGs were out of step, serialized DAGs met other classes than they were made with.

Example
  plugins/our_operators.py:
    class OurPlugin(AirflowPlugin):
        name = "our_plugin"
        operators = [OurOperator]

Use instead
  A package that DAGs import, installed where Airflow runs:
    from our_package.operators import OurOperator
""",
        no_airflow_plugins,
    ),
)
