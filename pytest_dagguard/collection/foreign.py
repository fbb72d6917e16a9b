"""Tests that lie in a DAG folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pytest_dagguard.model.files import is_dag_file


class Foreign:
    """A pytest plugin for runs over the DAG folders as a whole: tests in them are not asked for.

    They are another run's business, may take what is not here, and one that cannot be imported would end this run.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        """
        :param folders: the DAG folders, or single files
        """
        self.folders = folders

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Leave out modules that are no DAG files."""
        if collection_path.suffix != ".py" or is_dag_file(collection_path, self.folders, named=False):
            return None
        return True
