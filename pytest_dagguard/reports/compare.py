"""Two runs side by side: what one of them finds and the other does not, such as under two versions of Airflow.

The functions take JSON reports (format version 1), so that any two runs can be compared, on any machines.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_dagguard.model.errors import ConfigurationError
from pytest_dagguard.model.verdict import INCONCLUSIVE, PASS

FLAG = "--dagguard-compare"
VERSION = 1
LOADING = ("import-error",)
"""Checks whose failure leaves a file without other items."""

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that one run has and the other has not.

    :param item: the item's id
    :param what: the finding in a line; of an item that is inconclusive, its reason
    :param elsewhere: what the other run makes of that item
    """

    item: str
    what: str
    elsewhere: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two runs.

    :param findings_here: findings that only this run has
    :param findings_there: findings that only the other run has
    :param inconclusive_here: items that only this run could not decide, the other having come to a verdict
    :param inconclusive_there: the reverse
    """

    findings_here: tuple[Difference, ...] = ()
    findings_there: tuple[Difference, ...] = ()
    inconclusive_here: tuple[Difference, ...] = ()
    inconclusive_there: tuple[Difference, ...] = ()


def read(path: Path, shown: str) -> dict[str, Any]:
    """Read a JSON report.

    :param shown: the path as the user wrote it
    :raises ConfigurationError: it is not there, or is none
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"{FLAG} {shown}: {error.strerror}; write it with --dagguard-report json:{shown} in the other run"
        ) from error
    except ValueError as error:
        raise ConfigurationError(
            f"{FLAG} {shown}: not JSON ({error}); it takes a report of --dagguard-report json:"
        ) from error
    if not isinstance(document, dict) or not isinstance(document.get("items"), list):
        raise ConfigurationError(f"{FLAG} {shown}: this is JSON, but no report of --dagguard-report json:")
    if document.get("version") != VERSION:
        raise ConfigurationError(
            f"{FLAG} {shown}: version {document.get('version')} of the report is not known, only {VERSION}; write it"
            " anew with this version of pytest-dagguard"
        )
    return document


def compare(here: Document, there: Document) -> Comparison:
    """What one report has and the other has not.

    A finding is the same where its item, its class, and its resource are; where it has no resource, its message.

    :param here: this run's report
    :param there: the other run's
    """
    return Comparison(
        tuple(_findings(here, there)),
        tuple(_findings(there, here)),
        tuple(_undecided(here, there)),
        tuple(_undecided(there, here)),
    )


def lines(comparison: Comparison, here: Document, there: Document, most: int = 20) -> list[str]:
    """The comparison for people.

    :param most: so many differences of a kind are told
    """
    one, other = f"here ({_name(here)})", f"there ({_name(there)})"
    parts: tuple[tuple[str, Sequence[Difference], str], ...] = (
        (f"found only {one}", comparison.findings_here, "there"),
        (f"found only {other}", comparison.findings_there, "here"),
        (f"inconclusive only {one}", comparison.inconclusive_here, "there"),
        (f"inconclusive only {other}", comparison.inconclusive_there, "here"),
    )
    told = []
    for title, differences, elsewhere in parts:
        if differences:
            told.append(f"{len(differences)} {title}:")
            told += [f"  {each.item}: {each.what} [{elsewhere}: {each.elsewhere}]" for each in differences[:most]]
            if len(differences) > most:
                told.append(f"  and {len(differences) - most} more")
    return told or [f"no difference between {one} and {other}"]


def _name(document: Document) -> str:
    airflow, python = document.get("airflow"), document.get("python")
    return f"Airflow {airflow or '?'}, Python {python or '?'}"


def _items(document: Document) -> dict[str, Document]:
    return {str(each.get("id")): each for each in document["items"]}


def _findings(one: Document, other: Document) -> Iterator[Difference]:
    """The findings of one report that the other has not."""
    items = _items(other)
    unloaded = _unloaded(other)
    for name, item in _items(one).items():
        match = items.get(name)
        known = Counter(map(_print, match["findings"])) if match else Counter()
        for finding in item["findings"]:
            print_ = _print(finding)
            if known[print_] > 0:
                known[print_] -= 1
            else:
                yield Difference(name, _told(finding), _state(item, match, unloaded))


def _undecided(one: Document, other: Document) -> Iterator[Difference]:
    """The items of one report that are inconclusive, and of which the other knows better."""
    items = _items(other)
    for name, item in _items(one).items():
        match = items.get(name)
        if item["verdict"] == INCONCLUSIVE and match is not None and match["verdict"] != INCONCLUSIVE:
            yield Difference(name, _short(item.get("reason") or "no reason given"), _state(item, match, {}))


def _unloaded(document: Document) -> dict[str, str]:
    """File -> why it does not load."""
    return {
        str(item.get("file")): _told(item["findings"][0])
        for item in document["items"]
        if item.get("check") in LOADING and item["findings"] and not item.get("dag_id")
    }


def _print(finding: Document) -> tuple[str, str]:
    return str(finding.get("class")), str(finding.get("resource") or finding.get("message"))


def _told(finding: Document) -> str:
    resource = finding.get("resource")
    place = f" {resource}" if resource and str(resource) not in str(finding.get("message")) else ""
    return f"{finding.get('class')}{place}: {_short(str(finding.get('message') or ''))}"


def _short(text: str, width: int = 160) -> str:
    first = text.strip().splitlines()[0] if text.strip() else ""
    return first if len(first) <= width else first[: width - 3].rstrip() + "..."


def _state(item: Document, match: Document | None, unloaded: Mapping[str, str]) -> str:
    """What the other run makes of an item."""
    if match is None:
        why = unloaded.get(str(item.get("file")))
        if why and item.get("check") not in LOADING:
            return f"the file does not load, {why}"
        return "does not say so" if item.get("check") in LOADING else "no such item"
    verdict = str(match["verdict"])
    if verdict == INCONCLUSIVE:
        return f"{verdict}, {_short(match.get('reason') or 'no reason given')}"
    return verdict if verdict == PASS or not match["findings"] else f"{verdict}, {_told(match['findings'][0])}"
