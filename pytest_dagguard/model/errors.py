"""What can go wrong in a way that a user must be told about."""

from __future__ import annotations


class DagguardError(Exception):
    """An error whose text is meant to be read by the user as it stands."""


class ConfigurationError(DagguardError):
    """A value in the configuration, the seed folder or the command line that cannot be used.

    The text says what is wrong, where (file, line or key, value), the nearest valid value and what to do.
    """


class NotEmulated(DagguardError):
    """A task called something that no emulator answers. The verdict is inconclusive and names it."""

    def __init__(self, service: str, what: str, unlock: str = "") -> None:
        """
        :param service: whom the task called, for example ``glue`` or ``api.example.com``
        :param what: the call, for example ``StartJobRun``
        :param unlock: what would make it answerable, one sentence without a full stop; may be empty
        """
        self.service = service
        self.what = what
        self.unlock = unlock
        super().__init__(f"{service} {what} is not emulated" + (f": {unlock}" if unlock else ""))

    def __reduce__(self) -> tuple[type[NotEmulated], tuple[str, str, str]]:
        return (NotEmulated, (self.service, self.what, self.unlock))


class ProcessLost(DagguardError):
    """The stage or the cloud process ended while it was needed."""

    def __init__(self, text: str, killed: bool = False) -> None:
        """
        :param killed: by a signal, so that it may well live the next time
        """
        self.killed = killed
        super().__init__(text)
