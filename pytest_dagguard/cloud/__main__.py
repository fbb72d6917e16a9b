"""Entry of the cloud process: ``python -m pytest_dagguard.cloud DESCRIPTOR AUTO_BUCKETS [FOLDER]``."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

from pytest_dagguard.cloud import process
from pytest_dagguard.isolation import network, processes

processes.die_with_parent()
# Before anything has started a thread: a namespace can only be entered by a process with one.
enclosed = network.enclose_cloud()
with contextlib.suppress(KeyboardInterrupt):
    asyncio.run(
        process.main(int(sys.argv[1]), sys.argv[2] == "1", enclosed, Path(sys.argv[3]) if len(sys.argv) > 3 else None)
    )
