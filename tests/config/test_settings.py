"""Settings: which source goes first, and what every bad value says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from pytest_dagguard.config.settings import Settings, resolve
from pytest_dagguard.config.values import ReportTarget
from pytest_dagguard.model.errors import ConfigurationError
from pytest_dagguard.model.limits import Limits
from pytest_dagguard.model.rule import Choice

SCENARIOS = ("concurrent", "killed", "other", "twice")
KEYS = (
    "Known keys: scenarios, budget, strict, baseline, dags, seed, logical-date, auto-buckets, "
    "load-timeout, attempt-timeout, rules, limits, stubs, aliases, allow, images, jobs, children, paths, env"
)
DURATION = "not a duration; write 500ms, 10s, 2m or a bare number of seconds"
KNOWN = "Known: twice, concurrent, killed, other"


def settings(
    root: Path, toml: str = "", command_line: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    if toml:
        (root / "pyproject.toml").write_text(toml, encoding="utf-8")
    return resolve(root, command_line or {}, environ or {}, SCENARIOS, ("json",))


def test_defaults_where_nobody_wrote_anything(tmp_path: Path) -> None:
    assert settings(tmp_path) == Settings(
        root=tmp_path,
        enabled=False,
        only="",
        scenarios=("twice", "concurrent", "killed"),
        budget=10.0,
        reports=(),
        compare="",
        strict=False,
        init=False,
        no_cache=False,
        list_parts=False,
        explain="",
        replay="",
        baseline=None,
        update_baseline=False,
        changed="",
        rules=Choice(),
        dags=(),
        seed=tmp_path / "tests/dagguard",
        seed_required=False,
        logical_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
        auto_buckets=True,
        load_timeout=30.0,
        attempt_timeout=60.0,
        limits=Limits(),
        stubs=(),
        aliases={},
        allow={},
        images={},
        jobs={},
        children={},
        paths=(),
        env={},
    )


def test_every_key_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "lib").mkdir()
    found = settings(
        tmp_path,
        """
        [tool.dagguard]
        dags = ["pipelines"]
        seed = "seeds"
        logical-date = 2025-02-03T04:05:06+02:00
        scenarios = ["killed", "twice", "killed"]
        budget = 1.5
        auto-buckets = false
        load-timeout = "2m"
        attempt-timeout = "500ms"
        strict = true
        paths = ["lib"]
        [tool.dagguard.limits]
        memory = "1.5GB"
        processes = 50
        [tool.dagguard.allow]
        "s3://logs/*" = "append-only log"
        [tool.dagguard.env]
        STAGE = "dev"
        WORKERS = 4
        """,
    )
    assert found.limits == Limits(memory=3 << 29, processes=50)
    assert found.dags == (tmp_path / "pipelines",)
    assert (found.seed, found.seed_required) == (tmp_path / "seeds", True)
    assert found.logical_date == datetime(2025, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=2)))
    assert found.scenarios == ("killed", "twice")
    assert (found.budget, found.load_timeout, found.attempt_timeout) == (1.5, 120.0, 0.5)
    assert (found.auto_buckets, found.strict) == (False, True)
    assert found.paths == (tmp_path / "lib",)
    assert found.allow == {"s3://logs/*": "append-only log"}
    assert found.env == {"STAGE": "dev", "WORKERS": "4"}


def test_the_command_line_goes_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    toml = "[tool.dagguard]\nbudget = 1\nscenarios = ['twice']\nstrict = true\n"
    environ = {"DAGGUARD_BUDGET": "2", "DAGGUARD_SCENARIOS": "killed, other", "DAGGUARD_STRICT": "no"}
    from_file = settings(tmp_path, toml)
    assert (from_file.budget, from_file.scenarios, from_file.strict) == (1.0, ("twice",), True)
    from_environment = settings(tmp_path, toml, {}, environ)
    assert from_environment.budget == 2.0
    assert from_environment.scenarios == ("killed", "other")
    assert from_environment.strict is False
    from_flags = settings(tmp_path, toml, {"dagguard_budget": "3", "dagguard_strict": True}, environ)
    assert (from_flags.budget, from_flags.scenarios, from_flags.strict) == (3.0, ("killed", "other"), True)


def test_empty_variables_and_flags_that_were_not_given_are_passed_over(tmp_path: Path) -> None:
    assert settings(tmp_path, "", {"dagguard_budget": None, "dagguard": False}, {"DAGGUARD_BUDGET": ""}).budget == 10


def test_flags_of_others_are_passed_over(tmp_path: Path) -> None:
    assert settings(tmp_path, "", {"verbose": 2, "dagguard_other": "x"}).enabled is False


def test_flags_without_a_key(tmp_path: Path) -> None:
    found = settings(
        tmp_path,
        "",
        {
            "dagguard": True,
            "dagguard_only": "rules",
            "dagguard_list": True,
            "dagguard_explain": "killed",
            "dagguard_report": ["json:a,b.json", "json:c.json"],
        },
    )
    assert (found.enabled, found.only, found.list_parts, found.explain) == (True, "rules", True, "killed")
    assert found.reports == (ReportTarget("json", "a,b.json"), ReportTarget("json", "c.json"))


def test_reports_from_the_environment(tmp_path: Path) -> None:
    found = settings(tmp_path, "", {}, {"DAGGUARD_REPORT": "json:a.json,json:b.json"})
    assert found.reports == (ReportTarget("json", "a.json"), ReportTarget("json", "b.json"))


def test_all_is_every_scenario_the_defaults_first(tmp_path: Path) -> None:
    assert settings(tmp_path, "", {"dagguard_scenarios": "all"}).scenarios == ("twice", "concurrent", "killed", "other")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2024-03-01", "2024-03-01T00:00:00+00:00"),
        ("2024-03-01T10:00", "2024-03-01T10:00:00+00:00"),
        ("2024-03-01T10:00:00z", "2024-03-01T10:00:00+00:00"),
        ("2024-03-01T10:00:00-05:00", "2024-03-01T10:00:00-05:00"),
    ],
)
def test_a_date_without_a_zone_is_utc(tmp_path: Path, written: str, expected: str) -> None:
    assert settings(tmp_path, "", {}, {"DAGGUARD_LOGICAL_DATE": written}).logical_date.isoformat() == expected


def test_a_date_of_toml(tmp_path: Path) -> None:
    found = settings(tmp_path, "[tool.dagguard]\nlogical-date = 2024-03-01\n").logical_date
    assert found == datetime(2024, 3, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("500ms", 0.5), ("10s", 10), ("2m", 120), ("1h", 3600), ("3d", 259200), ("7", 7), (".5 s", 0.5)],
)
def test_durations(tmp_path: Path, written: str, seconds: float) -> None:
    assert settings(tmp_path, "", {"dagguard_budget": written}).budget == seconds


def test_dags_are_looked_for_in_the_folder_dags_then_where_airflow_looks(tmp_path: Path) -> None:
    airflow = tmp_path / "airflow"
    airflow.mkdir()
    environ = {"AIRFLOW__CORE__DAGS_FOLDER": str(airflow)}
    assert settings(tmp_path, "", {}, environ).dags == (airflow,)
    (tmp_path / "dags").mkdir()
    assert settings(tmp_path, "", {}, environ).dags == (tmp_path / "dags",)
    assert settings(tmp_path, "[tool.dagguard]\ndags = ['airflow']\n", {}, environ).dags == (airflow,)


def test_a_dags_folder_of_airflow_that_is_not_there_is_passed_over(tmp_path: Path) -> None:
    assert settings(tmp_path, "", {}, {"AIRFLOW__CORE__DAGS_FOLDER": "/nowhere/dags"}).dags == ()


FILE = [
    ('scenario = ["killed"]', f'2: [tool.dagguard] has no key "scenario"; did you mean "scenarios"? {KEYS}'),
    ("zzz = 1", f'2: [tool.dagguard] has no key "zzz"; {KEYS}'),
    ("auto_buckets = true", f'2: [tool.dagguard] has no key "auto_buckets"; did you mean "auto-buckets"? {KEYS}'),
    (
        '\n# a line\nscenarios = [\n  "twice",\n  "kiled",\n]',
        '4: [tool.dagguard] scenarios = ["twice", "kiled"]: '
        f'there is no scenario "kiled"; did you mean "killed"? {KNOWN}',
    ),
    (
        "scenarios = []",
        "2: [tool.dagguard] scenarios = []: the list is empty; name at least one, or leave the option out",
    ),
    ("scenarios = 3", '2: [tool.dagguard] scenarios = 3: not a list of texts; write for example ["one", "two"]'),
    ('budget = "ten"', f'2: [tool.dagguard] budget = "ten": {DURATION}'),
    ("budget = true", f"2: [tool.dagguard] budget = true: {DURATION}"),
    ("budget = nan", f"2: [tool.dagguard] budget = nan: {DURATION}"),
    ("budget = 0", "2: [tool.dagguard] budget = 0: a duration must be more than 0; write for example 10s"),
    (
        "load-timeout = -1",
        "2: [tool.dagguard] load-timeout = -1: a duration must be more than 0; write for example 10s",
    ),
    (
        'attempt-timeout = "1e3"',
        f'2: [tool.dagguard] attempt-timeout = "1e3": {DURATION}',
    ),
    ('strict = "perhaps"', '2: [tool.dagguard] strict = "perhaps": not a switch; write true or false'),
    ("auto-buckets = 1", "2: [tool.dagguard] auto-buckets = 1: not a switch; write true or false"),
    (
        'logical-date = "yesterday"',
        '2: [tool.dagguard] logical-date = "yesterday": not a date; write it as in 2024-01-01T00:00:00Z',
    ),
    (
        "logical-date = 20240101",
        '2: [tool.dagguard] logical-date = 20240101: not a date; write it as in "2024-01-01T00:00:00Z"',
    ),
    ('dags = ["daggs"]', '2: [tool.dagguard] dags = ["daggs"]: "daggs" does not exist; did you mean "dags"?'),
    ('paths = ["x"]', '2: [tool.dagguard] paths = ["x"]: "x" does not exist; create it, or correct the path'),
    ('seed = ""', '2: [tool.dagguard] seed = "": not a text; write it in quotes, for example "name"'),
    (
        '[tool.dagguard.allow]\n"s3://a/*" = "log"\n"s3://b/*" = " "',
        '4: [tool.dagguard.allow]: "s3://b/*" has no reason; say why this effect need not be idempotent',
    ),
    (
        'allow = ["s3://a"]',
        '2: [tool.dagguard] allow = ["s3://a"]: '
        'not a table; write [tool.dagguard.allow] and below it "s3://logs/*" = "the reason"',
    ),
    (
        'limits.memory = "much"',
        "2: [tool.dagguard.limits]: 'much' is no amount; write for example memory = \"4GB\"",
    ),
    ("limits.processes = 0", "2: [tool.dagguard.limits]: 0 is no amount; write for example processes = 200"),
    (
        "limits.memori = 1",
        '2: [tool.dagguard.limits]: there is no limit "memori"; did you mean "memory"? Known: memory, processes, output, disk',
    ),
    (
        "aliases.airflow-2 = 1",
        "2: [tool.dagguard.aliases]: airflow-2 is a switch; write airflow-2 = true",
    ),
    (
        'aliases."a b" = "c"',
        '2: [tool.dagguard.aliases]: "a b" is not the name of a module for another; write "old.module" = "new.module"',
    ),
    ("env.A = true", "2: [tool.dagguard.env]: the value of A is not a text; write it in quotes"),
    ('env."A=B" = "x"', "2: [tool.dagguard.env]: 'A=B' cannot be an environment variable; write a name without ="),
    ("env = 1", '2: [tool.dagguard] env = 1: not a table; write [tool.dagguard.env] and below it NAME = "value"'),
    ('budget = "10s', "2: not TOML: Illegal character '\\n' (column 14)"),
]


@pytest.mark.parametrize(("toml", "expected"), FILE)
def test_a_bad_value_in_the_file(tmp_path: Path, toml: str, expected: str) -> None:
    (tmp_path / "dags").mkdir()
    with pytest.raises(ConfigurationError) as caught:
        settings(tmp_path, f"[tool.dagguard]\n{toml}\n")
    assert str(caught.value).splitlines()[0] == f"pyproject.toml:{expected}"


OTHERS = [
    ({"dagguard_budget": "soon"}, {}, f"--dagguard-budget=soon: {DURATION}"),
    ({}, {"DAGGUARD_BUDGET": "soon"}, f"DAGGUARD_BUDGET=soon: {DURATION}"),
    (
        {"dagguard_scenarios": "twise"},
        {},
        f'--dagguard-scenarios=twise: there is no scenario "twise"; did you mean "twice"? {KNOWN}',
    ),
    (
        {"dagguard_scenarios": "qqq"},
        {},
        f'--dagguard-scenarios=qqq: there is no scenario "qqq"; {KNOWN}',
    ),
    (
        {"dagguard_only": "scenario"},
        {},
        '--dagguard-only=scenario: there is no such half; did you mean "scenarios"? Known: rules, scenarios',
    ),
    ({"dagguard_only": "x"}, {}, "--dagguard-only=x: there is no such half; Known: rules, scenarios"),
    (
        {"dagguard_report": ["jsn:x"]},
        {},
        '--dagguard-report=jsn:x: there is no report format "jsn"; did you mean "json"? Known: json',
    ),
    (
        {"dagguard_report": ["json"]},
        {},
        "--dagguard-report=json: the path is missing; write FORMAT:PATH, for example json:dagguard.json",
    ),
    ({"dagguard_explain": ""}, {}, '--dagguard-explain=: not a text; write it in quotes, for example "name"'),
    ({}, {"DAGGUARD_STRICT": "maybe"}, "DAGGUARD_STRICT=maybe: not a switch; write true or false"),
    (
        {},
        {"DAGGUARD_BUGDET": "1s"},
        "DAGGUARD_BUGDET=1s: there is no such variable; did you mean DAGGUARD_BUDGET?",
    ),
    (
        {},
        {"DAGGUARD_DAGS": "nowhere"},
        'DAGGUARD_DAGS=nowhere: "nowhere" does not exist; create it, or correct the path',
    ),
]


@pytest.mark.parametrize(("command_line", "environ", "expected"), OTHERS)
def test_a_bad_flag_or_variable(
    tmp_path: Path, command_line: dict[str, Any], environ: dict[str, str], expected: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings(tmp_path, "", command_line, environ)
    assert str(caught.value) == expected


def test_variables_that_resemble_none_of_ours_are_somebody_elses(tmp_path: Path) -> None:
    settings(tmp_path, "", {}, {"DAGGUARD_TASK": "x", "DAGGUARD_INTERNAL_PORT": "1"})


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings(
            tmp_path,
            "[tool.dagguard]\nbudgets = 1\nstrict = 2\nbudget = 'x'\n",
            {"dagguard_budget": "y"},
            {"DAGGUARD_BUDGET": "z"},
        )
    assert [line.split(": ")[0] for line in str(caught.value).splitlines()] == [
        "pyproject.toml:2",
        "pyproject.toml:3",
        "pyproject.toml:4",
        "DAGGUARD_BUDGET=z",
        "--dagguard-budget=y",
    ]
