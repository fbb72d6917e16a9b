"""What ``--dagguard-changed`` leaves: read from git and from imports, over a small repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pytest_dagguard.collection.changed import reached, since
from pytest_dagguard.model.errors import ConfigurationError

FILES = {
    "dags/alone.py": "import os\n",
    "dags/direct.py": "from lib.tables import TABLES\n",
    "dags/through.py": "import lib.sales\n",
    "dags/package.py": "from lib import tables\n",
    "dags/beside.py": "import helper\n",
    "dags/helper.py": "X = 1\n",
    "dags/with_sql.py": "SQL = 'sql/load.sql'\n",
    "dags/broken.py": "def (:\n",
    "dags/sql/load.sql": "select 1\n",
    "lib/__init__.py": "",
    "lib/tables.py": "TABLES = []\n",
    "lib/sales.py": "from . import tables\n",
    "tests/dagguard/s3/raw/a.csv": "x\n",
    "pyproject.toml": "",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("repository")
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def reach(root: Path, *names: str) -> list[str] | None:
    found = reached(frozenset(root / each for each in names), root, [root / "dags"], root / "tests" / "dagguard")
    return None if found is None else sorted(str(each.relative_to(root)) for each in found if each.parts[-2] == "dags")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("dags/alone.py", ["alone.py"]),
        ("dags/helper.py", ["beside.py", "helper.py"]),
        ("lib/tables.py", ["direct.py", "package.py", "through.py"]),
        ("lib/sales.py", ["through.py"]),
        ("lib/__init__.py", ["direct.py", "package.py", "through.py"]),
        ("dags/sql/load.sql", ["with_sql.py"]),
        ("dags/deleted.py", ["deleted.py"]),
    ],
)
def test_a_change_reaches_what_imports_or_names_it(root: Path, changed: str, expected: list[str]) -> None:
    assert reach(root, changed) == [f"dags/{each}" for each in expected]


@pytest.mark.parametrize("changed", ["pyproject.toml", "tests/dagguard/s3/raw/a.csv"])
def test_configuration_and_input_data_reach_everything(root: Path, changed: str) -> None:
    assert reach(root, changed) is None


def test_git_is_asked_for_what_differs_and_what_is_new(root: Path) -> None:
    git = ["git", "-C", str(root), "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], check=True)
    assert since(root, "HEAD") == frozenset()
    (root / "dags" / "alone.py").write_text("import sys\n")
    (root / "dags" / "neu é.py").write_text("")
    assert since(root, "HEAD") == {root / "dags" / "alone.py", root / "dags" / "neu é.py"}
    with pytest.raises(ConfigurationError, match="--dagguard-changed=nowhere: .*name a commit"):
        since(root, "nowhere")


def test_a_folder_without_git_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--dagguard-changed"):
        since(tmp_path, "HEAD")
