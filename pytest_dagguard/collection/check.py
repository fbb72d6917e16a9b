"""An item that comes to a verdict, and how pytest is told of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_dagguard.engine.session import Session
from pytest_dagguard.model import verdict as verdicts
from pytest_dagguard.model.verdict import Verdict
from pytest_dagguard.reports import terminal


class CheckFailed(Exception):
    """Carries a verdict to where pytest asks for the text of a failure."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.check)
        self.verdict = verdict


class CheckItem(pytest.Item):
    """Something that comes to a verdict."""

    verdict: Verdict | None = None
    line = 1

    @property
    def session_of(self) -> Session:
        """The session of the run."""
        raise NotImplementedError

    def decide(self) -> Verdict:
        """Come to a verdict."""
        raise NotImplementedError

    def runtest(self) -> None:
        """Fail, skip or pass as the verdict says."""
        self.verdict = self.decide()
        if self.session_of.terms.updates:
            return
        strict = self.session_of.terms.strict
        if self.verdict.verdict == verdicts.FAIL or (strict and self.verdict.verdict != verdicts.PASS):
            raise CheckFailed(self.verdict)
        if self.verdict.verdict == verdicts.INCONCLUSIVE:
            pytest.skip(self.verdict.reason or "inconclusive")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The verdict in words."""
        if isinstance(excinfo.value, CheckFailed):
            return terminal.failure(excinfo.value.verdict, self.config.rootpath)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where pytest says it is, and its heading, in which pytest would make ``::`` of dots were it the id's end."""
        return self.path, None, self.nodeid.partition("::")[2].replace("::", " ")

    def skipped_at(self) -> tuple[str, int, str]:
        """What pytest shows of an item that is skipped: file, line and reason."""
        return str(self.path), self.line, f"Skipped: {self.verdict.reason if self.verdict else ''}"
