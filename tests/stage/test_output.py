"""What containers print: whole lines, as they are written, and no waiting for what a program has left running."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from pytest_dagguard.stage.output import Lines, Output, relay


class Ear:
    """The other side: takes in messages and answers each."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.output = Output(f"http://127.0.0.1:{self._server.getsockname()[1]}")
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                link, _ = self._server.accept()
                threading.Thread(target=self._hear, args=(link,), daemon=True).start()

    def _hear(self, link: socket.socket) -> None:
        with link, link.makefile("rb") as file:
            while head := file.read(4):
                self.heard.append(file.read(int.from_bytes(head, "big")))
                link.sendall(b".")

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def ear() -> Iterator[Ear]:
    made = Ear()
    yield made
    made.close()


def test_a_line_is_told_when_it_is_whole(ear: Ear) -> None:
    lines = Lines(ear.output)
    with contextlib.redirect_stdout(lines.text()):
        print("one")
        assert ear.heard == [b"one"]
        print("two", end="")
        assert ear.heard == [b"one"]
        print(" and more\nthree\nfo", end="")
        assert ear.heard == [b"one", b"two and more\nthree"]
        sys.stdout.buffer.write("ü\n".encode())
    assert ear.heard[2:] == ["foü".encode()]
    lines.write(b"five")
    lines.finish()
    lines.finish()
    assert ear.heard[3:] == [b"five"]


def test_an_empty_line_is_one(ear: Ear) -> None:
    Lines(ear.output).write(b"\n")
    assert ear.heard == [b""]


def test_a_process_that_is_forked_off_has_its_own_connection(ear: Ear) -> None:
    ear.output.tell(b"parent")
    if (child := os.fork()) == 0:
        ear.output.tell(b"child")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    ear.output.tell(b"parent again")
    assert ear.heard == [b"parent", b"child", b"parent again"]


def run(ear: Ear, script: str) -> subprocess.Popen[bytes]:
    program = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, stdin=subprocess.PIPE)
    lines = Lines(ear.output)
    relay(program, lines)
    lines.finish()
    return program


def test_what_a_program_prints_is_told_to_its_last_line(ear: Ear) -> None:
    with run(ear, "seq 20000; printf end; exit 3") as program:
        assert program.wait() == 3
    assert b"\n".join(ear.heard).split() == [*(b"%d" % each for each in range(1, 20001)), b"end"]


def test_what_a_program_leaves_running_is_not_waited_for(ear: Ear) -> None:
    # the one that is left holds the pipe open until it reads the end of its input
    with run(ear, "cat <&0 & echo done") as program:
        assert (program.wait(), ear.heard) == (0, [b"done"])


def test_a_program_that_closes_its_output_is_waited_for(ear: Ear) -> None:
    with run(ear, "echo one; exec >&- 2>&-; exit 4") as program:
        assert (program.wait(), ear.heard) == (4, [b"one"])


def test_a_program_is_heard_before_it_ends(ear: Ear) -> None:
    program = subprocess.Popen(["sh", "-c", "echo ready; read x"], stdout=subprocess.PIPE, stdin=subprocess.PIPE)
    thread = threading.Thread(target=relay, args=(program, Lines(ear.output)))
    thread.start()
    while not ear.heard:
        assert thread.is_alive()
    assert program.poll() is None
    assert program.stdin is not None
    program.stdin.close()
    thread.join(10)
    with program:
        assert (ear.heard, program.wait()) == ([b"ready"], 1)
