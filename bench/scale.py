"""How time and memory grow with the repository: DAGs of five tasks, at several sizes."""

from __future__ import annotations

from collections.abc import Sequence

from bench import whole
from bench.figures import mib, table

TASKS = """
@task
def extract(ds=None):
    return ds

@task
def clean(day):
    return day.replace("-", "")

@task
def count(day):
    return len(day)

@task
def both(day, number):
    return [day, number]

@task
def load(rows):
    return len(rows)

day = clean(extract())
load(both(day, count(day)))
"""


def measure(sizes: Sequence[int], scenarios: str = "") -> None:
    """Print the table.

    :param sizes: numbers of DAGs, the smallest first
    :param scenarios: as ``--dagguard-scenarios`` takes them; empty for the default ones
    """
    asked = [f"--dagguard-scenarios={scenarios}"] if scenarios else []
    options = ["--durations=0", "--durations-min=0", "-q", *asked]
    rows, last, points = [], [], []
    for size in sizes:
        ran = whole.run(f"{size} DAGs of five tasks", whole.dags("five", TASKS, size), *options)
        of_items = sum(float(each.split("s ", 1)[0]) for each in ran.lines if "s call " in each)
        director, cloud = (ran.peaks[role][0] for role in ("director", "cloud"))
        points.append((size, ran.seconds, of_items, director))
        cells = (f"{of_items:.0f}", f"{of_items / size:.2f}", mib(director), mib(cloud), f"{len(ran.left)}")
        rows.append([f"{size}", f"{ran.seconds:.0f}", *cells])
        last.append(ran.lines[-1])
    table(
        f"DAGs of five tasks, scenarios: {scenarios or 'the default ones'}",
        ["DAGs", "seconds", "of items", "a DAG", "director MiB", "cloud MiB", "left running"],
        rows,
        [*_growth(points[0], points[-1]), *last],
    )


def _growth(small: tuple[int, float, float, int], large: tuple[int, float, float, int]) -> list[str]:
    """What follows from the smallest and the largest size, each with its seconds, those of items, and memory."""
    more = large[0] - small[0]
    if not more:
        return []
    slope, memory = (large[1] - small[1]) / more, (large[3] - small[3]) / more
    reckoned = (small[1] + slope * (1000 - small[0])) / 60
    return [
        f"each further DAG: {slope:.2f} s and {memory / 1024:.0f} KiB of the director's memory",
        f"time of an item in the largest run: {large[2] / small[2] / (large[0] / small[0]):.2f} of the smallest's",
        f"1,000 DAGs by that: {reckoned:.0f} min, director {mib(small[3] + memory * (1000 - small[0]))} MiB",
    ]
