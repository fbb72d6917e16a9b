"""Entry of the stage process: ``python -m pytest_dagguard.stage DESCRIPTOR``; its place comes pickled on stdin."""

from __future__ import annotations

import contextlib
import os
import pickle
import shutil
import signal
import socket
import sys

from pytest_dagguard.isolation import processes
from pytest_dagguard.model import wire
from pytest_dagguard.stage import needs, proxies, virtual, warm
from pytest_dagguard.stage.child import UNHEARD
from pytest_dagguard.stage.machine import Place
from pytest_dagguard.stage.process import Stage
from pytest_dagguard.stage.serving import serve


def main(descriptor: int, place: Place) -> None:
    """Import Airflow, say so, serve until the director hangs up, and leave nothing behind."""
    with contextlib.suppress(ConnectionError):
        if not _begin(descriptor, place):
            return
    # a director that was killed leaves nobody else to do it
    processes.end_descendants()
    shutil.rmtree(os.path.dirname(place.scratch), ignore_errors=True)


def _begin(descriptor: int, place: Place) -> bool:
    """Serve until the director hangs up; False where Airflow cannot be imported."""
    processes.become_subreaper()
    for number in UNHEARD:
        signal.signal(number, signal.SIG_IGN)  # a task may mean its supervisor, and there is none
    for each in place.paths:
        if each not in sys.path:
            sys.path.append(each)
    link = socket.socket(fileno=descriptor)
    stage = Stage(lambda message: link.sendall(wire.encode(message)), place, link.close, ahead=True)
    virtual.install()
    proxies.remember()
    needs.note_variables()
    try:
        version = warm.airflow()
    except warm.NotServed as unserved:
        stage.emit(("failed", str(unserved)))
        return False
    except ImportError as missing:
        advice = "install it, and what it needs, where pytest runs"
        stage.emit(("failed", f"Airflow cannot be imported: {missing}; {advice}"))
        return False
    warm.alone()
    warm.settle()
    stage.emit(("ready", os.getpid(), version))
    serve(stage, link)
    return True


main(int(sys.argv[1]), pickle.load(sys.stdin.buffer))
