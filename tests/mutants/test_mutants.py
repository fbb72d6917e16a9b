"""The benchmark as a test: a few seeded bugs and innocent tasks each time, and all of them where slow tests run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_dagguard.engine.session import Session

from . import __main__, catalogue, replays, table, trial_run
from .catalogue import DEFAULT

MUTANTS = ("uuid_blob_gcs", "lock_left_behind_gcs", "marker_between_gcs")
INNOCENTS = ("create_once_gcs", "uuid_in_json", "harmless_deletes")


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    made = trial_run.session(120.0)  # a busy machine must not cut a search short
    yield made
    made.close()


@pytest.mark.parametrize("name", [*MUTANTS, *INNOCENTS])
def test_some_come_out_as_declared(session: Session, name: str) -> None:
    case = next(each for each in [*catalogue.mutants(), *catalogue.innocents()] if each.name == name)
    assert table.complaints(list(trial_run.run(session, case, DEFAULT))) == []


@pytest.mark.slow
def test_tokens_are_repeated_under_load(session: Session) -> None:
    cases = catalogue.mutants("uuid_blob_gcs,lock_left_behind_gcs,half_deleted_inbox")
    found = replays.told(session, cases, DEFAULT)
    assert len(found) >= 5
    came = replays.rounds(session, found, 15, loops=2)
    assert [f"{each}: {result}" for each, result in came if result != replays.REPEATED] == []


def test_there_are_enough_of_each() -> None:
    assert len(catalogue.mutants()) >= 40
    assert len(catalogue.innocents()) >= 20


def test_each_mutant_is_expected_to_be_found_by_a_default_scenario() -> None:
    assert [each.name for each in catalogue.mutants() if not any(each.expect.get(name) for name in DEFAULT)] == []


@pytest.mark.slow
def test_all_come_out_as_declared(capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main([]) == 0, capsys.readouterr().out


@pytest.mark.slow
def test_kills_at_places_left_out_change_no_result(capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["--reduction"]) == 0, capsys.readouterr().out
