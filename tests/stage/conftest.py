"""A server that says what it is told to, and a fork to do what is to leave no trace."""

from __future__ import annotations

import contextlib
import os
import re
import select
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_dagguard.stage.child import fork


def whole(link: socket.socket) -> bytes:
    """One request to its end: who hangs up with some of it unread resets the link. Nothing where there is none."""
    request = b""
    while piece := link.recv(1 << 16):
        request += piece
        head, end, body = request.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        if end and len(body) >= (int(length[1]) if length else 0):
            break
    return request


@pytest.fixture
def server() -> Iterator[Callable[..., tuple[str, list[bytes]]]]:
    """Answers the requests that come with what it was given, each on the link it came on; None hangs up."""
    listeners = []

    def start(*answers: bytes | None) -> tuple[str, list[bytes]]:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        asked: list[bytes] = []
        left = list(answers)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while left:
                    link, _ = listener.accept()
                    with link:
                        while left and (request := whole(link)):
                            asked.append(request)
                            answer = left.pop(0)
                            if answer is None:
                                break
                            link.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}", asked

    yield start
    for each in listeners:
        each.close()


@pytest.fixture
def in_child(tmp_path: Path) -> Callable[[Callable[[], Any]], Any]:
    """Calls a function in a fork, which may do to botocore what it likes, and returns what it returns."""

    def run(function: Callable[[], Any]) -> Any:
        child = fork(lambda: (True, function()), str(tmp_path / "log"))
        while not child.read():
            select.select([child.pipe], [], [])
        os.close(child.pipe)
        os.waitpid(child.pid, 0)
        result = child.result()
        assert result, (tmp_path / "log").read_text()
        return result[1]

    return run
