"""The settings of one run: the command line goes before the environment, ``pyproject.toml`` and the defaults."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pytest_dagguard.config import pyproject, values
from pytest_dagguard.config.options import OPTIONS, Option
from pytest_dagguard.config.values import Known, ReportTarget, Unusable, did_you_mean
from pytest_dagguard.model.errors import ConfigurationError
from pytest_dagguard.model.limits import Limits
from pytest_dagguard.model.rule import Choice

_KEYS = {option.key: option for option in OPTIONS if option.key}
_VARIABLES = {option.variable: option for option in OPTIONS if option.variable}
_PREFIX = "DAGGUARD_"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user asked for, in full.

    :param root: folder of ``pyproject.toml``; relative paths in it and in the environment count from here
    :param enabled: ``--dagguard`` was given
    :param only: ``rules``, ``scenarios``, or empty for both
    :param scenarios: names, in the order in which they run
    :param budget: seconds for each task and scenario
    :param reports: what to write and where to, relative to where pytest was started
    :param compare: JSON report of another run, relative to where pytest was started, or empty
    :param strict: inconclusive and warnings fail
    :param baseline: absolute path of the file with known findings, None where there is none
    :param update_baseline: write it
    :param changed: git revision, or empty
    :param rules: which rules are looked for, and what their findings do
    :param init: ``--dagguard-init`` was given
    :param no_cache: no load of an earlier run is used
    :param list_parts: ``--dagguard-list`` was given
    :param explain: name to explain, or empty
    :param replay: a token, or empty
    :param dags: absolute paths of folders and files that exist; empty where none was named and there is no default
    :param seed: absolute path of the seed folder
    :param seed_required: the user named the seed folder, so it must be there
    :param logical_date: always with a time zone
    :param auto_buckets: a bucket that is named and missing is created empty
    :param load_timeout: seconds for the load of one DAG file
    :param attempt_timeout: seconds for one attempt
    :param limits: how much of the machine one load or attempt may use
    :param stubs: names of modules to make up where they are missing
    :param aliases: old name of a module -> new name; ``airflow-2`` -> empty for those that Airflow 3 has moved
    :param allow: resource pattern -> why this effect need not be idempotent
    :param images: pattern of an image -> what a pod of it does
    :param jobs: pattern of an external job -> what it does
    :param children: pattern of a DAG id -> how a child run of it ends
    :param paths: absolute paths of folders to import from
    :param env: environment variables to set for the DAGs
    """

    root: Path
    enabled: bool
    only: str
    scenarios: tuple[str, ...]
    budget: float
    reports: tuple[ReportTarget, ...]
    compare: str
    strict: bool
    baseline: Path | None
    update_baseline: bool
    changed: str
    rules: Choice
    init: bool
    no_cache: bool
    list_parts: bool
    explain: str
    replay: str
    dags: tuple[Path, ...]
    seed: Path
    seed_required: bool
    logical_date: datetime
    auto_buckets: bool
    load_timeout: float
    attempt_timeout: float
    limits: Limits
    stubs: tuple[str, ...]
    aliases: Mapping[str, str]
    allow: Mapping[str, str]
    images: Mapping[str, str]
    jobs: Mapping[str, str]
    children: Mapping[str, str]
    paths: tuple[Path, ...]
    env: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Given:
    """One value that somebody wrote.

    :param where: the beginning of an error's line
    :param parts: the same for a key within the value, where the value is a table
    """

    option: Option
    raw: Any
    where: str
    parts: Mapping[str, str] = field(default_factory=dict)


def resolve(
    root: Path,
    command_line: Mapping[str, Any],
    environ: Mapping[str, str],
    known_scenarios: Collection[str],
    known_reports: Collection[str],
    known_rules: Mapping[str, str] | None = None,
) -> Settings:
    """Bring together what the user wrote in all places. Values that are overridden are checked too.

    :param root: folder of ``pyproject.toml``
    :param command_line: ``dagguard``, ``dagguard_budget`` and so on -> what the flag was given, None where it was not
        (``vars(config.option)`` will do: other names are passed over)
    :param environ: environment variables
    :param known_scenarios: names of the scenarios of this version
    :param known_reports: names of the report formats of this version
    :param known_rules: rule -> family of the rules of this version
    :raises ConfigurationError: with one line for each thing that is wrong
    """
    root = root.absolute()
    known = Known(known_scenarios, known_reports, known_rules or {})
    table = pyproject.read(root)
    problems: list[str] = [*_unknown_keys(table), *_unknown_variables(environ)]
    found: dict[str, Any] = {}
    # From the weakest to the strongest, so that the strongest stays.
    for given in (*_from_file(table), *_from_environment(environ), *_from_command_line(command_line)):
        try:
            value = given.option.parse(given.raw, known)
            found[given.option.name] = _placed(given.option.name, value, root)
        except Unusable as error:
            problems.append(f"{given.parts.get(error.key, given.where)}: {error}")
    if problems:
        raise ConfigurationError("\n".join(problems))
    if found.get("update_baseline") and not found.get("baseline"):
        raise ConfigurationError(
            "--dagguard-update-baseline: there is no baseline to write; name one with --dagguard-baseline FILE, or set"
            ' baseline = "dagguard-baseline.json" under [tool.dagguard]'
        )
    seed_required = "seed" in found
    return Settings(root=root, seed_required=seed_required, **{**_defaults(root, environ, known), **found})


def _defaults(root: Path, environ: Mapping[str, str], known: Known) -> dict[str, Any]:
    defaults = {option.name: option.default for option in OPTIONS}
    defaults["scenarios"] = tuple(name for name in values.SCENARIOS if name in known.scenarios)
    defaults["seed"] = root / defaults["seed"]
    defaults["baseline"] = None
    defaults["rules"] = Choice()
    folders = [root / "dags"]
    if environ.get("AIRFLOW__CORE__DAGS_FOLDER"):
        folders.append(root / Path(environ["AIRFLOW__CORE__DAGS_FOLDER"]).expanduser())
    defaults["dags"] = next(((folder,) for folder in folders if folder.exists()), ())
    return defaults


def _placed(name: str, value: Any, root: Path) -> Any:
    """Make paths absolute.

    :raises Unusable: one that must be there is not
    """
    if name in ("seed", "baseline"):
        return root / Path(value).expanduser()
    if name not in ("dags", "paths"):
        return value
    for each in value:
        path = root / Path(each).expanduser()
        if not path.exists():
            near = did_you_mean(path.name, _names(path.parent)) or "; create it, or correct the path"
            raise Unusable(f'"{each}" does not exist{near}')
    return tuple(Path(os.path.normpath(root / Path(each).expanduser())) for each in value)


def _names(folder: Path) -> list[str]:
    try:
        return [each.name for each in folder.iterdir()]
    except OSError:
        return []


def _from_file(table: pyproject.Table) -> Iterator[_Given]:
    for key, raw in table.values.items():
        if key not in _KEYS:
            continue
        if isinstance(raw, dict):
            parts = {part: f"{_at(table.line(key, part))}: [tool.dagguard.{key}]" for part in raw}
            yield _Given(_KEYS[key], raw, f"{_at(table.line(key))}: [tool.dagguard.{key}]", parts)
        else:
            yield _Given(_KEYS[key], raw, f"{_at(table.line(key))}: [tool.dagguard] {key} = {_shown(raw)}")


def _from_environment(environ: Mapping[str, str]) -> Iterator[_Given]:
    for name, option in _VARIABLES.items():
        # An empty variable is one that is not set, as for most programs.
        if environ.get(name, "").strip():
            yield _Given(option, environ[name], f"{name}={environ[name]}")


def _from_command_line(command_line: Mapping[str, Any]) -> Iterator[_Given]:
    for option in OPTIONS:
        raw = command_line.get(option.dest) if option.flag else None
        # False is what argparse gives for a switch that was left out, where somebody set that default.
        if raw is None or raw is False:
            continue
        shown = ",".join(raw) if isinstance(raw, (list, tuple)) else raw
        yield _Given(option, raw, f"{option.flag}={shown}")


def _unknown_keys(table: pyproject.Table) -> Iterator[str]:
    for key in table.values:
        where = f"{_at(table.line(key))}: [tool.dagguard]"
        if key not in _KEYS:
            hint = did_you_mean(key, _KEYS) or ";"
            yield f'{where} has no key "{key}"{hint} Known keys: {", ".join(_KEYS)}'


def _unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """Variables that look like a slip of one of ours; others with our prefix may be somebody else's."""
    rest = [name[len(_PREFIX) :] for name in _VARIABLES]
    for name in sorted(environ):
        if name.startswith(_PREFIX) and name not in _VARIABLES:
            near = values.nearest(name[len(_PREFIX) :], rest, cutoff=0.75)
            if near:
                yield f"{name}={environ[name]}: there is no such variable; did you mean {_PREFIX}{near}?"


def _at(line: int) -> str:
    return f"pyproject.toml:{line}" if line else "pyproject.toml"


def _shown(raw: Any) -> str:
    """A value about as it is written in TOML, cut where it is long."""
    if isinstance(raw, bool):
        written = str(raw).lower()
    elif isinstance(raw, str):
        written = f'"{raw}"'
    elif isinstance(raw, list):
        written = f"[{', '.join(_shown(each) for each in raw)}]"
    else:
        written = str(raw)
    return written if len(written) <= 80 else written[:77] + "..."
