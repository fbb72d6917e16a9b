"""Known findings of an old repository: they do not fail until they are mended, and new ones do.

A finding is known again by its rule or class, its resource and, for rules, the text of its line, so that lines above
it may come and go.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pytest_dagguard.model import verdict as verdicts
from pytest_dagguard.model.errors import ConfigurationError, DagguardError
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.verdict import Verdict

VERSION = 1
Print = tuple[str, str, str]
"""Class, resource, and text of the line."""
Place = tuple[str, str, str, str]
"""File, DAG, task and check of an item."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a baseline file has.

    :param known: place -> how many findings of each print
    """

    known: Mapping[Place, Counter[Print]] = field(default_factory=dict)

    def apply(self, verdict: Verdict, root: Path) -> Verdict:
        """A verdict without what is known; where nothing else is left, it passes.

        :param root: folder from which lines are read
        """
        if not self.known:
            return verdict
        left = Counter(self.known.get(_place(verdict), Counter()))
        if not left or verdict.verdict not in (verdicts.FAIL, verdicts.WARN):
            return verdict
        fresh = []
        for each in verdict.findings:
            print_ = _print(each, root, verdict.kind)
            if left[print_] > 0:
                left[print_] -= 1
            else:
                fresh.append(each)
        gone = len(verdict.findings) - len(fresh)
        if not gone:
            return verdict
        note = f"{gone} known {'finding' if gone == 1 else 'findings'} of {verdict.check} in the baseline"
        outcome = verdict.verdict if fresh else verdicts.PASS
        return replace(verdict, verdict=outcome, findings=tuple(fresh), notes=(*verdict.notes, note))


def read(path: Path, shown: str) -> Baseline:
    """Read a baseline file.

    :param shown: the path as the user would type it
    :raises ConfigurationError: it is not there, or is none
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["version"] != VERSION:
            raise ConfigurationError(
                f"{shown}: version {document['version']} of the baseline is not known; write it anew with"
                " --dagguard-update-baseline"
            )
        known: dict[Place, Counter[Print]] = {}
        for each in document["findings"]:
            place = (each["file"], each["dag_id"], each["task_id"], each["check"])
            counter = known.setdefault(place, Counter())
            counter[(each["class"], each["resource"], each["text"])] += int(each["count"])
        return Baseline(known)
    except FileNotFoundError as missing:
        raise ConfigurationError(
            f"{shown}: there is no such baseline; write it with --dagguard-update-baseline, or correct the path"
        ) from missing
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigurationError(
            f"{shown}: not a baseline ({type(error).__name__}: {error}); write it anew with --dagguard-update-baseline"
        ) from error


def write(path: Path, judged: Iterable[Verdict], root: Path) -> int:
    """Write what verdicts found; what the file says of items that were not judged stays.

    :returns: how many findings are new in it
    :raises DagguardError: it cannot be written
    """
    try:
        before = dict(read(path, str(path)).known)
    except ConfigurationError:
        before = {}
    after = dict(before)
    # passes first: the one for all kept rules of a file says nothing of those that have an item
    for verdict in sorted(judged, key=lambda each: each.verdict != verdicts.PASS):
        if verdict.verdict in (verdicts.FAIL, verdicts.WARN):
            after[_place(verdict)] = Counter(_print(each, root, verdict.kind) for each in verdict.findings)
        elif verdict.verdict == verdicts.PASS:
            for place in [each for each in after if _stands_for(verdict, each)]:
                del after[place]
    rows = [_row(place, print_, count) for place, prints in after.items() for print_, count in prints.items()]
    rows.sort(key=lambda row: [str(each) for each in row.values()])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"version": VERSION, "findings": rows}, indent=1, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise DagguardError(f"--dagguard-baseline: cannot write {path}: {error.strerror}") from error
    return sum((counts - before.get(place, Counter())).total() for place, counts in after.items())


def _row(place: Place, print_: Print, count: int) -> dict[str, Any]:
    names = ("file", "dag_id", "task_id", "check")
    return {
        **dict(zip(names, place, strict=True)),
        **dict(zip(("class", "resource", "text"), print_, strict=True)),
        "count": count,
    }


def _stands_for(passed: Verdict, place: Place) -> bool:
    """Say whether a pass is about this place: the item ``rules`` passes for all rules of its file without one."""
    if passed.check == "rules" and passed.kind == "rule":
        return place[0] == passed.file and not place[2] and not place[3].startswith("scenario ")
    return place == _place(passed)


def _place(verdict: Verdict) -> Place:
    check = verdict.check if verdict.kind == "rule" else f"scenario {verdict.check}"
    return verdict.file, verdict.dag_id, verdict.task_id, check


def _print(finding: Finding, root: Path, kind: str) -> Print:
    text = ""
    if kind == "rule" and finding.file and finding.line:
        try:
            text = (root / finding.file).read_text(encoding="utf-8", errors="replace").splitlines()[finding.line - 1]
        except (OSError, IndexError):
            text = ""
    return finding.cls, finding.resource, text.strip()
