"""XComs are the cloud's. What is read is first fetched into the attempt's own database, where Airflow looks for it.

So what a query makes of the rows (which is the newest, a lazy sequence of a mapped task's, a default) is Airflow's own
code. What is pushed, cleared or deleted is told to the cloud at once.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from airflow.models import taskinstance, xcom_arg
from airflow.models.dagrun import DagRun
from airflow.models.mappedoperator import MappedOperator
from airflow.models.xcom import XCOM_RETURN_KEY, BaseXCom
from airflow.utils import timezone
from airflow.utils.db import LazySelectSequence
from airflow.utils.helpers import is_container
from airflow.utils.session import provide_session

from pytest_dagguard.stage.airflow2 import rows
from pytest_dagguard.stage.airflow2.api import Api, part

_PICKLED = "__dagguard_pickled__"
Place = tuple[str, str, str]
"""dag_id, run_id, task_id."""


def install(api: Api, task: Any, clears: Sequence[str]) -> None:
    """Have this process read and write XComs in the cloud.

    :param task: whose attempt this is
    :param clears: keys of the XComs that it has left before
    """
    xcoms = _XComs(api, task, clears)
    get_many = BaseXCom.get_many

    def fetch_many(
        execution_date: Any = None,
        key: str | None = None,
        task_ids: Any = None,
        dag_ids: Any = None,
        map_indexes: Any = None,
        include_prior_dates: bool = False,
        limit: int | None = None,
        session: Any = None,
        *,
        run_id: str | None = None,
    ) -> Any:
        if run_id is None:
            raise api.unmapped("XComs by execution_date")
        xcoms.fetch(session, run_id, key, task_ids, dag_ids, map_indexes, include_prior_dates)
        named = {"key": key, "task_ids": task_ids, "dag_ids": dag_ids, "map_indexes": map_indexes, "limit": limit}
        return get_many(**named, include_prior_dates=include_prior_dates, run_id=run_id, session=session)

    # a function, since Python 3.10 does not give a bound method the class
    def push(cls: Any, *positional: Any, **named: Any) -> None:
        xcoms.push(cls, *positional, **named)

    def clear(cls: Any, *positional: Any, **named: Any) -> None:
        xcoms.clear(*positional, **named)

    def delete(cls: Any, gone: Any, session: Any = None) -> None:
        for each in [gone] if isinstance(gone, BaseXCom) else gone:
            cls.purge(each, session)
            xcoms.drop((each.dag_id, each.run_id, each.task_id), each.key, each.map_index)

    def map_length(*, dag_id: str, task_id: str, run_id: str, is_mapped: bool, session: Any = None) -> int | None:
        return xcoms.length((dag_id, run_id, task_id), is_mapped)

    xcom_arg._get_task_map_length = map_length
    BaseXCom.get_many = staticmethod(provide_session(fetch_many))
    BaseXCom.set = classmethod(push)
    BaseXCom.clear = classmethod(clear)
    BaseXCom.delete = classmethod(delete)


class _XComs:
    def __init__(self, api: Api, task: Any, clears: Sequence[str]) -> None:
        self.api, self.task, self.clears = api, task, clears

    def push(
        self,
        cls: Any,
        key: str,
        value: Any,
        task_id: str,
        dag_id: str,
        execution_date: Any = None,
        session: Any = None,
        *,
        run_id: str | None = None,
        map_index: int = -1,
    ) -> None:
        """As ``XCom.set``."""
        if run_id is None:
            raise self.api.unmapped("an XCom by execution_date")
        if isinstance(value, LazySelectSequence):
            value = list(value)
        where = {"task_id": task_id, "dag_id": dag_id, "run_id": run_id, "map_index": map_index}
        raw = cls.serialize_value(value=value, key=key, **where)
        query: dict[str, Any] = {"map_index": map_index}
        if key == XCOM_RETURN_KEY and task_id == self.task.task_id and self._is_mapped_over(value):
            query["mapped_length"] = len(value)
        path = f"xcoms/{part(dag_id)}/{part(run_id)}/{part(task_id)}/{part(key)}"
        self.api.ask("POST", path, _plain(raw), **query)

    def _is_mapped_over(self, value: Any) -> bool:
        """Say whether tasks downstream will be mapped over a value, so that Airflow takes note of its length."""
        if isinstance(self.task, MappedOperator) or next(self.task.iter_mapped_dependants(), None) is None:
            return False
        return bool(taskinstance._is_mappable_value(value))

    def length(self, where: Place, is_mapped: bool) -> int | None:
        """Over how many values a task can be mapped that takes what another has returned."""
        path = "xcoms/" + "/".join(map(part, (*where, XCOM_RETURN_KEY)))
        if is_mapped:
            return len(self.api.ask("GET", f"{path}/slice"))
        found = self.api.find(path, map_index=-1)
        if found is None:
            return None
        value = BaseXCom.deserialize_value(SimpleNamespace(value=_raw(found["value"])))
        return len(value) if taskinstance._is_mappable_value(value) else None

    def drop(self, where: Place, key: str, map_index: int) -> None:
        """Delete one."""
        dag_id, run_id, task_id = map(part, where)
        self.api.ask("DELETE", f"xcoms/{dag_id}/{run_id}/{task_id}/{part(key)}", map_index=map_index)

    def clear(
        self,
        execution_date: Any = None,
        dag_id: str | None = None,
        task_id: str | None = None,
        session: Any = None,
        *,
        run_id: str | None = None,
        map_index: int | None = None,
    ) -> None:
        """As ``XCom.clear``, of the attempt's own task."""
        own = (dag_id, task_id) == (self.task.dag_id, self.task.task_id)
        if not own or run_id is None:
            raise self.api.unmapped("to clear another task's XComs")
        for key in dict.fromkeys(self.clears):
            self.drop((str(dag_id), run_id, str(task_id)), key, -1 if map_index is None else map_index)

    def fetch(
        self, session: Any, run_id: str, key: str | None, task_ids: Any, dag_ids: Any, map_indexes: Any, prior: bool
    ) -> None:
        """Have the local database hold what a query is going to ask for."""
        dags, tasks = _several(dag_ids), _several(task_ids)
        if (task_ids is not None and not tasks) or (dag_ids is not None and not dags):
            return  # of none of them
        if key is None or not dags or not tasks or (prior and len(tasks) > 1):
            self._select(session, {"run_id": run_id, "dag_id": dags, "task_id": tasks, "key": key}, prior)
            return
        for dag_id in dags:
            for task_id in tasks:
                self._copy(session, (dag_id, run_id, task_id), key, map_indexes, prior)

    def _select(self, session: Any, named: dict[str, Any], prior: bool) -> None:
        """Copy what the cloud has of many tasks or keys; which of them is newer is in the order in which it tells."""
        query = {name: value for name, value in named.items() if value}
        found = self.api.ask("GET", "metadata-database/xcoms", **query, include_prior_dates=bool(prior))
        before = session.query(BaseXCom)
        for name, value in query.items():
            if name != "run_id" or not prior:
                column = getattr(BaseXCom, name)
                before = before.filter(column.in_(value) if isinstance(value, list) else column == value)
        before.delete()
        now = timezone.utcnow()
        for number, each in enumerate(found):
            dag_run_id = self._run(session, each["dag_id"], each["run_id"])
            row = BaseXCom(**{**each, "value": _raw(each["value"])}, dag_run_id=dag_run_id)
            row.timestamp = now - timedelta(milliseconds=number)
            session.add(row)
        session.flush()

    def _copy(self, session: Any, where: Place, key: str, map_indexes: Any, prior: bool) -> None:
        """Copy the XComs of one task and key."""
        values = self._values(where, key, map_indexes, prior)
        dag_id, run_id, task_id = where
        named = {"dag_id": dag_id, "run_id": run_id, "task_id": task_id, "key": key}
        session.query(BaseXCom).filter_by(**named).delete()
        if values:
            dag_run_id = self._run(session, dag_id, run_id)
            for index, value in values.items():
                row = BaseXCom(**named, dag_run_id=dag_run_id, map_index=index, value=_raw(value))
                session.add(row)
        session.flush()

    def _values(self, where: Place, key: str, map_indexes: Any, prior: bool) -> dict[int, Any]:
        path = "xcoms/" + "/".join(map(part, (*where, key)))
        more = {"include_prior_dates": True} if prior else {}
        if map_indexes is None and self._is_mapped(where):
            return dict(enumerate(self.api.ask("GET", f"{path}/slice", **more)))
        indexes: Iterable[int] = (
            map_indexes if is_container(map_indexes) else [-1 if map_indexes is None else map_indexes]
        )
        found = {index: self.api.find(path, map_index=index, **more) for index in indexes}
        values = {index: each["value"] for index, each in found.items() if each is not None}
        if map_indexes is None and not values and where[0] != self.task.dag_id:  # it may be mapped: who knows
            return dict(enumerate(self.api.ask("GET", f"{path}/slice", **more)))
        return values

    def _is_mapped(self, where: Place) -> bool:
        dag_id, _, task_id = where
        other = self.task.dag.task_dict.get(task_id) if dag_id == self.task.dag_id else None
        return other is not None and rows.is_mapped(other)

    def _run(self, session: Any, dag_id: str, run_id: str) -> Any:
        known = session.query(DagRun.id).filter_by(dag_id=dag_id, run_id=run_id).scalar()
        if known is not None:
            return known
        row = rows.run(self.api.ask("GET", f"dag-runs/{part(dag_id)}/{part(run_id)}"))
        session.add(row)
        session.flush()
        return row.id


def _several(given: Any) -> list[str]:
    if given is None:
        return []
    return list(given) if is_container(given) else [given]


def _plain(raw: Any) -> Any:
    """What an XCom's column holds, as a value for JSON."""
    try:
        return json.loads(raw)
    except (TypeError, ValueError):  # pickled, or a backend's own
        data = raw if isinstance(raw, bytes) else str(raw).encode()
        return {_PICKLED: base64.b64encode(data).decode("ascii")}


def _raw(value: Any) -> bytes:
    """The reverse of :func:`_plain`."""
    if isinstance(value, dict) and set(value) == {_PICKLED}:
        return base64.b64decode(value[_PICKLED])
    return json.dumps(value).encode()
