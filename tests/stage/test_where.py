"""Which lines of the repository a process is at, asked from outside while it waits for an answer."""

from __future__ import annotations

import json
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from pytest_dagguard.isolation import waits
from pytest_dagguard.stage import where


def compiled(path: Path, source: str) -> dict[str, Any]:
    """The names of a module that has been read from a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    names: dict[str, Any] = {}
    exec(compile(source, str(path), "exec"), names)
    return names


@pytest.mark.parametrize(
    ("file", "own"),
    [
        ("/repo/dags/a.py", True),
        ("/repo/plugins/a.py", True),
        ("/elsewhere/a.py", False),
        ("/repo/.venv/lib/python3.11/site-packages/boto3/a.py", False),
        ("/repo/env/lib/python3.11/json/a.py", False),
        ("<string>", False),
    ],
)
def test_own_files(file: str, own: bool) -> None:
    assert where.is_own(file, ["/repo"]) is own


def test_frames_are_the_repositorys_own_innermost_first(tmp_path: Path) -> None:
    library = compiled(tmp_path / "lib" / "a.py", "def call(then):\n    return then()\n")
    helper = compiled(tmp_path / "repo" / "helper.py", "def put(call, then):\n\n    return call(then)\n")
    dag = compiled(tmp_path / "repo" / "dag.py", "def load(put, call, then):\n    return put(call, then)\n")

    def then() -> list[tuple[str, int, str]]:
        frame: FrameType | None = sys._getframe()
        return where.own_frames(frame, [str(tmp_path / "repo")])

    assert dag["load"](helper["put"], library["call"], then) == [
        (str(tmp_path / "repo" / "helper.py"), 3, "put"),
        (str(tmp_path / "repo" / "dag.py"), 2, "load"),
    ]


def test_a_stack_without_own_code_has_none(tmp_path: Path) -> None:
    assert where.own_frames(sys._getframe(), [str(tmp_path)]) == []
    assert where.own_frames(None, ["/"]) == []


def test_it_answers_over_the_socket_from_whatever_thread_stands_in_own_code(tmp_path: Path) -> None:
    names = compiled(tmp_path / "repo" / "dag.py", "def load(ready, done):\n    ready.set()\n    done.wait()\n")
    ready, done = threading.Event(), threading.Event()
    worker = threading.Thread(target=names["load"], args=(ready, done))
    worker.start()
    ready.wait()
    with socket.create_server(("127.0.0.1", 0)) as server:
        where.answer(f"http://127.0.0.1:{server.getsockname()[1]}", [str(tmp_path / "repo")])
        link, _ = server.accept()
        with link, link.makefile("rwb") as stream:
            answers = []
            for _ in range(2):
                stream.write(b"?\n")
                stream.flush()
                answers.append(json.loads(stream.readline()))
    done.set()
    worker.join()
    assert [site for site, _, _ in answers] == [[[str(tmp_path / "repo" / "dag.py"), 3, "load"]]] * 2
    assert answers[0][1] >= 1, "this thread waits for the answer, and the worker for this thread"


def test_threads_that_serve_the_task_are_not_counted(tmp_path: Path) -> None:
    done = threading.Event()
    serving, other = (threading.Thread(target=done.wait) for _ in range(2))
    with socket.create_server(("127.0.0.1", 0)) as server:
        where.answer(f"http://127.0.0.1:{server.getsockname()[1]}", [str(tmp_path)])
        link, _ = server.accept()
        with link, link.makefile("rwb") as stream:

            def threads() -> int:
                stream.write(b"?\n")
                stream.flush()
                return int(json.loads(stream.readline())[2])

            before = threads()
            serving.start()
            other.start()
            assert threads() == before + 2
            waits.mark_own([serving])
            assert threads() == before + 1
            done.set()
            serving.join()
            other.join()
            assert threads() == before


def test_threads_that_wait_for_work_or_for_a_thread_are_not_at_work() -> None:
    read, write = socket.socketpair()
    with ThreadPoolExecutor(2) as pool:
        pool.submit(int).result()
        busy = threading.Thread(target=lambda: read.recv(1))
        joins = threading.Thread(target=busy.join)
        busy.start()
        joins.start()
        frames = {each.ident: sys._current_frames()[each.ident or 0] for each in (busy, joins, *pool._threads)}
        assert [ident for ident, frame in frames.items() if where.is_at_work(frame)] == [busy.ident]
        write.send(b"x")
        joins.join()
    read.close()
    write.close()
