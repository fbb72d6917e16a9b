"""A real Redis server on a port of its own, and the few lines that talk to it without a client library's opinions."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Line:
    """A connection. A reply is bytes, int, list, None or, with its sign, the text of a status or an error."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.file = self.socket.makefile("rb")

    def send(self, *words: Any) -> None:
        fields = [each if isinstance(each, bytes) else str(each).encode() for each in words]
        parts = [b"*%d\r\n" % len(fields), *(b"$%d\r\n%s\r\n" % (len(each), each) for each in fields)]
        self.socket.sendall(b"".join(parts))

    def __call__(self, *words: Any) -> Any:
        self.send(*words)
        return self.read()

    def read(self) -> Any:
        line = self.file.readline()
        if not line:
            raise ConnectionError("the server hung up")
        kind, rest = line[:1], line[1:-2]
        if kind in b"+-":
            return line[:-2].decode()
        if kind == b":":
            return int(rest)
        if kind in b"$_":
            return None if rest in (b"-1", b"") else self.file.read(int(rest) + 2)[:-2]
        if kind in b"*>~":
            return None if rest == b"-1" else [self.read() for _ in range(int(rest))]
        if kind == b"%":
            return {str(self.read()): self.read() for _ in range(int(rest))}
        raise AssertionError(line)

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@contextmanager
def server(folder: Path) -> Iterator[int]:
    """Run ``redis-server`` (Debian package redis-server); its port."""
    program = shutil.which("redis-server")
    assert program, "this test needs redis-server: apt-get install redis-server"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    try:
        while True:
            try:
                Line(port).close()
                break
            except ConnectionRefusedError:
                assert process.poll() is None, "redis-server ended at once"
                time.sleep(0.01)
        yield port
    finally:
        process.kill()
        process.wait()


def commands(line: Line) -> dict[str, dict[str, Any]]:
    """The commands as the server describes them, with no more of it than footprints are made of."""
    found: dict[str, dict[str, Any]] = {}
    for each in line("COMMAND"):
        _add(found, each)
    return dict(sorted(found.items()))


def _add(found: dict[str, dict[str, Any]], command: list[Any]) -> None:
    for each in command[9]:
        _add(found, each)
    if not command[9]:
        flags = [flag[1:] for flag in command[2] if flag in ("+write", "+readonly", "+blocking")]
        keys = [_spec(_pairs(each)) for each in command[8]]
        found[command[0].decode().replace("|", " ")] = {"flags": sorted(flags), "keys": keys}


def _spec(spec: dict[str, Any]) -> dict[str, Any]:
    begin, find = _pairs(spec["begin_search"]), _pairs(spec["find_keys"])
    return {
        "flags": [each.lstrip("+") for each in spec["flags"]],
        "begin": [begin["type"].decode(), *map(_plain, _pairs(begin["spec"]).values())],
        "find": [find["type"].decode(), *map(_plain, _pairs(find["spec"]).values())],
    }


def _pairs(flat: list[Any]) -> dict[str, Any]:
    return {each.decode(): flat[i + 1] for i, each in enumerate(flat) if i % 2 == 0}


def _plain(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value


def written(found: dict[str, dict[str, Any]]) -> str:
    """The table as it is in the package: a command a line."""
    lines = [f"  {json.dumps(name)}: {json.dumps(each)}" for name, each in found.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":  # python redis_reference.py FOLDER > redis_commands.json
    with server(Path(sys.argv[1])) as number:
        print(written(commands(Line(number))), end="")
