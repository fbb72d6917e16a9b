"""What is said of a helper process that has ended."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_dagguard.engine.link import Link
from pytest_dagguard.engine.lost import lost
from pytest_dagguard.model.errors import ProcessLost


def test_one_that_was_killed_says_by_what_and_may_live_the_next_time() -> None:
    found = lost("cloud", -9, "")
    assert found.killed
    assert str(found).startswith("the cloud process has ended unexpectedly (by SIGKILL); if nobody killed it")


def test_one_that_lacks_a_module_names_it_and_says_what_to_do() -> None:
    log = "Traceback (most recent call last):\n  ...\nModuleNotFoundError: No module named 'moto.core'\n\n"
    found = lost("cloud", 1, log)
    first = str(found).splitlines()[0]
    assert "(ModuleNotFoundError: No module named 'moto.core'); install moto anew" in first
    assert not found.killed
    assert str(found).endswith(log)


def test_one_that_fails_otherwise_says_its_last_line() -> None:
    assert "(ValueError: no); the lines below" in str(lost("stage", 1, "x\nValueError: no\n"))


def test_one_that_says_nothing_has_its_status() -> None:
    assert str(lost("stage", 3, "")) == "the stage process has ended unexpectedly (status 3)"


def test_one_that_cannot_start_is_named_with_its_cause(tmp_path: Path) -> None:
    link = Link("pytest_dagguard.nowhere", [], dict(os.environ), tmp_path, tmp_path / "log", b"x" * (1 << 20))
    with pytest.raises(ProcessLost, match=r"nowhere process has ended unexpectedly \(.*No module named .*nowhere"):
        link.expect("ready", 60.0)
    link.close()
