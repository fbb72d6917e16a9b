"""Reading ``[tool.dagguard.rules]``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_dagguard.config.values import Known, Unusable, did_you_mean
from pytest_dagguard.model.rule import SEVERITIES, Choice

_LISTS = ("select", "ignore")
_KEYS = (*_LISTS, "severity", "per-file-ignores")


def choice(raw: Any, known: Known) -> Choice:
    """Which rules are looked for, and what their findings do.

    :raises Unusable: a key, a rule or a severity that this version does not have
    """
    if not isinstance(raw, Mapping):
        raise Unusable("not a table; write [tool.dagguard.rules] and below it select, ignore or severity")
    lists = {key: _names(raw[key], known, key) for key in _LISTS if key in raw}
    severity = _table(raw.get("severity", {}), "severity", 'severity.missing-retries = "error"')
    per_file = _table(raw.get("per-file-ignores", {}), "per-file-ignores", '"dags/old/*" = ["missing-retries"]')
    for name, wanted in severity.items():
        _known_name(name, known, "severity", every=False)
        if wanted not in SEVERITIES:
            hint = did_you_mean(str(wanted), SEVERITIES) or ";"
            raise Unusable(
                f"severity.{name}: {wanted!r} is no severity{hint} Known: {', '.join(SEVERITIES)}", "severity"
            )
    values = {}
    for key, each in raw.items():
        if key in _KEYS:
            continue
        if key not in known.rules:
            hint = did_you_mean(key, [*_KEYS, *known.rules]) or ";"
            raise Unusable(f'has no key "{key}"{hint} Known: {", ".join(_KEYS)}, and the names of rules', key)
        values[key] = _table(each, key, f"[tool.dagguard.rules.{key}]")
    return Choice(
        select=lists.get("select", ("all",)),
        ignore=lists.get("ignore", ()),
        severity={name: str(each) for name, each in severity.items()},
        per_file={name: _names(each, known, "per-file-ignores") for name, each in per_file.items()},
        values=values,
    )


def _table(raw: Any, key: str, example: str) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise Unusable(f"{key} is not a table; write for example {example}", key)
    return raw


def _names(raw: Any, known: Known, key: str) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(each, str) for each in raw):
        raise Unusable(f'{key} is not a list of names; write for example ["missing-retries"]', key)
    for each in raw:
        _known_name(each, known, key)
    return tuple(raw)


def _known_name(name: str, known: Known, key: str, every: bool = True) -> None:
    """
    :raises Unusable: there is no rule and no family of that name
    """
    names = {*known.rules, *known.rules.values(), *(["all"] if every else [])}
    if name not in names:
        hint = did_you_mean(name, names) or ";"
        raise Unusable(f'{key}: there is no rule "{name}"{hint} "pytest --dagguard-list" has all', key)
