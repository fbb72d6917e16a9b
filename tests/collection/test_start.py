"""From settings to a session: what the user wrote arrives where it counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_dagguard.collection.start import session_of, shown
from pytest_dagguard.config.settings import Settings, resolve

TOML = """
[tool.dagguard]
dags = ["pipelines", "more/one.py"]
seed = "data"
paths = ["lib"]
logical-date = "2025-02-03"
budget = "7s"
load-timeout = "8s"
attempt-timeout = "9s"
auto-buckets = false
strict = true

[tool.dagguard.allow]
"s3://logs/*" = "append-only"

[tool.dagguard.env]
STAGE = "test"
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for name in ("pipelines/.keep", "more/one.py", "lib/.keep", "data/s3/raw/a.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "pyproject.toml").write_text(TOML)
    return resolve(tmp_path, {}, {}, ("twice",), ("json",))


def test_everything_arrives(settings: Settings, tmp_path: Path) -> None:
    session = session_of(settings)
    options, terms = session.options, session.terms
    assert options.root == terms.root == tmp_path
    assert options.dags == (tmp_path / "pipelines", tmp_path / "more"), "of a file its folder is imported from"
    assert options.seed.s3 == {"raw": {"a.csv": b"x"}}
    assert options.logical_date == "2025-02-03T00:00:00Z"
    assert options.paths == (str(tmp_path / "lib"), str(tmp_path), str(tmp_path / "plugins"))
    assert dict(options.environment) == {"STAGE": "test"}
    assert (options.load_timeout, options.attempt_timeout, options.auto_buckets) == (8.0, 9.0, False)
    assert (terms.budget, terms.strict) == (7.0, True)
    assert session.allow == {"s3://logs/*": "append-only"}
    assert session.seed == "data"


def test_nothing_is_started(settings: Settings) -> None:
    assert session_of(settings)._lab is None


def test_a_seed_that_cannot_be_read_is_the_users_error(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "data" / "variables.json").write_text("{")
    with pytest.raises(pytest.UsageError, match=r"data/variables\.json"):
        session_of(settings)


@pytest.mark.parametrize(("path", "expected"), [("/repo/tests/dagguard", "tests/dagguard"), ("/data", "/data")])
def test_paths_are_shown_as_one_would_type_them(path: str, expected: str) -> None:
    assert shown(Path(path), Path("/repo")) == expected
