"""The events of the datasets that a task has as inlets (``inlet_events``): those that the cloud knows of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.datasets import DatasetAlias
from airflow.models.dataset import DatasetAliasModel, DatasetEvent, DatasetModel
from airflow.utils.context import InletEventsAccessors
from sqlalchemy.orm.attributes import set_committed_value

from pytest_dagguard.stage.airflow2 import rows
from pytest_dagguard.stage.airflow2.api import Api

_PLACED = "dagguard_inlets"


def install(api: Api) -> None:
    """Have this process find the events in the cloud."""
    look_up = InletEventsAccessors.__getitem__

    def fetch(self: Any, key: Any) -> Any:
        inlet = self._inlets[key] if isinstance(key, int) else key
        if isinstance(inlet, DatasetAlias):
            found = api.ask("GET", "asset-events/by-asset-alias", name=inlet.name)
        else:
            found = api.ask("GET", "asset-events/by-asset", name="", uri=getattr(inlet, "uri", inlet))
        for each in found["asset_events"]:
            _place(self._session, each, inlet.name if isinstance(inlet, DatasetAlias) else None)
        self._session.flush()
        return look_up(self, key)

    InletEventsAccessors.__getitem__ = fetch


def placed(session: Any) -> dict[int, Any]:
    """The events that are in the local database because the task has looked for them: others have produced those."""
    found: dict[int, Any] = session.info.setdefault(_PLACED, {})
    return found


def _place(session: Any, event: Mapping[str, Any], alias: str | None) -> None:
    kept = placed(session)
    dataset = _one(session, DatasetModel, uri=event["asset"]["uri"])
    row = kept.get(event["id"])
    if row is None:
        names = ("id", "extra", "source_task_id", "source_dag_id", "source_run_id", "source_map_index")
        row = DatasetEvent(**{name: event[name] for name in names}, dataset_id=dataset.id)
        row.timestamp = rows.moment(event["timestamp"])
        session.add(row)
        session.flush()
        set_committed_value(row, "dataset", dataset)  # so that nobody has to ask for it
        kept[event["id"]] = row
    if alias is not None:
        model = _one(session, DatasetAliasModel, name=alias)
        if model not in row.source_aliases:
            row.source_aliases.append(model)


def _one(session: Any, kind: Any, **named: Any) -> Any:
    found = session.query(kind).filter_by(**named).one_or_none()
    if found is None:
        found = kind(**named)
        session.add(found)
        session.flush()
    return found
