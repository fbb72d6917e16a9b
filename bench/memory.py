"""A repository of small DAGs, all of it: how long it takes, how much memory, and whether anything is left running."""

from __future__ import annotations

from bench import whole
from bench.figures import mib, table

TASKS = """
@task
def extract(ds=None):
    return ds

@task
def load(day):
    return len(day)

load(extract())
"""


def measure(files: int) -> None:
    """Print the table.

    :param files: DAG files, of two tasks each
    """
    ran = whole.run(f"{files} DAG files", whole.dags("small", TASKS, files), "--dagguard-scenarios=twice")
    rows = [[role, mib(rss), mib(uss), mib(pss)] for role, (rss, uss, pss) in ran.peaks.items()]
    together = [sum(ran.peaks[role][i] for role in ("director", "cloud") if role in ran.peaks) for i in range(3)]
    rows.append(["director + cloud", *map(mib, together)])
    left = f"left running: {list(ran.left) or 'none'}"
    table(
        f"Peak memory over {files} DAG files of two tasks (twice)",
        ["MiB", "RSS", "USS", "PSS"],
        rows,
        [f"{ran.seconds:.0f} s; at most {ran.children} children of the stage at a time; {left}", ran.lines[-1]],
    )
