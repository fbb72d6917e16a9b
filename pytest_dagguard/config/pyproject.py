"""Reading ``[tool.dagguard]``, and the line in which each key stands (the standard library's parser does not say)."""

from __future__ import annotations

import copy
import importlib
import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_dagguard.model.errors import ConfigurationError

# tomli is the same parser for Python 3.10.
_toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

_PART = r'(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\')'
_PATH = re.compile(rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*")
_PARTS = re.compile(_PART)
_SKIPPED = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|' r"'''.*?'{3,5}|" r'"(?:[^"\\\n]|\\.)*"|' r"'[^'\n]*'|" r"#[^\n]*|[\[\]{}\n]",
    re.DOTALL,
)

Keys = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """``[tool.dagguard]`` as it is written.

    :param values: key -> value as the parser gives it
    :param lines: path of a key below ``[tool.dagguard]`` -> line; only of those that were found
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[Keys, int] = field(default_factory=dict)

    def line(self, *keys: str) -> int:
        """The line of this key, or of the nearest table around it; 0 where neither is found."""
        for end in range(len(keys), -1, -1):
            if keys[:end] in self.lines:
                return self.lines[keys[:end]]
        return 0


def read(root: Path) -> Table:
    """Read ``[tool.dagguard]`` of ``root/pyproject.toml``; empty where there is no such file or table.

    :raises ConfigurationError: the file cannot be read, is no TOML, or ``tool.dagguard`` is no table
    """
    file = root / "pyproject.toml"
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return Table()
    except OSError as error:
        raise ConfigurationError(f"pyproject.toml: cannot be read: {error.strerror}") from error
    try:
        text = content.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"pyproject.toml:{line}: not UTF-8 text; save it as UTF-8") from error
    try:
        document = _toml.loads(text)
    except ValueError as error:
        raise ConfigurationError(_syntax(str(error), text)) from error
    tool = document.get("tool", {})
    found = tool.get("dagguard", {}) if isinstance(tool, dict) else {}
    lines = _lines(text)
    if not isinstance(found, dict):
        where = lines.get(("tool", "dagguard"), 0)
        raise ConfigurationError(
            f"pyproject.toml{f':{where}' if where else ''}: tool.dagguard is not a table; write [tool.dagguard]"
        )
    return Table(found, {path[2:]: line for path, line in lines.items() if path[:2] == ("tool", "dagguard")})


def _syntax(message: str, text: str) -> str:
    match = re.search(r" \(at line (\d+), column (\d+)\)$", message)
    if match:
        return f"pyproject.toml:{match[1]}: not TOML: {message[: match.start()]} (column {match[2]})"
    line = text.count("\n") + (0 if text.endswith("\n") else 1)
    return f"pyproject.toml:{line}: not TOML: {message}"


def _lines(text: str) -> dict[Keys, int]:
    """The line of every key and table header that begins a line. Keys within inline tables are not looked for."""
    found: dict[Keys, int] = {}
    table: Keys = ()
    for line, content in _logical_lines(text):
        stripped = content.strip()
        header = stripped.startswith("[")
        match = _PATH.match(stripped.lstrip("[ \t") if header else stripped)
        if not match:
            continue
        path = tuple(_unquoted(part) for part in _PARTS.findall(match[0]))
        if header:
            table = path
        else:
            path = table + path
        for end in range(1, len(path) + 1):
            found.setdefault(path[:end], line)
    return found


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their number, where what goes on over several lines (arrays, long strings) is one."""
    start, depth = 0, 0
    for match in _SKIPPED.finditer(text):
        token = match[0]
        if token in ("[", "{"):
            depth += 1
        elif token in ("]", "}"):
            depth -= 1
        elif token == "\n" and depth == 0:
            yield text.count("\n", 0, start) + 1, text[start : match.start()]
            start = match.end()
    yield text.count("\n", 0, start) + 1, text[start:]


def _unquoted(part: str) -> str:
    if part.startswith('"'):
        value: str = _toml.loads(f"key = {part}")["key"]
        return value
    return part.strip("'")


def with_key(text: str, table: str, key: str, value: Any) -> str | None:
    """A TOML text with one more key, or with a longer list for one that is there; all else is left as it is written.

    :param table: full name of the table, made where it is not there
    :param value: a text, a list of texts, or a truth value; where a text or truth value is there it stays
    :returns: None where that cannot be done by changing one line
    """
    try:
        old = _toml.loads(text)
    except _toml.TOMLDecodeError:
        return None
    wanted = copy.deepcopy(old)
    home = wanted
    for part in table.split("."):
        home = home.setdefault(part, {})
        if not isinstance(home, dict):
            return None
    known = home.get(key)
    if known is not None and not (isinstance(known, list) and isinstance(value, list)):
        return text
    home[key] = [*known, *(each for each in value if each not in known)] if known is not None else value
    if home[key] == known:
        return text
    new = _put(text, table, key, json.dumps(home[key], ensure_ascii=False), replaced=known is not None)
    try:
        return new if _toml.loads(new) == wanted else None
    except _toml.TOMLDecodeError:
        return None


def _put(text: str, table: str, key: str, value: str, replaced: bool) -> str:
    lines = text.splitlines()
    line = f"{key} = {value}"
    if f"[{table}]" not in lines:
        return "\n".join([*lines, *([""] if lines and lines[-1] else []), f"[{table}]", line]) + "\n"
    start = lines.index(f"[{table}]") + 1
    end = next((at for at in range(start, len(lines)) if lines[at].startswith("[")), len(lines))
    if replaced:
        at = next((at for at in range(start, end) if re.match(rf"{re.escape(key)}\s*=", lines[at])), -1)
        lines[at : at + 1 or None] = [line]
    else:
        while end > start and not lines[end - 1].strip():
            end -= 1
        lines.insert(end, line)
    return "\n".join(lines) + "\n"
