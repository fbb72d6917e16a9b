"""A history: the operations of all actors in the order in which they took effect."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_dagguard.model.operation import Operation


@dataclass(frozen=True, slots=True)
class Frame:
    """A place in the repository's own code.

    :param file: path as Python has it
    :param line: 1-based
    :param function: name of the function
    """

    file: str
    line: int
    function: str


@dataclass(frozen=True, slots=True)
class Event:
    """One operation that took effect.

    :param actor: name of the attempt that called
    :param index: 0-based position among the operations of that actor
    :param operation: what it was
    :param status: the HTTP status of the answer
    :param changed: resource names whose entry differs after it, ``{}`` where it changed nothing: name -> what
        happened, one of ``created``, ``changed``, ``deleted``
    :param digests: for each of ``changed`` the SHA-256 of its content afterwards, empty where it is gone
    :param headers: for each of ``changed`` what is kept beside its content afterwards, see
        :class:`~pytest_dagguard.model.state.Entry`
    :param answered: False where the answer was withheld (the actor was held or killed here)
    :param site: the repository's frames on the caller's stack, innermost first; empty where not asked or unknown
    :param alive: how many things were to happen by themselves after it: pods and jobs that run, child DAG runs
    :param beside: positions of the actor's earlier operations that were under way at the same time: it has threads, or
        the like, and these might have come in another order
    :param state: names the state of the cloud after it: equal for equal states, versions included, 0 for the state
        that the experiment began with
    """

    actor: str
    index: int
    operation: Operation
    status: int
    changed: tuple[tuple[str, str], ...] = ()
    answered: bool = True
    site: tuple[Frame, ...] = ()
    state: int = 0
    digests: tuple[str, ...] = ()
    headers: tuple[tuple[tuple[str, str], ...], ...] = ()
    alive: int = 0
    beside: tuple[int, ...] = ()


History = tuple[Event, ...]
