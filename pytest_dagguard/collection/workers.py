"""Items of one DAG stay on one worker of pytest-xdist: its clean runs are kept states of that worker's own cloud."""

from __future__ import annotations

from typing import Any

import pytest


def group_of(nodeid: str) -> str:
    """What items have to have in common to stay together.

    Of a scenario that is the file and the beginning of the DAG's id, up to its first dot: where the id itself ends and
    the task's begins cannot be told, and two DAGs in one group do no harm. Any other item is on its own.
    """
    file, _, rest = nodeid.partition("::")
    task, separator, _ = rest.partition("::")
    return f"{file}::{task.partition('.')[0]}" if separator and "." in task and file.endswith(".py") else nodeid


class ByDag:
    """A pytest plugin for the process of pytest-xdist that hands out items."""

    def __init__(self, scenarios: bool) -> None:
        """
        :param scenarios: False where there are none in this run
        """
        self.scenarios = scenarios

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """A scheduler of pytest-xdist's that hands out whole groups, in place of its default one.

        :returns: None where the user asked for another way to distribute, so that pytest-xdist does as it is told
        """
        if not self.scenarios or config.getoption("dist", "no") != "load":
            return None
        from xdist.scheduler import LoadScopeScheduling

        class _Scheduling(LoadScopeScheduling):  # type: ignore[misc]
            def _split_scope(self, nodeid: str) -> str:
                return group_of(nodeid)

        return _Scheduling(config, log)
