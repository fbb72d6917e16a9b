"""Takes in the verdicts as they come, from this process or from workers, and reports on them at the end."""

from __future__ import annotations

import platform
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from pytest_dagguard import __version__
from pytest_dagguard.collection import missing, skeleton
from pytest_dagguard.collection.start import EXCHANGE, NAMED, shown
from pytest_dagguard.config.settings import Settings
from pytest_dagguard.engine import baseline
from pytest_dagguard.model import registry
from pytest_dagguard.model.errors import ConfigurationError, DagguardError
from pytest_dagguard.model.verdict import Verdict, from_plain
from pytest_dagguard.reports import compare, terminal
from pytest_dagguard.reports import json as json_report
from pytest_dagguard.reports.report import Report, RunFacts


class Tally:
    """A pytest plugin of one run with ``--dagguard``."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        """
        :raises pytest.UsageError: the report to compare with cannot be read
        """
        self.config, self.settings = config, settings
        self.other = None
        if settings.compare:
            try:
                self.other = compare.read(Path(config.invocation_params.dir, settings.compare), settings.compare)
            except ConfigurationError as wrong:
                raise pytest.UsageError(str(wrong)) from wrong
        self.began = time.monotonic()
        self.verdicts: list[tuple[str, Verdict]] = []
        self.complaints: list[str] = []
        self.exchange: tempfile.TemporaryDirectory[str] | None = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist where to share with the others what it loads."""
        if self.exchange is None:
            self.exchange = tempfile.TemporaryDirectory(prefix="dagguard-exchange-")
        node.workerinput[EXCHANGE] = self.exchange.name

    def pytest_unconfigure(self) -> None:
        """Leave nothing behind."""
        if self.exchange is not None:
            self.exchange.cleanup()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in one verdict."""
        plain = getattr(report, "dagguard_verdict", None)
        if plain is not None:
            verdict = from_plain(plain)
            del report.dagguard_verdict  # pytest keeps its reports to the end, and the verdict is kept here
            self.verdicts.append((report.nodeid, verdict))
            self.config.hook.pytest_dagguard_verdict(nodeid=report.nodeid, verdict=verdict)

    def pytest_sessionfinish(self) -> None:
        """Write the report files."""
        formats: dict[str, Report] = registry.collect("pytest_dagguard.reports", "REPORT")
        facts = self._facts()
        for target in self.settings.reports:
            path = Path(self.config.invocation_params.dir, target.path)
            try:
                formats[target.format].write(self.verdicts, facts, path)
            except DagguardError as failed:
                self.complaints.append(str(failed))

        if self.settings.update_baseline and self.settings.baseline:
            try:
                judged = [verdict for _, verdict in self.verdicts]
                new = baseline.write(self.settings.baseline, judged, self.settings.root)
                self.complaints.append(f"{self.settings.baseline}: written, {new} findings are new in it")
            except DagguardError as failed:
                self.complaints.append(str(failed))

    def _skeleton(self, lacks: dict[str, list[str]]) -> list[str]:
        try:
            root = self.settings.root
            named = self.config.stash.get(NAMED, ())
            return skeleton.write(lacks, root, self.settings.seed, [shown(each, root) for each in named])
        except DagguardError as failed:
            return [str(failed)]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Count what was inconclusive, and say what was warned of."""
        notes = [each for _, verdict in self.verdicts for each in verdict.notes]
        lacks = missing.collect(notes)
        used = sorted({each[len(missing.USED) :] for each in notes if each.startswith(missing.USED)})
        lines = [
            *terminal.summary([verdict for _, verdict in self.verdicts], notes=self.config.get_verbosity() > 0),
            *self.complaints,
        ]
        lines += [f"stood in for what is missing or has moved: {', '.join(used)}"] if used else []
        lines += missing.told(lacks, shown(self.settings.seed, self.settings.root))
        lines += self._skeleton(lacks) if self.settings.init else []
        if lines:
            terminalreporter.section("dagguard")
            for line in lines:
                terminalreporter.write_line(line)
        if self.other is not None:
            here = json_report.document(self.verdicts, self._facts())
            terminalreporter.section(f"dagguard, compared with {self.settings.compare}")
            for line in compare.lines(compare.compare(here, self.other), here, self.other):
                terminalreporter.write_line(line)

    def _facts(self) -> RunFacts:
        return RunFacts(
            dagguard=__version__,
            airflow=_airflow_version(),
            python=platform.python_version(),
            seconds=time.monotonic() - self.began,
        )


def _airflow_version() -> str:
    """The installed version, without importing Airflow."""
    from importlib import metadata

    for name in ("apache-airflow-core", "apache-airflow"):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return ""
