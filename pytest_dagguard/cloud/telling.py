"""The port at which a life tells what it prints, as it prints it."""

from __future__ import annotations

import asyncio

from pytest_dagguard.cloud.server import Port, bound
from pytest_dagguard.cloud.world import World

_LENGTH = 4


async def serve_lines(world: World, actor: str) -> Port:
    """Listen for the lines of one actor.

    A message is its length in four bytes, the highest first, and one or more lines in UTF-8 without the last one's end.
    Each is answered with one byte when the lines are where they belong.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.read(_LENGTH):
                head += await reader.readexactly(_LENGTH - len(head))
                text = await reader.readexactly(int.from_bytes(head, "big"))
                world.told(actor, tuple(text.decode("utf-8", "replace").split("\n")))
                writer.write(b".")
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    return Port(await asyncio.start_server(serve, sock=bound()))
