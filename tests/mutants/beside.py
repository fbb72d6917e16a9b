"""``python -m tests.mutants.beside 3.0=OLD.json 3.3=NEW.json``: the verdicts of several runs beside each other.

The files are what ``python -m tests.mutants --json`` writes under each Airflow. The last one named is the one that the
others are compared with. Prints Markdown: the figures, the verdicts of each task, and what differs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

Runs = Mapping[str, Mapping[str, Any]]
"""Name of a run -> what the benchmark has written."""

_FIGURES = ("mutants found", "mutants", "false alarms", "sound tasks", "inconclusive")


def verdicts(run: Mapping[str, Any]) -> dict[tuple[str, str, str], str]:
    """File, task and scenario -> what was found, or else the verdict."""
    return {
        (each["file"], each["task"], each["scenario"]): ", ".join(sorted(each["found"])) or each["verdict"]
        for each in run["rows"]
    }


def figures(runs: Runs) -> Iterator[str]:
    """A table of figures: detection by scenario, false alarms, what was not decided."""
    scenarios = list(next(iter(runs.values()))["figures"]["detection"])
    yield "| Airflow | " + " | ".join([*(f"found by {each}" for each in scenarios), *_FIGURES]) + " |"
    yield "|" + "---|" * (1 + len(scenarios) + len(_FIGURES))
    for name, run in runs.items():
        said = run["figures"]
        found = ["{} of {}".format(*said["detection"][each]) for each in scenarios]
        yield "| " + " | ".join([name, *found, *(str(said[each]) for each in _FIGURES)]) + " |"


def table(runs: Runs) -> Iterator[str]:
    """A row for each task with its verdicts in the last run, and in brackets those of others that differ."""
    *others, last = runs
    all_of = {name: verdicts(run) for name, run in runs.items()}
    scenarios = list(dict.fromkeys(scenario for _, _, scenario in all_of[last]))
    yield "| file | task | " + " | ".join(scenarios) + " |"
    yield "|" + "---|" * (2 + len(scenarios))
    for file, task in dict.fromkeys(key[:2] for key in all_of[last]):
        cells = []
        for scenario in scenarios:
            key = (file, task, scenario)
            differ = [
                f"{each}: {all_of[each].get(key, 'not run')}" for each in others if differs(all_of, each, last, key)
            ]
            cells.append(all_of[last].get(key, "") + (f" ({'; '.join(differ)})" if differ else ""))
        yield f"| {file} | {task} | " + " | ".join(cells) + " |"


def differs(all_of: Mapping[str, Mapping[Any, str]], one: str, other: str, key: tuple[str, str, str]) -> bool:
    """Whether two runs come to different verdicts."""
    return all_of[one].get(key) != all_of[other].get(key)


def differences(runs: Runs) -> Iterator[str]:
    """A line for each verdict that differs from the last run's."""
    *others, last = runs
    all_of = {name: verdicts(run) for name, run in runs.items()}
    for key in all_of[last]:
        for each in others:
            if differs(all_of, each, last, key):
                was = all_of[each].get(key, "not run")
                yield f"* `{key[0]}`, {key[1]}, {key[2]}: {was} under {each}, {all_of[last][key]} under {last}"


def main(arguments: Sequence[str]) -> int:
    """Print it."""
    if not arguments or any("=" not in each for each in arguments):
        print(__doc__, file=sys.stderr)
        return 2
    runs = {name: json.loads(Path(path).read_text()) for name, _, path in (each.partition("=") for each in arguments)}
    print("\n".join([*figures(runs), "", *differences(runs), "", *table(runs)]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
