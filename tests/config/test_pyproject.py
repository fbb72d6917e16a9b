"""Reading pyproject.toml: lines of keys, and files that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_dagguard.config import pyproject
from pytest_dagguard.model.errors import ConfigurationError

DOCUMENT = '''\
# [tool.dagguard]
[project]
description = """
[tool.dagguard]
budget = 1
"""
other = ['[tool.dagguard]', """a " b"""] # ]
[[tool.list]]
a = 1

[ tool . "dagguard" ]
dags = [
  "a", # ]
  "[b",
]
budget = 1
"load-timeout" = 2
allow."s3://a.b/*" = "x"
seed = \'\'\'
strict = true\'\'\'
inline = { x = 1 }
[tool.dagguard.env]
'A B' = "1"
'''


def test_lines_of_keys(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(DOCUMENT, encoding="utf-8")
    table = pyproject.read(tmp_path)
    assert dict(table.lines) == {
        (): 11,
        ("dags",): 12,
        ("budget",): 16,
        ("load-timeout",): 17,
        ("allow",): 18,
        ("allow", "s3://a.b/*"): 18,
        ("seed",): 19,
        ("inline",): 21,
        ("env",): 22,
        ("env", "A B"): 23,
    }
    assert table.line("inline", "x") == 21
    assert table.line("nothing") == 11


@pytest.mark.parametrize("text", [None, "", "[project]\nname = 'x'\n", "tool = 1\n", "[tool.other]\n"])
def test_no_table_is_an_empty_one(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    assert pyproject.read(tmp_path) == pyproject.Table({}, {} if text is None else pyproject.read(tmp_path).lines)
    assert pyproject.read(tmp_path).line("budget") == 0


def test_windows_line_ends(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"[tool.dagguard]\r\nbudget = 1\r\n")
    assert pyproject.read(tmp_path).line("budget") == 2


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[tool.dagguard]\nbudget = \n", "pyproject.toml:2: not TOML: Invalid value (column 10)"),
        (b"[tool.dagguard]\na = 1\na = 2\n", "pyproject.toml:3: not TOML: Cannot overwrite a value (column 6)"),
        (b"[tool.dagguard]\na = [1,\n", "pyproject.toml:2: not TOML: Invalid value (at end of document)"),
        (b"a = 1\nb = '\xff'\n", "pyproject.toml:2: not UTF-8 text; save it as UTF-8"),
        (b"\n[tool]\ndagguard = 1\n", "pyproject.toml:3: tool.dagguard is not a table; write [tool.dagguard]"),
        (b"[[tool.dagguard]]\n", "pyproject.toml:1: tool.dagguard is not a table; write [tool.dagguard]"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "pyproject.toml").write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        pyproject.read(tmp_path)
    assert str(caught.value) == expected


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").mkdir()
    with pytest.raises(ConfigurationError, match=r"pyproject\.toml: cannot be read: Is a directory"):
        pyproject.read(tmp_path)
