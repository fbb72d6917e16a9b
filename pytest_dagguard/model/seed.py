"""The seed: what is in the cloud and in Airflow before the first attempt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Seed:
    """Input data.

    :param s3: bucket -> key -> content
    :param gcs: bucket -> name -> content
    :param redis: database number as text -> key -> value
    :param kubernetes: namespace -> ``configmaps`` or ``secrets`` -> name -> key -> text
    :param variables: Airflow Variables, name -> value as text (JSON text for values that are not text)
    :param connections: connection id -> its fields (conn_type, host, login, password, schema, port, extra)
    :param parameters: of the SSM Parameter Store, name -> value as text
    :param secrets: of the Secrets Manager, name -> value as text
    :param tables: of DynamoDB, name -> ``key`` (names of its one or two attributes -> type: S, N or B) and ``items``
    :param xcoms: dag_id -> task_id -> key -> value
    """

    s3: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    gcs: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    redis: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    kubernetes: Mapping[str, Mapping[str, Mapping[str, Mapping[str, str]]]] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    connections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    xcoms: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
