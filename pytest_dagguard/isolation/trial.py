"""Trying in a forked child what a process cannot take back."""

from __future__ import annotations

import os
from collections.abc import Callable


def in_child(function: Callable[[], int]) -> int:
    """Run ``function`` in a child and return its result.

    :param function: returns a number from 0 to 254
    :returns: 255 where it raised or the child ended otherwise
    """
    pid = os.fork()
    if pid == 0:
        code = 255
        try:
            code = function()
        finally:
            # neither the parent's exit handlers nor a traceback: this process is not one that anybody knows of
            os._exit(code)
    status = os.waitpid(pid, 0)[1]
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 255
