"""Variables and Connections: the database's part of them is the cloud's. Other secrets backends are as they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from airflow.models.connection import Connection
from airflow.models.variable import Variable
from airflow.secrets.cache import SecretCache
from airflow.secrets.metastore import MetastoreBackend

from pytest_dagguard.stage.airflow2.api import Api, part

Asked = Callable[[Any, Callable[[], Any]], Any]


@dataclass(frozen=True, slots=True)
class GetVariable:
    """A look-up, as Airflow 3's task side would put it."""

    key: str


@dataclass(frozen=True, slots=True)
class GetConnection:
    """A look-up, as Airflow 3's task side would put it."""

    conn_id: str


def install(api: Api, asked: Asked) -> None:
    """Have this process look up and change Variables and Connections in the cloud.

    :param asked: is given each look-up and what gets the answer, and returns the answer
    """

    def fetch_variable(key: str, session: Any = None) -> str | None:
        found = asked(GetVariable(key), lambda: api.find(f"variables/{part(key)}"))
        return None if found is None else found["value"]

    def fetch_connection(conn_id: str, session: Any = None) -> Any:
        found = asked(GetConnection(conn_id), lambda: api.find(f"connections/{part(conn_id)}"))
        if found is None:
            return None
        names = ("conn_id", "conn_type", "host", "schema", "login", "password", "port", "extra")
        return Connection(**{name: found.get(name) for name in names})

    def set_variable(
        key: str, value: Any, description: str | None = None, serialize_json: bool = False, session: Any = None
    ) -> None:
        Variable.check_for_write_conflict(key=key)
        text = json.dumps(value, indent=2) if serialize_json else str(value)
        api.ask("PUT", f"variables/{part(key)}", {"val": text, "description": description})
        SecretCache.invalidate_variable(key)

    def update_variable(key: str, value: Any, serialize_json: bool = False, session: Any = None) -> None:
        Variable.check_for_write_conflict(key=key)
        if Variable.get_variable_from_secrets(key=key) is None:
            raise KeyError(f"Variable {key} does not exist")
        if fetch_variable(key) is None:
            raise AttributeError(f"Variable {key} does not exist in the Database and cannot be updated.")
        set_variable(key, value, serialize_json=serialize_json)

    def delete_variable(key: str, session: Any = None) -> int:
        there = fetch_variable(key) is not None  # the caller hears how many rows were deleted
        api.ask("DELETE", f"variables/{part(key)}")
        SecretCache.invalidate_variable(key)
        return int(there)

    MetastoreBackend._fetch_variable = staticmethod(fetch_variable)
    MetastoreBackend._fetch_connection = staticmethod(fetch_connection)
    Variable._set = staticmethod(set_variable)
    Variable._update = staticmethod(update_variable)
    Variable._delete = staticmethod(delete_variable)
