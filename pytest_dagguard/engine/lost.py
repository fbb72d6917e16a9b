"""What there is to say of a helper process that has ended while it was needed."""

from __future__ import annotations

import re
import signal

from pytest_dagguard.model.errors import ProcessLost

_MISSING = re.compile(r"No module named '([\w.]+)'|cannot import name '\w+' from '([\w.]+)'")
_MEMORY = "if nobody killed it, the machine may have run out of memory: run fewer pytest-xdist workers at once"
_REPORT = "the lines below say where; please report them if the package at fault is this one"


def lost(name: str, status: int | None, log: str) -> ProcessLost:
    """The error to raise, its first line complete in itself.

    :param name: of the process
    :param status: as :attr:`subprocess.Popen.returncode` has it; None where it has only hung up
    :param log: the end of what it printed
    """
    how, advice = _cause(status, log)
    first = f"the {name} process has ended unexpectedly" + (f" ({how})" if how else "")
    return ProcessLost("\n".join(filter(None, [f"{first}; {advice}" if advice else first, log])), bool(_signal(status)))


def _cause(status: int | None, log: str) -> tuple[str, str]:
    """How it ended, and what to do; either may be empty."""
    if name := _signal(status):
        return f"by {name}", _MEMORY if name == "SIGKILL" else ""
    last = next((line.strip() for line in reversed(log.splitlines()) if line.strip()), "")
    if missing := _MISSING.search(last):
        package = (missing[1] or missing[2]).partition(".")[0]
        return last, f"install {package} anew where pytest runs, in a version that goes with the packages beside it"
    return (last, _REPORT) if last else (f"status {status}" if status is not None else "", "")


def _signal(status: int | None) -> str:
    return signal.Signals(-status).name if status is not None and status < 0 else ""
