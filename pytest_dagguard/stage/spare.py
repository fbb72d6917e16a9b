"""A child that is forked before it is wanted.

A fork takes ten milliseconds, and so does moving into namespaces. A spare has both behind it: it is a machine of its
own and waits to hear what it shall do there. It has not run a line of the repository.
"""

from __future__ import annotations

import contextlib
import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pytest_dagguard.model import wire
from pytest_dagguard.stage import touched
from pytest_dagguard.stage.child import Child, fork
from pytest_dagguard.stage.machine import Exposed, Place, settle_in

Perform = Callable[[str, str, tuple[Any, ...]], Any]
"""Does a job in the child, given the ticket, the job's name and its arguments."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a child lives.

    :param ticket: name of the machine that it becomes
    :param folder: for all that it writes
    :param log: path of the file with its output
    """

    ticket: str
    folder: str
    log: str


@dataclass(slots=True)
class Spare:
    """A child that waits for its order.

    :param order: the pipe's end for it
    """

    seat: Seat
    child: Child
    order: int

    def give(self, job: str, arguments: tuple[Any, ...]) -> bool:
        """Tell it what to do; False where it is not there any more."""
        try:
            wire.write_all(self.order, pickle.dumps((job, arguments)))
        except OSError:
            return False
        finally:
            os.close(self.order)
        return True

    def dismiss(self) -> None:
        """Let it end without having done anything."""
        os.close(self.order)


def prepare(place: Place, seat: Seat, perform: Perform, close: Callable[[], None], memory: touched.Spans) -> Spare:
    """Fork a child that settles in and waits.

    :param close: called in the child to let go of what belongs to the parent alone
    :param memory: what it will probably write to
    """
    source, sink = os.pipe()

    def body() -> Any:
        os.close(sink)
        with contextlib.suppress(Exposed):  # comes up again, and is told, when there is an order
            settle_in(place, seat.ticket)
        touched.have(memory)
        with open(source, "rb") as pipe:
            order = pipe.read()
        if not order:
            os._exit(0)
        job, arguments = pickle.loads(order)
        return perform(seat.ticket, job, arguments)

    child = fork(body, seat.log, close)
    os.close(source)
    return Spare(seat, child, sink)
