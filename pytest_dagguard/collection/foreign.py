"""Tests that lie in a DAG folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from pytest_dagguard.model.files import is_dag_file


class Foreign:
    """A pytest plugin for runs over the DAG folders as a whole: tests in them are not asked for.

    They are another run's business, may take what is not here, and one that cannot be imported would end this run.
    """

    def __init__(self, config: pytest.Config, folders: Sequence[Path]) -> None:
        """
        :param folders: the DAG folders, or single files; what is named below one of them is meant as it is named
        """
        here = config.invocation_params.dir
        named = {Path(os.path.normpath(Path(here, each))) for each in config.args}
        self.folders = [each for each in folders if each in named]

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Leave out modules that are no DAG files."""
        inside = any(collection_path.is_relative_to(each) for each in self.folders)
        if not inside or collection_path.suffix != ".py" or is_dag_file(collection_path, self.folders, named=False):
            return None
        return True
