"""What is done once before the forks makes no difference to them but in time."""

from __future__ import annotations

import importlib
import inspect
import linecache
import sys
from pathlib import Path
from types import FrameType

import pytest

from laboratory import Laboratory
from pytest_dagguard.stage import warm
from pytest_dagguard.stage.load import newest_module, third_party


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of modules to import."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(inspect, "modulesbyfile", {})
    monkeypatch.setattr(inspect, "_filesbymodname", {})
    return tmp_path


def frames() -> list[FrameType]:
    found, frame = [], sys._getframe(1)
    while frame is not None:
        found.append(frame)
        frame = frame.f_back  # type: ignore[assignment]
    return found


def names_of_modules() -> list[str | None]:
    """The module of each frame on the stack, by name."""
    return [getattr(inspect.getmodule(each, each.f_code.co_filename), "__name__", None) for each in frames()]


def test_modules_are_found_by_their_files_as_by_a_walk(modules: Path) -> None:
    (modules / "dagguard_one.py").write_text("def f(): ...")
    (modules / "dagguard_two.py").write_text("import dagguard_one")
    (modules / "dagguard_link.py").symlink_to(modules / "dagguard_one.py")
    warm.know_modules()
    before = newest_module()
    for each in ("dagguard_two", "dagguard_link"):
        importlib.import_module(each)
    warm.know_newer(before)
    known = {path: name for path, name in inspect.modulesbyfile.items() if name in sys.modules}
    inspect.modulesbyfile.clear()
    inspect._filesbymodname.clear()  # type: ignore[attr-defined]
    inspect.getmodule(sys._getframe())
    assert known == inspect.modulesbyfile


def test_a_frame_of_no_module_is_still_of_none(modules: Path) -> None:
    space = {"warm": warm, "names_of_modules": names_of_modules}
    exec(compile("def f():\n    first = names_of_modules()\n    warm.know_modules()\n", "<string>", "exec"), space)
    exec(
        "def g():\n    first = names_of_modules()\n    warm.know_modules()\n    return first, names_of_modules()", space
    )
    first, second = space["g"]()  # type: ignore[operator]
    assert first[1:] == second[1:]
    assert first[1] is None
    assert "<string>" in inspect.modulesbyfile


def test_lines_are_read_ahead_and_never_stale(tmp_path: Path) -> None:
    path = tmp_path / "library.py"
    path.write_text("one\n")
    warm.read_sources([str(path), str(tmp_path / "missing.py")])
    assert str(path) in linecache.cache
    path.write_text("another\n")
    linecache.checkcache(str(path))
    assert linecache.getline(str(path), 1) == "another\n"


def test_only_what_came_after_and_is_not_the_repositorys_own_is_third_party(modules: Path) -> None:
    (modules / "dagguard_three.py").write_text("")
    before = newest_module()
    importlib.import_module("dagguard_three")
    assert third_party(before, "/elsewhere") == ("dagguard_three",)
    assert third_party(before, str(modules)) == ()
    assert third_party(newest_module(), "/elsewhere") == ()


@pytest.mark.airflow3
def test_there_is_no_metadata_database_and_airflow_says_so(lab: Laboratory) -> None:
    outcome = lab.attempt("from airflow.utils.session import create_session\nwith create_session() as s: s.get_bind()")
    assert outcome.last.state == "failed"
    assert "not allowed" in outcome.last.error


def test_a_worker_is_fresh_each_time(lab: Laboratory) -> None:
    """Also one that was forked before it was wanted: what an attempt changes in its process the next does not see."""
    body = """
        import json, os, socket, sys
        import airflow
        print("MARK", getattr(airflow, "mark", None), os.environ.get("MARK"), socket.gethostname(), os.getcwd())
        airflow.mark = os.environ["MARK"] = "seen"
    """
    path = lab.task(body)
    lines = []
    for _ in range(3):
        log = lab.run(path).last.log
        lines.append(next(each for each in log.splitlines() if "MARK" in each).split())
    assert [each[1:3] for each in lines] == [["None", "None"]] * 3
    assert len({each[4] for each in lines}) == 3


def test_an_airflow_that_is_not_served_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    version = importlib.import_module("pytest_dagguard.stage.compat.version")
    for name, value in (("VERSION", "2.10.5"), ("MAJOR", 2), ("MINOR", 10)):
        monkeypatch.setattr(version, name, value)
    with pytest.raises(warm.NotServed, match=r"^Airflow 2\.10\.5 is not served, only Airflow 2\.11 and newer"):
        warm.airflow()
