"""JSON and YAML files of the seed folder, with the line of what is wrong in them."""

from __future__ import annotations

import contextlib
import datetime
import importlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_dagguard.config.values import Unusable
from pytest_dagguard.model.errors import ConfigurationError


class Problems:
    """Collects what is wrong, so that all of it can be told at once."""

    def __init__(self) -> None:
        """None yet."""
        self._lines: list[str] = []

    def add(self, where: Path | str, text: str, line: int = 0) -> None:
        """Take note of one.

        :param where: file, or name of an environment variable
        :param text: what is wrong and what to do
        :param line: 1-based; 0 where unknown
        """
        place = shown(where) if isinstance(where, Path) else where
        self._lines.append(f"{place}{f':{line}' if line else ''}: {text}")

    def raise_if_any(self) -> None:
        """Raise what was collected.

        :raises ConfigurationError: with one line for each problem
        """
        if self._lines:
            raise ConfigurationError("\n".join(self._lines))


def shown(path: Path) -> str:
    """The path as a user knows it: from the current folder where it lies beneath, fit to print in any case."""
    with contextlib.suppress(ValueError, OSError):
        path = path.absolute().relative_to(Path.cwd())
    return path.as_posix().encode("utf-8", "backslashreplace").decode("utf-8")


@dataclass(frozen=True, slots=True)
class Document:
    """What one file says.

    :param values: the object at its top
    :param text: the file's text, to find lines in
    """

    path: Path
    values: Mapping[str, Any]
    text: str = field(repr=False)

    def line(self, *keys: str) -> int:
        """The line of the key that ``keys`` lead to, looked for in the text; 0 where it is not found."""
        position = 0
        for key in keys:
            quoted = "|".join(re.escape(each) for each in (json.dumps(key), json.dumps(key, ensure_ascii=False)))
            bare = rf"(?m:^[ \t]*['\"]?){re.escape(key)}['\"]?"
            pattern = rf"(?:{quoted})\s*:" if self.path.suffix == ".json" else rf"{bare}[ \t]*:"
            match = re.compile(pattern).search(self.text, position)
            if not match:
                return 0
            position = match.end()
        return self.text.count("\n", 0, position) + 1


def load(path: Path, problems: Problems) -> Document | None:
    """Read a file that holds one object; None, and a problem more, where it does not.

    :param path: ends in ``.json``, ``.yaml`` or ``.yml``
    """
    text = _text(path, problems)
    if text is None:
        return None
    if not text.strip():
        problems.add(path, "is empty; write {} for nothing", 1)
        return None
    try:
        values = _json(text) if path.suffix == ".json" else _yaml(text)
    except Unusable as error:
        problems.add(path, str(error), error.line)
        return None
    except RecursionError:
        problems.add(path, "is nested too deeply")
        return None
    if not isinstance(values, dict):
        problems.add(path, "must hold one object, names with their values", 1)
        return None
    return Document(path, {str(key): value for key, value in values.items()}, text)


def json_text(value: Any) -> str:
    """JSON text of a value from a JSON or YAML file.

    :raises ValueError: it cannot be said in JSON
    """
    try:
        return json.dumps(value, default=_plain)
    except TypeError as error:
        raise ValueError(str(error)) from error


def _plain(value: Any) -> str:
    # YAML reads 2024-01-01 as a date, which JSON does not have.
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _text(path: Path, problems: Problems) -> str | None:
    try:
        content = path.read_bytes()
    except OSError as error:
        problems.add(path, f"cannot be read: {error.strerror}")
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problems.add(path, f"is not UTF-8 text: byte 0x{content[error.start]:02x}; save it as UTF-8", line)
        return None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        lines = text.split("\n")
        here = lines[error.lineno - 1].strip()
        raise Unusable(
            f"is not JSON: {error.msg} (column {error.colno}) {f'at: {here[:60]}' if here else 'at its end'}",
            line=error.lineno,
        ) from None


def _yaml(text: str) -> Any:
    try:
        yaml: Any = importlib.import_module("yaml")
    except ImportError:
        raise Unusable("needs PyYAML; pip install pyyaml, or write JSON") from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise Unusable(f"is not YAML: {what}", line=mark.line + 1 if mark else 0) from None
