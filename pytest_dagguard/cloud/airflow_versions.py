"""What differs between the versions of the Execution API.

Answers in the words of older clients: one step back for each version, newest first. A client from 3.0, 3.1 or 3.2
refuses an answer with fields that it does not know. Workers and their server are of one version, so the client's tells
how the server of its time acts, too. The routes themselves say since when they are there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_dagguard.cloud.airflow_store import Store

REPEATED_REPORTS = "2026-06-30"
"""From this version on (Airflow 3.3) a report of a state that a task instance is in already is taken with thanks.
Before, it is refused (409): to a task whose report went through and whose answer was lost, that is an error."""

SUPERSEDED_GO_ON = "2026-06-30"
"""From this version on (Airflow 3.3) a worker that hears so as it reports its rendered fields, goes on all the same.
Before, its task fails there."""

RUNS_BY_OPERATORS = "2026-06-30"
"""From this version on (Airflow 3.3) a run that an operator triggers has a type of its own. Before, it is a manual one,
and a worker refuses to start with a type that it does not know."""

Document = dict[str, Any]


def _run_of(document: Document) -> Document:
    """The run within an answer to a start, or the answer itself where it is a run."""
    run = document.get("dag_run", document)
    return run if isinstance(run, dict) else {}


def _without(*names: str) -> Callable[[str, Document], None]:
    def drop(verb: str, document: Document) -> None:
        for name in names:
            _run_of(document).pop(name, None)

    return drop


def _before_2026_06_30(verb: str, document: Document) -> None:
    run = _run_of(document)
    for name in ("team_name", "partition_date"):
        run.pop(name, None)
    if verb == "ti.start":
        for event in run.get("consumed_asset_events") or ():
            event.pop("partition_key", None)


def _before_2026_04_06(verb: str, document: Document) -> None:
    run = _run_of(document)
    for name in ("partition_key", "note"):
        run.pop(name, None)
    if run.get("start_date") is None:
        run["start_date"] = run.get("run_after")
    if verb == "ti.start":
        document.pop("start_date", None)
        # Servers of these versions name the indexes of mapped upstream tasks, and nothing where there are none.
        document["upstream_map_indexes"] = {}


def _before_2025_10_27(verb: str, document: Document) -> None:
    run = _run_of(document)
    if run.get("conf") is None:
        run["conf"] = {}


STEPS: tuple[tuple[str, Callable[[str, Document], None]], ...] = (
    ("2026-06-30", _before_2026_06_30),
    ("2026-04-06", _before_2026_04_06),
    ("2025-11-05", _without("triggering_user_name")),
    ("2025-10-27", _before_2025_10_27),
    ("2025-08-10", _without("state")),
)

RUN_VERBS = frozenset({"ti.start", "dagrun.get", "dagrun.previous"})


def server_version(store: Store, client: str) -> str:
    """The version of the server: the client's, unless the director has said otherwise.

    :param client: its ``Airflow-API-Version``
    """
    return str(store.switches.get("server") or client)


def for_client(version: str, verb: str, body: Any) -> Any:
    """The body of an answer as a client of this version of the API expects it.

    :param version: the client's ``Airflow-API-Version``, a date
    :param verb: the operation
    :param body: the latest version's body, not shared with anything; changed in place
    """
    if verb == "asset-event.list" and version < "2026-04-06":
        for event in body["asset_events"]:
            event.pop("partition_key", None)
    if verb in RUN_VERBS and isinstance(body, dict):
        for date, step in STEPS:
            if version < date:
                step(verb, body)
    return body
