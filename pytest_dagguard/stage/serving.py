"""The stage's loop: commands come over a socket, children end."""

from __future__ import annotations

import selectors
import socket
import traceback

from pytest_dagguard.model import wire
from pytest_dagguard.stage.process import Stage


def serve(stage: Stage, link: socket.socket) -> None:
    """Serve the director's commands until it hangs up."""
    decoder = wire.Decoder()
    stage.selector.register(link, selectors.EVENT_READ, None)
    while True:
        ready = stage.selector.select(stage.calm)
        if not ready:
            stage.watch()
        for key, _ in ready:
            if key.data is not None:
                stage.take(key.data)
                continue
            piece = link.recv(1 << 20)
            if not piece:
                return
            for number, name, arguments in decoder.feed(piece):
                try:
                    stage.emit(("returned", number, getattr(stage, name)(*arguments)))
                except Exception as error:  # noqa: BLE001 - told to the director, who knows what it asked for
                    stage.emit(("raised", number, f"{type(error).__name__}: {error}", traceback.format_exc()))
            stage.stock()
