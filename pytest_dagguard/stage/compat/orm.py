"""No metadata database: what a worker and a DAG processor do to keep a DAG's code from it is done here too."""

from __future__ import annotations

import contextlib

from airflow.sdk.execution_time import supervisor as supervision

_blocked = False


def block() -> None:
    """Have any use of Airflow's ORM end in Airflow's own words. Processes that are forked afterwards inherit it.

    Besides, an engine that is still there is made anew in each fork, which takes longer than the fork's own work.
    """
    global _blocked
    if not _blocked and hasattr(supervision, "block_orm_access"):
        with contextlib.suppress(
            Exception
        ):  # it reaches into other parts of Airflow; without it nothing is there to use
            supervision.block_orm_access()
    _blocked = True
