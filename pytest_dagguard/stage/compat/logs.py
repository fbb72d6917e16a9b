"""What a task's log looks like. Airflow 3.0 leaves structlog as it comes in processes that it has not started itself.

There a traceback has all variables of all frames in it, in boxes: it takes seconds to draw, and pushes out of the log's
tail what the task has said. From 3.1 on Airflow configures structlog as it is imported.
"""

from __future__ import annotations

import structlog


def plain() -> None:
    """Have tracebacks be Python's own, where nobody has said how they are to be."""
    if not structlog.is_configured():
        renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
        structlog.configure(processors=[*structlog.get_config()["processors"][:-1], renderer])
