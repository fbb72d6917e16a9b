"""A finding: one named fault, with its evidence."""

from __future__ import annotations

from dataclasses import dataclass

CLASSES: dict[str, str] = {
    "duplicate": "The cloud holds something twice that one clean run leaves once.",
    "lost": "Something that one clean run leaves is gone.",
    "changed": "Something is there, with another content than one clean run gives it.",
    "torn": "Something is there in part only.",
    "stale": "A worker that was frozen for a while overwrote what its retry had made of newer input.",
    "started-twice": "An external job or a child DAG run was started more than once.",
    "cannot-finish": "After the fault the task can no longer succeed by itself, or it never ends.",
    "success-after-kill": "A task that was killed half way is reported as a success.",
    "orphan": "A pod or job goes on running and nobody watches it.",
    "left-running": "The task is stopped, and the pod or job that it had started is not.",
    "leak": "A temporary object or an unfinished upload stays behind.",
    "reader-window": "A reader finds nothing for a while where there was something before and will be again.",
    "double-run": "Work of which only one may run at a time ran twice at once.",
}

WARN_CLASSES = frozenset({"leak", "left-running", "reader-window", "stale"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One named fault.

    :param cls: a key of :data:`CLASSES`, or a rule's name
    :param message: one sentence: what a clean run leaves and what this run left
    :param resource: the (templated) resource it is about
    :param file: file of the line to look at, relative to the root where possible
    :param line: 1-based; 0 where unknown
    :param why: how it comes about, in a data engineer's words
    :param fix: what to change
    :param replay: a token, or empty where the finding has no schedule of its own
    :param confirmed: in how many repetitions with a real SIGKILL it showed again
    :param history: lines of text, one an operation
    """

    cls: str
    message: str
    resource: str = ""
    file: str = ""
    line: int = 0
    why: str = ""
    fix: str = ""
    replay: str = ""
    confirmed: int = 0
    history: tuple[str, ...] = ()

    @property
    def warns(self) -> bool:
        """True for a class that does not fail by default."""
        return self.cls in WARN_CLASSES
