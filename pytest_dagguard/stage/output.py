"""What a container or an external job prints, line by line on its way to the cloud while it runs."""

from __future__ import annotations

import io
import os
import selectors
import socket
import struct
import subprocess
import threading
from typing import IO, Any
from urllib.parse import urlsplit

from pytest_dagguard.stage.virtual import forever

_LENGTH = struct.Struct("!I")
_PIECE = 1 << 16


class Output:
    """Tells whole lines. A line is there for whoever reads the log before :meth:`write` returns."""

    def __init__(self, url: str) -> None:
        """
        :param url: of the actor's own port for what it prints
        """
        parts = urlsplit(url)
        self._address = (str(parts.hostname), int(parts.port or 0))
        self._link: socket.socket | None = None
        self._pid = 0
        self._lock = threading.Lock()

    def tell(self, lines: bytes) -> None:
        """Tell one line or several, without the last one's end."""
        if self._pid != os.getpid():  # a program that was forked off has a connection of its own
            self._pid, self._link, self._lock = os.getpid(), None, threading.Lock()
        with self._lock:
            try:
                if self._link is None:
                    self._link = socket.create_connection(self._address)
                self._link.sendall(_LENGTH.pack(len(lines)) + lines)
                answer = self._link.recv(1)
            except ConnectionError:
                answer = b""
        if not answer:
            forever()


class Kept:
    """Keeps whole lines, of a program that no emulator waits to hear of."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def tell(self, lines: bytes) -> None:
        """Keep one line or several, without the last one's end."""
        self.lines.extend(lines.decode("utf-8", "replace").splitlines())


class Lines(io.BufferedIOBase):
    """A stream whose lines are told; one that is not ended yet waits for its end, as it does in a cluster."""

    name = "output"

    def __init__(self, output: Output | Kept) -> None:
        super().__init__()
        self._output = output
        self._rest = b""
        self._lock = threading.Lock()

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, given: Any) -> int:
        """Take in bytes."""
        piece = bytes(given)
        with self._lock:
            whole, end, self._rest = (self._rest + piece).rpartition(b"\n")
            if end:
                self._output.tell(whole)
        return len(piece)

    def finish(self) -> None:
        """Tell what is left: its writer has ended."""
        if self._rest:
            rest, self._rest = self._rest, b""
            self._output.tell(rest)

    def text(self) -> IO[str]:
        """The same for text, as ``sys.stdout`` is."""
        return io.TextIOWrapper(self, encoding="utf-8", errors="replace", newline="\n", write_through=True)


def relay(process: subprocess.Popen[bytes], lines: Lines) -> None:
    """Pass on what a program prints until it has ended; what it has left running ends with its container."""
    assert process.stdout is not None
    pipe, ended = process.stdout.fileno(), os.pidfd_open(process.pid)
    os.set_blocking(pipe, False)
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            selector.register(ended, selectors.EVENT_READ)
            running = True
            while running:
                running = all(key.fd != ended for key, _ in selector.select())
                if pipe in selector.get_map() and not _pass_on(pipe, lines):
                    selector.unregister(pipe)
    finally:
        os.close(ended)


def _pass_on(pipe: int, lines: Lines) -> bool:
    """Pass on what is there; False where nothing more can come."""
    while True:
        try:
            piece = os.read(pipe, _PIECE)
        except BlockingIOError:
            return True
        if not piece:
            return False
        lines.write(piece)
