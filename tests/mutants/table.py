"""Figures and rows: what was expected and what was found."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pytest_dagguard.model.finding import WARN_CLASSES
from pytest_dagguard.model.verdict import INCONCLUSIVE

from .catalogue import BROKEN, DEFAULT, MENDED
from .trial_run import Tried


def complaint(each: Tried) -> str:
    """What is wrong with one result, empty where nothing is."""
    verdict = each.verdict
    if verdict.verdict == INCONCLUSIVE:
        return f"inconclusive: {verdict.reason}"
    if each.task != BROKEN or each.case.innocent:
        return f"false alarm: {', '.join(each.undeclared)}" if each.undeclared else ""
    if each.scenario not in each.case.expect:
        return ""
    expected = each.case.expect[each.scenario]
    if expected is None:
        serious = [cls for cls in each.classes if cls not in WARN_CLASSES]
        return f"not expected: {', '.join(serious)}" if serious else ""
    if expected in each.classes:
        return ""
    cut = " before the budget ended the search" if verdict.checked.bounded else ""
    return f"missed: expected {expected}, found {', '.join(each.classes) or 'nothing'}{cut}"


def complaints(tried: Iterable[Tried]) -> list[str]:
    """One line for each result that is not as declared."""
    return [f"{each.case.name}.{each.task} {each.scenario}: {said}" for each in tried if (said := complaint(each))]


def rows(tried: Sequence[Tried], scenarios: Sequence[str]) -> list[str]:
    """One line for each task of one file."""
    lines = []
    for task in dict.fromkeys(each.task for each in tried):
        mine = {each.scenario: each for each in tried if each.task == task}
        cells = [f"{_cell(mine[name]):<32}" for name in scenarios if name in mine]
        first = min((each.first for each in mine.values() if each.first), default=0)
        seconds = sum(each.verdict.seconds for each in mine.values())
        name = next(iter(mine.values())).case.name
        attempts = sum(each.verdict.checked.attempts for each in mine.values())
        lines.append(f"{name:<28} {task[:14]:<14} {''.join(cells)} {first or '-':>3} {attempts:>4} {seconds:6.1f} s")
        lines += [f"    ! {name}: {said}" for name, each in mine.items() if (said := complaint(each))]
    return lines


def _cell(each: Tried) -> str:
    found = "+".join(each.classes) or ("closed" if each.verdict.checked.closed else each.verdict.verdict)
    if each.verdict.verdict == INCONCLUSIVE:
        found = f"inconclusive ({found})" if each.classes else "inconclusive"
    if each.task == BROKEN and not each.case.innocent and each.scenario in each.case.expect:
        return f"{each.case.expect[each.scenario] or '-'}/{found}"
    return found


def plain(tried: Sequence[Tried], scenarios: Sequence[str], cpu: float) -> dict[str, Any]:
    """All figures as dictionaries and lists."""
    return {
        "figures": figures(tried, scenarios, cpu),
        "complaints": complaints(tried),
        "rows": [
            {
                "file": each.case.name,
                "task": each.task,
                "scenario": each.scenario,
                "expected": each.case.expect.get(each.scenario) if each.task == BROKEN else None,
                "verdict": each.verdict.verdict,
                "found": list(each.classes),
                "reason": each.verdict.reason,
                "first": each.first,
                "trials": each.trials,
                "attempts": each.verdict.checked.attempts,
                "operations": each.verdict.checked.operations,
                "closed": each.verdict.checked.closed,
                "seconds": round(each.verdict.seconds, 3),
                "processor seconds": round(each.cpu, 3),
            }
            for each in tried
        ],
    }


def figures(tried: Sequence[Tried], scenarios: Sequence[str], cpu: float) -> dict[str, Any]:
    """What the benchmark is about, by name.

    :param cpu: seconds of processors' time of the whole run, the start of the helper processes among them
    """
    broken = [each for each in tried if each.task == BROKEN and not each.case.innocent]
    twins = [each for each in tried if each.task == MENDED and not each.case.innocent]
    sound = [each for each in tried if each not in broken]
    detection = {}
    for name in scenarios:
        due = [each for each in broken if each.scenario == name and each.case.expect.get(name)]
        detection[name] = (sum(not complaint(each) for each in due), len(due))
    names = {each.case.name for each in broken}
    caught = {each.case.name for each in broken if each.case.expect.get(each.scenario) and not complaint(each)}
    closures = [each for each in twins if each.scenario == "killed"]
    closed = [each for each in closures if each.verdict.checked.closed]
    costs, used = _per_task(tried, lambda each: each.verdict.seconds), _per_task(tried, lambda each: each.cpu)
    attempts = sum(each.verdict.checked.attempts for each in tried)
    seconds = sum(each.verdict.seconds for each in tried)
    firsts = [each.first for each in broken if each.first]
    return {
        "mutants": len(names),
        "mutants found": len(caught),
        "detection": detection,
        "sound tasks": len({(each.case.name, each.task) for each in sound}),
        "false alarms": len({(each.case.name, each.task) for each in sound if each.undeclared}),
        "inconclusive": sum(each.verdict.verdict == INCONCLUSIVE for each in tried),
        "bounded": sum(each.verdict.checked.bounded for each in tried),
        "closures": (len(closed), len(closures)),
        "closed within 25 attempts": sum(each.verdict.checked.attempts <= 25 for each in closed),
        "attempts to a closure": _spread([each.verdict.checked.attempts for each in closed]),
        "attempts to the first finding": _spread(firsts),
        "seconds for a task": _spread(costs),
        "attempts": attempts,
        "seconds": seconds,
        "attempts a second": attempts / seconds if seconds else 0.0,
        "processor seconds": cpu,
        "processor seconds for a task": _spread(used),
        "attempts a processor second": attempts / sum(each.cpu for each in tried) if tried else 0.0,
    }


def _per_task(tried: Iterable[Tried], cost: Callable[[Tried], float]) -> list[float]:
    sums: dict[tuple[str, str], float] = {}
    for each in tried:
        if each.scenario in DEFAULT:
            key = (each.case.name, each.task)
            sums[key] = sums.get(key, 0.0) + cost(each)
    return list(sums.values())


def _spread(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {}
    return {"median": statistics.median(values), "mean": statistics.fmean(values), "most": max(values)}


def summary(tried: Sequence[Tried], scenarios: Sequence[str], cpu: float) -> list[str]:
    """The figures as lines of text, what is wrong last."""
    found = figures(tried, scenarios, cpu)
    closed, closures = found["closures"]
    lines = [f"mutants       {found['mutants found']} of {found['mutants']} found"]
    lines += [f"  {name:<12}{got} of {due}" for name, (got, due) in found["detection"].items()]
    lines += [
        f"false alarms  {found['false alarms']} of {found['sound tasks']} twins and innocent tasks",
        f"inconclusive  {found['inconclusive']} of {len(tried)} verdicts",
        f"bounded       {found['bounded']} verdicts: the budget ended their search",
        f"closure       empty for {closed} of {closures} twins, {found['closed within 25 attempts']} of them within 25"
        f" attempts{_said(found['attempts to a closure'], 'attempts')}",
        f"first finding{_said(found['attempts to the first finding'], 'attempts')}",
        f"cost of a task{_said(found['seconds for a task'], 's')}",
        f"speed         {found['attempts']} attempts in {found['seconds']:.0f} s:"
        f" {found['attempts a second']:.1f} a second",
        f"processors    {cpu:.0f} s with the start; a task{_said(found['processor seconds for a task'], 's')},"
        f" {found['attempts a processor second']:.1f} attempts in each second",
    ]
    wrong = complaints(tried)
    return [*lines, "", *(wrong or ["all as declared"])]


def _said(spread: dict[str, float], unit: str) -> str:
    if not spread:
        return ""
    return f" (median {spread['median']:.1f}, mean {spread['mean']:.1f}, at most {spread['most']:.1f} {unit})"
