"""The time that moto has, for all of its services in this process."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from types import SimpleNamespace

from moto.core import utils


def moved(now: Callable[[], float]) -> None:
    """Let moto have another time than the machine's; whoever comes last is heard.

    moto's services ask ``moto.core.utils.utcnow``, and each has that function under a name of its own: what the
    function itself finds under ``datetime`` is the one place that is the same for all.

    :param now: seconds since 1970
    """

    class Moved(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:  # type: ignore[override]
            return datetime.datetime.fromtimestamp(now(), tz)

        @classmethod
        def utcnow(cls) -> datetime.datetime:  # type: ignore[override]
            return datetime.datetime.fromtimestamp(now(), datetime.timezone.utc).replace(tzinfo=None)

    utils.datetime = SimpleNamespace(**{**vars(datetime), "datetime": Moved})
