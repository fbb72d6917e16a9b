"""DAG runs that a task triggers, and the events of datasets that it has written: both are the cloud's."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from airflow.api.common import trigger_dag as triggering
from airflow.exceptions import DagRunAlreadyExists
from airflow.models.dag import DagModel
from airflow.models.dagbag import DagBag
from airflow.models.dagrun import DagRun
from airflow.models.dataset import DatasetEvent
from airflow.models.serialized_dag import SerializedDagModel
from airflow.utils import timezone

from pytest_dagguard.stage.airflow2 import inlets, rows
from pytest_dagguard.stage.airflow2.api import Api, Declined, part, written


def install(api: Api) -> None:
    """Have this process trigger, clear and look at other runs in the cloud."""
    children = _Children(api)
    refresh, get_dag = DagRun.refresh_from_db, DagBag.get_dag

    def refresh_run(self: Any, *arguments: Any, **named: Any) -> None:
        if (self.dag_id, self.run_id) in children.known:
            self.state = children.state(self.dag_id, self.run_id)
        else:
            refresh(self, *arguments, **named)

    def find_dag(self: Any, dag_id: str, *arguments: Any, **named: Any) -> Any:
        return children.dag(dag_id) if self.read_dags_from_db else get_dag(self, dag_id, *arguments, **named)

    triggering._trigger_dag = children.trigger
    DagModel.get_current = staticmethod(lambda dag_id, session=None: children.model(dag_id))
    DagRun.refresh_from_db = refresh_run
    DagBag.get_dag = find_dag
    SerializedDagModel.get_dag = staticmethod(lambda dag_id, session=None: children.dag(dag_id))


class _Children:
    """Runs of other DAGs.

    :param known: those that this attempt has triggered, or found to be there
    """

    def __init__(self, api: Api) -> None:
        self.api = api
        self.known: dict[tuple[str, str], Any] = {}

    def model(self, dag_id: str) -> Any:
        """What Airflow knows of a DAG; None where it knows of none."""
        found = self.api.find(f"dags/{part(dag_id)}")
        return None if found is None else SimpleNamespace(dag_id=dag_id, fileloc="/nowhere", is_paused=False)

    def dag(self, dag_id: str) -> Any:
        """A DAG as far as it is needed to clear the run that was found to be there already."""

        def clear(start_date: Any = None, end_date: Any = None, **more: Any) -> None:
            for known_dag, run_id in self.known:
                if known_dag == dag_id:
                    self.api.ask("POST", f"dag-runs/{part(dag_id)}/{part(run_id)}/clear")

        return SimpleNamespace(dag_id=dag_id, clear=clear)

    def state(self, dag_id: str, run_id: str) -> str:
        """The state of a run."""
        return str(self.api.ask("GET", f"dag-runs/{part(dag_id)}/{part(run_id)}/state")["state"])

    def trigger(
        self,
        dag_id: str,
        dag_bag: Any,
        run_id: str | None = None,
        conf: Any = None,
        execution_date: Any = None,
        replace_microseconds: bool = True,
    ) -> list[Any]:
        """As Airflow's own."""
        date = execution_date or timezone.utcnow()
        date = date.replace(microsecond=0) if replace_microseconds else date
        run_id = run_id or f"manual__{date.isoformat()}"
        path = f"dag-runs/{part(dag_id)}/{part(run_id)}"
        try:
            self.api.ask("POST", path, {"logical_date": written(date), "conf": conf or {}})
        except Declined as declined:
            there = self.api.find(path) if declined.status == 409 else None
            if there is None and declined.status == 409:
                raise self.api.unmapped("a run of another id with the same logical date") from declined
            if there is None:
                raise
            row = self.known[dag_id, run_id] = rows.run(there)
            raise DagRunAlreadyExists(dag_run=row, execution_date=date, run_id=run_id) from None
        row = self.known[dag_id, run_id] = rows.run(self.api.ask("GET", path))
        return [row]


def dataset_events(session: Any, instance: Any) -> Mapping[str, Any]:
    """The events that a success leaves, as the Execution API takes them."""
    named = {"source_task_id": instance.task_id, "source_dag_id": instance.dag_id, "source_run_id": instance.run_id}
    found = session.query(DatasetEvent).filter_by(**named).order_by(DatasetEvent.id).all()
    others = inlets.placed(session)
    outlets: dict[str, Mapping[str, Any]] = {}
    told = []
    for each in (event for event in found if event.id not in others):
        uri = each.dataset.uri
        event = {"dest_asset_key": {"name": uri, "uri": uri}, "extra": each.extra or {}}
        for alias in each.source_aliases:
            outlets[alias.name] = {"name": alias.name, "type": "AssetAlias"}
            told.append({**event, "source_alias_name": alias.name})
        if not each.source_aliases:
            outlets[uri] = {"name": uri, "uri": uri, "type": "Asset"}
            told.append(event)
    return {"task_outlets": list(outlets.values()), "outlet_events": told}
