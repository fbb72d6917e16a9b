"""Folding: many resources with one fate in one folder are one finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_dagguard.oracle import kinds
from pytest_dagguard.oracle.classify import Case

_FOLDERS_AT_MOST = 3
_NAMES_AT_MOST = 3

_PLURAL: dict[tuple[str, str], str] = {
    ("duplicate", "count"): "are there more often than one clean run leaves them",
    ("duplicate", "message"): "are there more often than one clean run sends them",
    ("duplicate", "copy"): "are there a second time under another name",
    ("duplicate", "kept"): "are still there, and one clean run deletes them",
    ("duplicate", "unexpected"): "are there, and one clean run does not leave them",
    ("duplicate", "content"): "hold something twice",
    ("lost", "gone"): "are gone, and one clean run leaves them",
    ("lost", "unwritten"): "were not written, and one clean run leaves them",
    ("lost", "fewer"): "are there less often than one clean run leaves them",
    ("lost", "content"): "hold less than one clean run leaves",
    ("lost", "xcom"): "are not set, and one clean run sets them",
    ("lost", "child-run"): "were not started, and one clean run starts them",
    ("torn", "content"): "are there in part only",
    ("changed", "content"): "have other content than one clean run leaves",
    ("changed", "secret"): "have other values than one clean run leaves",
    ("changed", "headers"): "have other metadata than one clean run leaves",
    ("changed", "pair"): "do not belong to what they stand beside",
    ("changed", "stale"): "still have the content that they had before the task",
    ("leak", "upload"): "are unfinished uploads that stay behind",
    ("leak", "temporary"): "are temporary and stay behind",
    ("started-twice", "job"): "were started more often than one clean run starts them",
    ("started-twice", "pod"): "were started more often than one clean run starts them",
    ("started-twice", "k8s-job"): "were started more often than one clean run starts them",
    ("started-twice", "pods-at-once"): "had more than one pod at work at once",
    ("orphan", "job"): "are left running",
    ("orphan", "pod"): "are left running",
    ("orphan", "k8s-job"): "are left running",
    ("leak", "pod"): "have ended and stay behind",
    ("leak", "k8s-job"): "have ended and stay behind",
    ("duplicate", "asset-event"): "were produced more often than one clean run produces them",
    ("lost", "asset-event"): "were not produced, and one clean run produces them",
    ("started-twice", "child-run"): "were started more often than one clean run starts them",
}


@dataclass(frozen=True, slots=True)
class Folded:
    """Cases that make one finding.

    :param resource: the templated resource, or the folder with ``*``
    """

    cases: tuple[Case, ...]
    message: str
    resource: str


def fold(cases: Sequence[Case]) -> list[Folded]:
    """Put together what has one class and variety and lies in one folder; many folders of one bucket likewise."""
    groups: dict[tuple[str, str, str, str], list[Case]] = {}
    for case in cases:
        groups.setdefault((case.cls, case.tag, case.kind, _folder(case.label)), []).append(case)
    buckets: dict[tuple[str, str, str, str], list[list[Case]]] = {}
    for (cls, tag, kind, folder), members in groups.items():
        buckets.setdefault((cls, tag, kind, _bucket(folder)), []).append(members)
    folded: list[Folded] = []
    for lists in buckets.values():
        if len(lists) > _FOLDERS_AT_MOST:
            lists = [[case for members in lists for case in members]]
        folded.extend(_fold(members) for members in lists)
    return folded


def _folder(label: str) -> str:
    scheme, mark, path = label.partition("://")
    return f"{scheme}{mark}{path.rpartition('/')[0]}"


def _bucket(folder: str) -> str:
    scheme, mark, path = folder.partition("://")
    return f"{scheme}{mark}{path.partition('/')[0]}"


def _fold(members: Sequence[Case]) -> Folded:
    first = members[0]
    if len(members) == 1:
        return Folded((first,), _single(first), first.label)
    folder = _common([_folder(each.label) for each in members])
    count = sum(each.weight for each in members)
    what = kinds.PLURALS.get(first.kind, "objects")
    fate = _PLURAL.get((first.cls, first.tag), "differ from what one clean run leaves")
    names = ", ".join(each.label.removeprefix(folder) for each in members[:_NAMES_AT_MOST])
    more = ", ..." if len(members) > _NAMES_AT_MOST else ""
    message = f"{folder}: {count:,} {what} {fate} ({names}{more})"
    if first.tag == "content":
        message += f"; the first {first.text}"
    return Folded(tuple(members), message, folder + "*")


def _common(folders: Sequence[str]) -> str:
    """The deepest folder that all are in, with a slash at its end."""
    # The least and the greatest differ soonest.
    least, greatest = min(folders).split("/"), max(folders).split("/")
    shared = []
    for a, b in zip(least, greatest, strict=False):
        if a != b:
            break
        shared.append(a)
    return "/".join(shared) + "/"


def _single(case: Case) -> str:
    if case.tag in ("count", "fewer", "message", "child-run", "job", "pod", "k8s-job") and case.text[:1].isdigit():
        return f"{case.label}: {case.text}"
    if case.kind == "xcom":
        return f"XCom {case.label.rpartition('/')[2]} ({case.label}) {case.text}"
    if case.weight > 1:
        return f"{case.label}: {case.weight:,} of them: each {case.text}"
    return f"{case.label} {case.text}"
