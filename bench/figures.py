"""Medians, and tables of them."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterable, Sequence


def median(values: Iterable[float]) -> float:
    """The median, not a number for no values."""
    kept = list(values)
    return statistics.median(kept) if kept else float("nan")


def ms(seconds: float) -> str:
    """Seconds in milliseconds."""
    return "-" if seconds != seconds else f"{seconds * 1000:.1f}" if seconds < 1 else f"{seconds * 1000:.0f}"


def times(one: float, other: float) -> str:
    """How many times ``one`` is in ``other``."""
    return "-" if one != one or other != other or not one else f"{other / one:.1f}x"


def mib(size: float) -> str:
    """Bytes in mebibytes."""
    return f"{size / (1 << 20):.0f}"


def say(text: str = "") -> None:
    """Print, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], notes: Sequence[str] = ()) -> None:
    """Print a table; its first column is flush left."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    say()
    say(title)
    for row in (head, ["-" * width for width in widths], *rows):
        cells = [
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        say("  " + "  ".join(cells).rstrip())
    for note in notes:
        say(f"  {note}")
