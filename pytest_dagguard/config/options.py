"""The table of options. The command line, the environment, ``[tool.dagguard]`` and the reference text come from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from pytest_dagguard.config import behaviours, values
from pytest_dagguard.model.limits import Limits


class OptionGroup(Protocol):
    """As much of pytest's option group as is needed here."""

    def addoption(self, *names: str, **attributes: Any) -> None:
        """Add one flag, as argparse does."""


@dataclass(frozen=True, slots=True)
class Option:
    """One row of the table.

    :param name: of the value in :class:`~pytest_dagguard.config.settings.Settings`
    :param parse: makes the value from what the user wrote
    :param default: the value where nobody wrote anything
    :param help: one line
    :param flag: on the command line; empty where it has none
    :param key: in ``[tool.dagguard]``; empty where it has none
    :param variable: in the environment; empty where it has none
    :param metavar: what stands for the value in the help text
    :param action: argparse's name of what the flag does
    :param shown: the default as the reference shows it
    """

    name: str
    parse: values.Parser
    default: Any
    help: str
    flag: str = ""
    key: str = ""
    variable: str = ""
    metavar: str = ""
    action: str = "store"
    shown: str = field(default="")

    @property
    def dest(self) -> str:
        """Name under which pytest keeps what the flag was given."""
        return self.flag.lstrip("-").replace("-", "_")


OPTIONS: tuple[Option, ...] = (
    Option(
        "enabled",
        values.switch,
        False,
        "check the DAG repository, or just the DAG files that are named",
        flag="--dagguard",
        action="store_true",
        shown="off",
    ),
    Option(
        "only",
        values.half,
        "",
        "one half: rules or scenarios",
        flag="--dagguard-only",
        variable="DAGGUARD_ONLY",
        metavar="HALF",
        shown="both",
    ),
    Option(
        "scenarios",
        values.scenarios,
        values.SCENARIOS,
        "scenarios to run, with commas between them; all = every one",
        flag="--dagguard-scenarios",
        key="scenarios",
        variable="DAGGUARD_SCENARIOS",
        metavar="LIST",
        shown=",".join(values.SCENARIOS),
    ),
    Option(
        "budget",
        values.duration,
        10.0,
        "search time for each task and scenario (500ms, 10s, 2m); what is cut is said",
        flag="--dagguard-budget",
        key="budget",
        variable="DAGGUARD_BUDGET",
        metavar="DURATION",
        shown="10s",
    ),
    Option(
        "reports",
        values.reports,
        (),
        "write a report, for example json:dagguard.json; repeatable",
        flag="--dagguard-report",
        variable="DAGGUARD_REPORT",
        metavar="FORMAT:PATH",
        action="append",
        shown="none",
    ),
    Option(
        "compare",
        values.text,
        "",
        "JSON report of another run, such as under another Airflow: say what only one of the two finds",
        flag="--dagguard-compare",
        variable="DAGGUARD_COMPARE",
        metavar="REPORT",
        shown="none",
    ),
    Option(
        "strict",
        values.switch,
        False,
        "inconclusive and warnings fail",
        flag="--dagguard-strict",
        key="strict",
        variable="DAGGUARD_STRICT",
        action="store_true",
        shown="off",
    ),
    Option(
        "baseline",
        values.text,
        "",
        "file with known findings, which do not fail",
        flag="--dagguard-baseline",
        key="baseline",
        variable="DAGGUARD_BASELINE",
        metavar="FILE",
        shown="none",
    ),
    Option(
        "update_baseline",
        values.switch,
        False,
        "write what is found to the baseline instead of failing",
        flag="--dagguard-update-baseline",
        action="store_true",
        shown="off",
    ),
    Option(
        "changed",
        values.text,
        "",
        "only DAG files that changed since a git revision, and those that import what changed",
        flag="--dagguard-changed",
        metavar="REV",
        shown="all",
    ),
    Option(
        "init",
        values.switch,
        False,
        "write the seed files and configuration lines that the run was found to need, to be filled in",
        flag="--dagguard-init",
        action="store_true",
        shown="off",
    ),
    Option(
        "no_cache",
        values.switch,
        False,
        "load every DAG file, also where an earlier run with the same files and environment did",
        flag="--dagguard-no-cache",
        variable="DAGGUARD_NO_CACHE",
        action="store_true",
        shown="off",
    ),
    Option(
        "list_parts",
        values.switch,
        False,
        "list rules, scenarios, emulators and reports, with one line each",
        flag="--dagguard-list",
        action="store_true",
        shown="off",
    ),
    Option(
        "explain",
        values.text,
        "",
        "print the text of a rule, a scenario or a finding class",
        flag="--dagguard-explain",
        metavar="NAME",
        shown="none",
    ),
    Option(
        "replay",
        values.text,
        "",
        "repeat one finding exactly, by the token that was printed with it",
        flag="--dagguard-replay",
        metavar="TOKEN",
        shown="none",
    ),
    Option(
        "dags",
        values.texts,
        None,
        "folders and files with DAGs",
        key="dags",
        variable="DAGGUARD_DAGS",
        shown="dags/, else $AIRFLOW__CORE__DAGS_FOLDER",
    ),
    Option(
        "seed",
        values.text,
        "tests/dagguard",
        "folder with the input data",
        key="seed",
        variable="DAGGUARD_SEED",
        shown="tests/dagguard",
    ),
    Option(
        "logical_date",
        values.moment,
        values.moment("2024-01-01T00:00:00Z", values.Known((), ())),
        "logical date of the runs, ISO 8601; UTC where it names no zone",
        key="logical-date",
        variable="DAGGUARD_LOGICAL_DATE",
        shown="2024-01-01T00:00:00Z",
    ),
    Option(
        "auto_buckets",
        values.switch,
        True,
        "a bucket that is named and missing is created empty",
        key="auto-buckets",
        variable="DAGGUARD_AUTO_BUCKETS",
        shown="true",
    ),
    Option(
        "load_timeout",
        values.duration,
        30.0,
        "time that one DAG file may take to load",
        key="load-timeout",
        variable="DAGGUARD_LOAD_TIMEOUT",
        shown="30s",
    ),
    Option(
        "attempt_timeout",
        values.duration,
        60.0,
        "time that one attempt may take",
        key="attempt-timeout",
        variable="DAGGUARD_ATTEMPT_TIMEOUT",
        shown="60s",
    ),
    Option(
        "rules",
        values.rules,
        None,
        "table: which rules are looked for, and what their findings do",
        key="rules",
        shown="all",
    ),
    Option(
        "limits",
        values.limits,
        Limits(),
        "table: memory, processes, output and disk that one load or attempt may use",
        key="limits",
        shown="memory = 2GB, processes = 200, output = 64MB, disk = 1GB",
    ),
    Option(
        "stubs",
        values.texts,
        (),
        "modules to make up where they are missing (acme, acme.*), so that files load",
        key="stubs",
        shown="none",
    ),
    Option(
        "aliases",
        values.aliases,
        {},
        "table: old name of a module = new name; airflow-2 = true for all that Airflow 3 has moved",
        key="aliases",
        shown="none",
    ),
    Option(
        "allow",
        values.reasons,
        {},
        "table: effects that need not be idempotent, each with the reason",
        key="allow",
        shown="none",
    ),
    Option(
        "images",
        behaviours.images,
        {},
        "table: what a pod does, by its image: a function, run, succeed, fail or never-ends",
        key="images",
        shown="none",
    ),
    Option(
        "jobs",
        behaviours.jobs,
        {},
        "table: what an external job does (glue:nightly): a function, succeed, fail or never-ends",
        key="jobs",
        shown="succeed",
    ),
    Option(
        "children",
        behaviours.children,
        {},
        'table: what a child DAG run does, by its DAG: run, succeed or fail, perhaps "after 3h", or never-ends',
        key="children",
        shown="succeed after 10m",
    ),
    Option(
        "paths",
        values.texts,
        (),
        "extra folders to import from, before the others",
        key="paths",
        variable="DAGGUARD_PATHS",
        shown="none",
    ),
    Option(
        "env",
        values.variables,
        {},
        "table: environment variables to set for the DAGs",
        key="env",
        shown="none",
    ),
)


def add_options(group: OptionGroup) -> None:
    """Add every row that has a flag.

    Nothing is checked here and no default is set: None says that the flag was not given, so that
    :func:`~pytest_dagguard.config.settings.resolve` can look further.

    :param group: what ``parser.getgroup("dagguard")`` returned, or anything else with ``addoption``
    """
    for option in OPTIONS:
        if not option.flag:
            continue
        attributes: dict[str, Any] = {"action": option.action, "dest": option.dest, "default": None}
        if option.metavar:
            attributes["metavar"] = option.metavar
        # argparse reads a percent sign as a format.
        attributes["help"] = option.help.replace("%", "%%") + f" (default: {option.shown})"
        group.addoption(option.flag, **attributes)


def reference() -> str:
    """The table as Markdown, for the README and the documentation."""
    lines = ["| command line | `[tool.dagguard]` | environment | default | |", "|---|---|---|---|---|"]
    for option in OPTIONS:
        flag = f"{option.flag} {option.metavar}".strip()
        cells = [f"`{cell}`" if cell else "" for cell in (flag, option.key, option.variable)]
        lines.append(f"| {' | '.join([*cells, option.shown, option.help])} |")
    return "\n".join(lines) + "\n"
