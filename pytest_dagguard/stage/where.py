"""Answers the tap's question where an attempt is while it waits: at which lines, and whether other threads are at work.

Asking, instead of patching clients, works for every client library: whatever thread or event loop sends the request,
the code that wants the result waits somewhere below a line of the DAG file.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Sequence
from types import FrameType
from urllib.parse import urlsplit

from pytest_dagguard.isolation import waits

_WAITING = (
    *("/threading.py", "/queue.py", "/concurrent/futures/thread.py", "/selectors.py", "/socketserver.py"),
    *("/pytest_dagguard/stage/naps.py", "/pytest_dagguard/stage/virtual.py"),
)
"""Where the innermost frame of a thread is that waits to be given work, for another thread, or for a time."""


def answer(url: str, roots: Sequence[str]) -> None:
    """Connect to the tap and answer from a thread of its own until the tap hangs up.

    :param roots: folders whose files are the repository's own code
    """
    parts = urlsplit(url)
    link = socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 0))
    thread = threading.Thread(target=_serve, args=(link, tuple(roots)), daemon=True, name="dagguard-where")
    thread.start()


def _serve(link: socket.socket, roots: tuple[str, ...]) -> None:
    waits.mark_own([threading.current_thread()])
    main = threading.main_thread().ident
    with link, link.makefile("rwb") as stream:
        while stream.readline():
            own = waits.own()  # they serve the task, and ask for nothing that it does not wait for
            frames = {ident: each for ident, each in sys._current_frames().items() if ident not in own}
            order = sorted(frames, key=lambda ident: ident != main)
            found = next((site for ident in order if (site := own_frames(frames[ident], roots))), [])
            at_work = sum(is_at_work(each) for each in frames.values())
            stream.write(json.dumps([found, at_work, len(frames)]).encode() + b"\n")
            stream.flush()


def is_at_work(frame: FrameType) -> bool:
    """Say whether a thread with this innermost frame computes or talks to somebody, rather than wait for a thread."""
    return not frame.f_code.co_filename.endswith(_WAITING)


def own_frames(frame: FrameType | None, roots: Sequence[str]) -> list[tuple[str, int, str]]:
    """The frames on a stack that lie in ``roots`` and not in an installed package, innermost first."""
    found = []
    while frame is not None:
        name = frame.f_code.co_filename
        if is_own(name, roots):
            found.append((name, frame.f_lineno, frame.f_code.co_name))
        frame = frame.f_back
    return found


def is_own(file: str, roots: Sequence[str]) -> bool:
    """Say whether a file is the repository's own code rather than an installed package."""
    return any(file.startswith(root) for root in roots) and "site-packages" not in file and "/lib/python" not in file
