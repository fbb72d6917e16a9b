"""Entry of the cloud process: ``python -m pytest_dagguard.cloud DESCRIPTOR AUTO_BUCKETS FOLDER [SCRATCH]``."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys

from pytest_dagguard.cloud import process
from pytest_dagguard.isolation import network, processes


def main(descriptor: int, auto_buckets: bool, folder: str, scratch: str = "") -> None:
    """Serve until the director hangs up or ends.

    :param scratch: folder of the whole run. It goes when this process does: of a director and a stage that were killed
        nobody else is left to see to it
    """

    def leave(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_IGN)
        if scratch:
            processes.sweep(scratch)
            shutil.rmtree(scratch, ignore_errors=True)
        # at once: what is under way here waits for a director that is no more
        os._exit(0)

    # not by SIGKILL: there is something to be done at the end
    processes.die_with_parent(by=signal.SIGTERM)
    signal.signal(signal.SIGTERM, leave)
    # Before anything has started a thread: a namespace can only be entered by a process with one.
    enclosed = network.enclose_cloud()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(process.main(descriptor, auto_buckets, folder, enclosed))
    leave(signal.SIGTERM, None)


main(int(sys.argv[1]), sys.argv[2] == "1", *sys.argv[3:])
