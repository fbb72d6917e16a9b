"""The director's end of a helper process: start it, command it, hear its events."""

from __future__ import annotations

import contextlib
import pickle
import select
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_dagguard.model import wire
from pytest_dagguard.model.errors import ConfigurationError, DagguardError, ProcessLost

# Started by path-less code rather than -m, so that a folder of the repository cannot shadow a library; the package's
# own place comes last, for a checkout that is not installed.
_START = (
    "import sys, runpy; sys.path[:1] = []; sys.path.append({home!r}); runpy.run_module({module!r}, run_name='__main__')"
)


class Link:
    """A helper process and the socket to it."""

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        log: Path,
        stdin: bytes = b"",
    ) -> None:
        """
        :param module: what is run, ``pytest_dagguard.cloud``
        :param folder: its working folder
        :param log: gets its output
        """
        self.name = module.rsplit(".", 1)[-1]
        self.log = log
        self.events: deque[tuple[Any, ...]] = deque()
        self._answers: dict[int, tuple[Any, ...]] = {}
        self._decoder = wire.Decoder()
        self._count = 0
        self._ready = False
        ours, theirs = socket.socketpair()
        home = str(Path(__file__).resolve().parents[2])
        code = _START.format(home=home, module=module)
        with log.open("ab") as sink, theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", code, str(theirs.fileno()), *arguments],
                pass_fds=[theirs.fileno()],
                env=dict(environment),
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=sink,
                stderr=sink,
            )
        assert self.process.stdin is not None
        self.process.stdin.write(stdin)
        self.process.stdin.close()
        self.socket = ours

    def fileno(self) -> int:
        """For ``select``."""
        return self.socket.fileno()

    def take(self) -> None:
        """Read what has come.

        :raises ProcessLost: the process has ended
        """
        try:
            piece = self.socket.recv(1 << 20)
        except ConnectionError:
            piece = b""
        if not piece:
            raise ProcessLost(f"the {self.name} process has ended unexpectedly\n{self.tail()}")
        for message in self._decoder.feed(piece):
            if message[0] in ("returned", "raised"):
                self._answers[message[1]] = message
            else:
                self.events.append(message)

    def call(self, name: str, *arguments: Any) -> Any:
        """Give a command and wait for its answer.

        :raises DagguardError: the command failed over there
        :raises ConfigurationError: for what the user has to mend
        :raises ProcessLost: the process has ended
        """
        return self.calls((name, *arguments))[0]

    def calls(self, *commands: tuple[Any, ...]) -> list[Any]:
        """Give several commands at once, each a name and its arguments, and wait for the answers.

        What is not a question is cheaper so: either process is woken once and not for each of them.

        :raises DagguardError: as :meth:`call`; those after the one that failed are carried out as well
        :raises ConfigurationError: as :meth:`call`
        :raises ProcessLost: as :meth:`call`
        """
        numbers = range(self._count + 1, self._count + 1 + len(commands))
        self._count += len(commands)
        sent = (
            wire.encode((number, name, arguments)) for number, (name, *arguments) in zip(numbers, commands, strict=True)
        )
        try:
            self.socket.sendall(b"".join(sent))
        except OSError as gone:
            raise ProcessLost(f"the {self.name} process has ended unexpectedly\n{self.tail()}") from gone
        while not all(each in self._answers for each in numbers):
            self.take()
        return [self._returned(self._answers.pop(each)) for each in numbers]

    def _returned(self, answer: tuple[Any, ...]) -> Any:
        if answer[0] == "raised" and answer[2].startswith("ConfigurationError: "):
            raise ConfigurationError(answer[2].partition(": ")[2])
        if answer[0] == "raised":
            raise DagguardError(f"{self.name}: {answer[2]}\n{answer[3]}")
        return answer[2]

    def expect(self, kind: str, timeout: float) -> tuple[Any, ...]:
        """Wait for an event of a kind at the head of the queue.

        :param timeout: seconds
        :raises ProcessLost: it ended or did not say so in time
        """
        deadline = time.monotonic() + timeout
        while not self.events:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self], [], [], left)[0]:
                raise ProcessLost(f"the {self.name} process did not get ready in {timeout:.0f} s\n{self.tail()}")
            self.take()
        event = self.events.popleft()
        if event[0] != kind:
            raise ProcessLost(" ".join(str(each) for each in event[1:]))
        self._ready = True
        return event

    def tail(self) -> str:
        """The end of its log."""
        with contextlib.suppress(OSError):
            return self.log.read_text(errors="replace")[-4000:]
        return ""

    def close(self) -> None:
        """Hang up and wait for its end; it is killed if it does not end by itself, or has only just begun."""
        self.socket.close()
        if not self._ready:
            self.process.kill()
        try:
            self.process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def packed(value: Any) -> bytes:
    """A value for a helper's standard input."""
    return pickle.dumps(value)
