"""From differences to classes of findings: what each difference means for somebody who owns the data."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pytest_dagguard.model.outcome import Content, Outcome
from pytest_dagguard.model.state import CUT_SHORT, EXPIRES, Entry
from pytest_dagguard.oracle import headers, ties
from pytest_dagguard.oracle.diff import CONTENT, EXTRA, HEADERS, MISSING, Difference, grouped
from pytest_dagguard.oracle.kinds import counted
from pytest_dagguard.oracle.names import readable
from pytest_dagguard.oracle.noise import Clean, bytes_of, is_ignored, template
from pytest_dagguard.oracle.relate import relate

BOOKKEEPING = frozenset({"xcom", "task-state", "variable"})
"""Kinds that are values of Airflow rather than data: they differ or not, and are never torn or doubled."""

LIVES = frozenset({"job", "pod", "k8s-job", "pods-at-once"})
"""Kinds that run by themselves: to have one twice is to have it started twice."""

_TEMPORARY = re.compile(
    r"(?:^|(?<=[^a-z0-9]))(?:_?temporary|_?temp|_?tmp(?:[a-z0-9_]{8})?|staging|_?inprogress|in_progress|incomplete|partial"
    r"|part(?=$)|lock|locks|lck|_delta_log_tmp|crdownload)(?=[^a-z0-9]|$)"
)


@dataclass(frozen=True, slots=True)
class Case:
    """One resource's part of a finding.

    :param cls: the finding's class
    :param tag: which variety, so that only like is folded with like and has the right advice
    :param label: the templated resource
    :param text: what follows the label in a sentence
    :param name: the concrete resource
    :param kind: of the entry
    :param weight: how many resources this stands for
    """

    cls: str
    tag: str
    label: str
    text: str
    name: str
    kind: str
    weight: int = 1


def cases(clean: Clean, outcome: Outcome, differences: Sequence[Difference], content: Content) -> list[Case]:
    """What the differences mean, one case for each template and variety.

    :raises KeyError: ``content`` does not know a digest of one of the runs
    """
    look = _Look(clean, outcome, differences, content)
    found = [case for difference in differences if (case := look.case(difference))]
    return _merged(found)


def _merged(found: Sequence[Case]) -> list[Case]:
    """One case where several members of one template have the same fate."""
    groups: dict[tuple[str, str, str, str], list[Case]] = {}
    for case in found:
        same_text = case.tag if case.tag in ("count", "fewer", "message") else case.text
        groups.setdefault((case.cls, case.tag, case.label, same_text), []).append(case)
    return [
        Case(first.cls, first.tag, first.label, first.text, first.name, first.kind, len(members))
        for members in groups.values()
        for first in members[:1]
    ]


def looks_temporary(name: str, others: Sequence[str] = ()) -> bool:
    """Say whether a name is one that is meant to go away: a lock, a part, something under ``tmp/``.

    :param others: names that stay. Where they lie under the same folder the folder is no hint (a layer of the lake
        may well be called ``staging``).
    """
    scheme, _, path = name.partition("://")
    bucket, _, key = path.partition("/")
    start = len(scheme) + 3 + len(bucket) + 1
    for match in _TEMPORARY.finditer(key.lower()):
        folder = key.find("/", match.start())
        if folder < 0 or not any(other.startswith(name[: start + folder + 1]) for other in others):
            return True
    return False


class _Look:
    """The three states side by side, for classifying one difference after the other."""

    def __init__(self, clean: Clean, outcome: Outcome, differences: Sequence[Difference], content: Content) -> None:
        self.clean = clean
        self.outcome = outcome
        self.content = content
        members = [member for group in clean.groups.values() for member in group.members]
        self.stay = [name for name, _ in members]
        self.expected = {
            entry.digest: name for name, entry in members if entry.size and entry.kind not in ("bucket", *BOOKKEEPING)
        }
        self.extra = {each.found[1].digest: each.name for each in differences if each.how == EXTRA and each.found}

    def case(self, difference: Difference) -> Case | None:
        if difference.kind == "expiry":
            return self._expiry(difference)
        if self._is_folder(difference):
            return None
        if difference.how == EXTRA:
            return self._extra(difference)
        if difference.how == MISSING:
            return self._missing(difference)
        if difference.how == HEADERS:
            return self._headers(difference)
        return self._content(difference)

    @staticmethod
    def _make(difference: Difference, cls: str, tag: str, text: str) -> Case:
        return Case(cls, tag, difference.label, text, difference.name, difference.kind)

    def _is_folder(self, it: Difference) -> bool:
        """Say whether all that differs is an empty object that stands for a folder, in which there is something.

        Clients that think in folders make one where they find none, and to them the folder is there either way.
        """
        name, entry = it.found or it.wanted or ("", None)
        if it.how not in (EXTRA, MISSING) or it.kind != "object" or entry is None or entry.size:
            return False
        return name.endswith("/") and any(each.startswith(name) and each != name for each in self.outcome.after)

    def _expiry(self, it: Difference) -> Case | None:
        """A key that lives for ever where it should not, or the other way round; not where the key itself differs."""
        key = it.name.replace("redis-ttl://", "redis://", 1)
        if key not in self.outcome.after or key not in self.stay:
            return None
        text = "has a time to live, and after one clean run it has none"
        if it.how == MISSING:
            text = "has no time to live, and after one clean run it has one"
        return replace(self._make(it, "changed", "expiry", text), label=it.label.replace("redis-ttl://", "redis://", 1))

    def _extra(self, it: Difference) -> Case | None:
        if it.kind == "upload":
            if it.found is not None and it.found[1].version == EXPIRES:
                return None  # a remark, see :func:`remarks`
            return self._make(it, "leak", "upload", "is an unfinished upload that stays behind")
        if it.kind == "child-run":
            return self._child_run(it)
        if it.kind == "asset-event":
            return self._make(it, "duplicate", it.kind, "was produced, and one clean run does not produce it")
        if it.kind in LIVES:
            return self._life(it)
        if it.kind in BOOKKEEPING:
            return self._make(it, "changed", it.kind, "is set, and one clean run does not set it")
        if it.expected:
            text = f"{counted(it.actual, it.kind)} where one clean run leaves {it.expected:,}"
            return self._make(it, "duplicate", "message" if it.kind == "message" else "count", text)
        assert it.found is not None
        if it.name not in self.outcome.before and self._is_temporary(it):
            return self._make(it, "leak", "temporary", "is temporary and stays behind")
        twin = self.expected.get(it.found[1].digest)
        still = it.name in self.outcome.before
        if twin is not None:
            text = "is still there" if still else "is there"
            return self._make(it, "duplicate", "copy", f"{text} with the same content as {template(twin, self.clean)}")
        if still:
            return self._make(it, "duplicate", "kept", "is still there, and one clean run deletes it")
        return self._make(it, "duplicate", "unexpected", "is there, and one clean run does not leave it")

    def _is_temporary(self, it: Difference) -> bool:
        return it.key in self.clean.temporaries or looks_temporary(it.name, self.stay)

    def _child_run(self, it: Difference) -> Case:
        dag = it.name.removeprefix("dagrun://").partition("/")[0]
        prefix = f"dagrun://{dag}/"
        expected = sum(name.startswith(prefix) for name in self.stay)
        if not expected:
            return self._make(it, "duplicate", "unexpected", "was started, and one clean run does not start it")
        actual = sum(name.startswith(prefix) for name in self.outcome.after)
        text = f"{actual:,} runs of DAG {dag} were started where one clean run starts {expected:,}"
        return self._make(it, "started-twice", "child-run", text)

    def _life(self, it: Difference) -> Case | None:
        """One run too many of a job; how the service names its runs says nothing to a person."""
        # a job whose own name varies is still one job: the templates are compared
        key = self.clean.names.key
        folder = it.key.rpartition("/")[0] + "/"
        # another task may have left some there, which nobody has started here
        before = self.outcome.before
        expected = sum(key(name).startswith(folder) for name in self.stay if name not in before)
        fresh = [name for name in self.outcome.after if key(name).startswith(folder) and name not in before]
        actual = sum(not self._failed(self.outcome.after[name]) for name in fresh)
        if it.kind == "pods-at-once":
            return self._make(it, "started-twice", it.kind, "had more than one pod at work at once")
        if not expected and it.kind in ("pod", "k8s-job"):
            return self._left(it)
        if not expected and self._goes_on(it):
            return self._make(it, "orphan", it.kind, "is left running, and nobody watches it")
        if not expected:
            text = "was started, and one clean run does not start it"
        else:
            text = f"{actual:,} were started where one clean run starts {expected:,}"
            if len(fresh) > actual <= expected:
                return None  # one that failed was replaced, and is kept as one that succeeds is
        return Case("started-twice", it.kind, readable(folder[:-1]), text, it.name, it.kind)

    def _failed(self, entry: Entry) -> bool:
        """Say whether a pod or a Job of Kubernetes has failed: it has not done what another one is there for."""
        if entry.kind not in ("pod", "k8s-job"):
            return False
        status = json.loads(bytes_of(entry, self.content)).get("status", {})
        said = (status.get("phase"), status.get("state"), *status.get("conditions", ()))
        return "Failed" in said or "FAILED" in said

    def _goes_on(self, it: Difference) -> bool:
        """Say whether an external job, or a cluster of one, is still at work when all else has ended."""
        assert it.found is not None
        return it.kind == "job" and json.loads(bytes_of(it.found[1], self.content)).get("state") == "live"

    def _left(self, it: Difference) -> Case:
        """A pod or a Job of Kubernetes that one clean run takes away."""
        assert it.found is not None
        status = json.loads(bytes_of(it.found[1], self.content)).get("status", {})
        if status.get("phase") in ("Pending", "Running") or status.get("active"):
            return self._make(it, "orphan", it.kind, "is left running, and nobody watches it")
        return self._make(it, "leak", it.kind, "has ended and stays behind, and one clean run takes it away")

    def _missing(self, it: Difference) -> Case | None:
        if it.kind == "upload":
            return None
        if it.kind in BOOKKEEPING:
            cls = "lost" if it.kind == "xcom" and it.name.rsplit("/", 1)[-1] == "return_value" else "changed"
            return self._make(it, cls, it.kind, "is not set, and one clean run sets it")
        if it.kind == "asset-event":
            return self._make(it, "lost", it.kind, "was not produced, and one clean run produces it")
        if it.kind == "child-run" or it.kind in LIVES:
            return self._make(it, "lost", it.kind, "was not started, and one clean run starts it")
        if it.expected > 1:
            text = f"{counted(it.actual, it.kind)} where one clean run leaves {it.expected:,}"
            return self._make(it, "lost", "fewer", text)
        assert it.wanted is not None
        text = "is gone, and one clean run leaves it"
        if it.name in self.outcome.before:
            text = "was there before the task and is gone, and one clean run leaves it"
        if it.wanted[1].size and (other := self.extra.get(it.wanted[1].digest)):
            text += f" (its content is under {other})"
        elif self._was_never_there(it.name):
            return self._make(it, "lost", "unwritten", "was not written, and one clean run leaves it")
        return self._make(it, "lost", "gone", text)

    def _was_never_there(self, name: str) -> bool:
        """True where nobody has taken away anything, so that it can only not have been written."""
        history = self.outcome.history
        taken = any(what == "deleted" and "-upload://" not in each for event in history for each, what in event.changed)
        return bool(history) and not taken and name not in self.outcome.before

    def _headers(self, it: Difference) -> Case:
        assert it.wanted is not None
        assert it.found is not None
        loose = self.clean.groups[it.kind, it.key].loose
        return self._make(it, "changed", "headers", headers.difference(it.wanted[1], it.found[1], loose))

    def _content(self, it: Difference) -> Case:
        assert it.wanted is not None
        assert it.found is not None
        expected, actual = bytes_of(it.wanted[1], self.content), bytes_of(it.found[1], self.content)
        if it.kind == "child-run" and CUT_SHORT in json.loads(actual):
            text = "was cleared while it was under way: its tasks are stopped and run again"
            return self._make(it, "started-twice", "child-reset", text)
        relation = relate(expected, actual, it.rule, it.wanted[0], it.kind)
        if it.kind in (*BOOKKEEPING, "child-run", "asset-event", *LIVES):
            return self._make(it, "changed", it.kind, relation.text)
        before = self.outcome.before.get(it.name)
        if before is not None and before.digest == it.found[1].digest:
            text = "still has the content that it had before the task; one clean run replaces it"
            return self._make(it, "changed", "stale", text)
        if it.kind == "secret":
            return self._make(it, "changed", "secret", relation.text)
        return self._make(it, relation.cls, "content", relation.text)


def untied(clean: Clean, outcome: Outcome, content: Content) -> list[Case]:
    """Pairs that carry the same random value after one clean run, and do not here.

    :raises KeyError: ``content`` does not know a digest
    """
    if not clean.ties:
        return []
    complete = {
        key: members
        for key, members in grouped(clean, outcome.after).items()
        if key in clean.groups and len(members) == len(clean.groups[key].members)
    }
    found = []
    for tie, value in ties.broken(clean.ties, complete, {k: each.rule for k, each in clean.groups.items()}, content):
        kind, key = tie.part.key
        text = (
            f"does not belong to {readable(tie.whole.key[1])}: {value} is in {tie.part} and not in that one's"
            f" {str(tie.whole).removeprefix('its ')}, and one clean run leaves the same random value in both"
        )
        found.append(Case("changed", "pair", readable(key), text, complete[kind, key][-1][0], kind))
    return found


def remarks(clean: Clean, outcome: Outcome, content: Content) -> tuple[str, ...]:
    """What an experiment left that changes nothing and is worth a line.

    :raises KeyError: ``content`` does not know a digest
    """
    left = sorted(
        {
            template(name, clean)
            for name, entry in outcome.after.items()
            if entry.kind == "upload" and entry.version == EXPIRES and name not in outcome.before
            if ("upload", clean.names.key(name)) not in clean.groups and not is_ignored(name, clean.ignored)
        }
    )
    text = "is a resumable upload that nobody finished; Cloud Storage drops it after a week"
    return (*(f"{name} {text}" for name in left), *_again(clean, outcome, content), *_events(clean, outcome))


def _events(clean: Clean, outcome: Outcome) -> list[str]:
    """Assets of which a rerun produced another event: Airflow means it so, and whoever depends on them should know."""
    more = {
        name.rpartition("#")[0]
        for name, entry in outcome.after.items()
        if entry.kind == "asset-event" and name not in outcome.before and (entry.kind, name) not in clean.groups
    }
    text = "is produced once more by the rerun: DAGs that are scheduled on the asset run again"
    return [f"{template(name, clean)} {text}" for name in sorted(more)]


def _again(clean: Clean, outcome: Outcome, content: Content) -> list[str]:
    """Child DAG runs that were cleared when they had ended: the same run, and all of its work once more."""
    found = []
    for name, entry in sorted(outcome.after.items()):
        group = clean.groups.get((entry.kind, clean.names.key(name)))
        if entry.kind != "child-run" or group is None or CUT_SHORT in json.loads(content(entry.digest)):
            continue
        if entry.version not in {each.version for _, each in group.members}:
            text = "was cleared after it had ended, and does all of its work again"
            found.append(f"{template(name, clean)} {text}")
    return found


def gone(outcome: Outcome, differences: Sequence[Difference], content: Content) -> list[Difference]:
    """Those differences that mean that data is gone, for a run that did not come to its end.

    What a retry did not get to write is expected to be missing. Gone is what was there before, or was written and
    deleted again, or was somewhere else before and is nowhere now; and what was there before and lost a part.

    :raises KeyError: ``content`` does not know a digest
    """
    deleted = {name for event in outcome.history for name, what in event.changed if what == "deleted"}
    was = {entry.digest for entry in outcome.before.values() if entry.size}
    now = {entry.digest for entry in outcome.after.values()}

    def is_gone(it: Difference) -> bool:
        if it.wanted is None or it.how == HEADERS or it.kind in (*BOOKKEEPING, "child-run", "asset-event"):
            return False
        if it.kind in LIVES:
            return False
        if it.how == CONTENT:
            return _is_damaged(it, outcome.before.get(it.name), content)
        name, entry = it.wanted
        return name in outcome.before or name in deleted or (entry.digest in was and entry.digest not in now)

    return [each for each in differences if is_gone(each)]


def _is_damaged(it: Difference, old: Entry | None, content: Content) -> bool:
    assert it.wanted is not None
    assert it.found is not None
    entry = it.found[1]
    if old is None or old.digest == entry.digest:
        return False
    if old.digest == it.wanted[1].digest:
        return True
    relation = relate(bytes_of(old, content), bytes_of(entry, content), it.rule, it.name, it.kind)
    return relation.cls in ("lost", "torn")
