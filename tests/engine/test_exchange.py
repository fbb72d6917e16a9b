"""Loads shared between the processes of one run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_dagguard.engine.exchange import Exchange
from pytest_dagguard.model.dag import Dag, DagFile, LoadError, Task

PATH = Path("/dags/a.py")
LOADED = DagFile(str(PATH), (Dag("d", tasks=(Task("t", "Op"),)),), (LoadError("exit", "it left"),))


def one(folder: Path, patience: float = 600.0) -> Exchange:
    return Exchange(folder, patience)


def test_each_file_falls_to_one_process(tmp_path: Path) -> None:
    first, second = one(tmp_path), one(tmp_path)
    assert first.claim(PATH)
    assert first.claim(PATH), "it is still its own"
    assert not second.claim(PATH)
    assert second.claim(Path("/dags/b.py"))


def test_what_one_gives_the_others_take(tmp_path: Path) -> None:
    first, second = one(tmp_path), one(tmp_path)
    first.claim(PATH)
    first.give(PATH, LOADED)
    assert second.take(PATH) == LOADED


def test_nobody_waits_for_a_process_that_is_gone(tmp_path: Path) -> None:
    pid = os.fork()
    if pid == 0:
        one(tmp_path).claim(PATH)
        os._exit(0)
    os.waitpid(pid, 0)
    assert not one(tmp_path).claim(PATH)
    assert one(tmp_path).take(PATH) is None


def test_patience_ends(tmp_path: Path) -> None:
    one(tmp_path).claim(PATH)
    assert one(tmp_path, patience=0.0).take(PATH) is None


@pytest.mark.parametrize("folder", ["gone", "a file"])
def test_a_folder_that_is_no_use_is_no_failure(tmp_path: Path, folder: str) -> None:
    (tmp_path / "a file").write_text("")
    exchange = one(tmp_path / folder)
    assert not exchange.claim(PATH)
    exchange.give(PATH, LOADED)
    assert exchange.take(PATH) is None
