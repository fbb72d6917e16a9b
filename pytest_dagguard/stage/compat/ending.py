"""What comes of a try, whichever engine runs it."""

from __future__ import annotations

from dataclasses import dataclass


class Refused(Exception):
    """Airflow did not let this try start."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a task instance ended.

    :param state: Airflow's name of the state
    :param error: the exception, None where there was none
    """

    state: str
    error: BaseException | None
