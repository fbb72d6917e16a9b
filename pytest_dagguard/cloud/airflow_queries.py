"""The queries that Airflow's task side sends, checked as Airflow's own Execution API checks them."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from pydantic import BaseModel, Field

from pytest_dagguard.cloud.airflow_payloads import TaskInstanceState, UtcDateTime


class DagRunState(str, Enum):
    """States of a DAG run."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"


class XComFilter(BaseModel):
    """The query of ``GET xcoms/...``."""

    map_index: int = -1
    include_prior_dates: bool = False
    offset: int | None = None


class XComSlice(BaseModel):
    """The query of ``GET xcoms/.../slice``."""

    start: int | None = None
    stop: int | None = None
    step: int | None = None
    include_prior_dates: bool = False


class XComHead(BaseModel):
    """The query of ``HEAD xcoms/...``."""

    map_index: int | None = None


class XComSet(BaseModel):
    """The query of ``POST xcoms/...`` and ``DELETE xcoms/...``."""

    map_index: int = -1
    dag_result: bool = False
    mapped_length: int | None = None


class VariableKeys(BaseModel):
    """The query of ``GET variables/keys``."""

    prefix: str | None = None
    limit: int = Field(default=1000, ge=1, le=10_000)
    offset: int = Field(default=0, ge=0)


class RunCount(BaseModel):
    """The query of ``GET dag-runs/count``."""

    dag_id: str
    logical_dates: list[UtcDateTime] | None = None
    run_ids: list[str] | None = None
    states: list[str] | None = None


class PreviousRun(BaseModel):
    """The query of ``GET dag-runs/previous``."""

    dag_id: str
    logical_date: UtcDateTime
    state: DagRunState | None = None


class PreviousRunOfDag(BaseModel):
    """The query of ``GET dag-runs/{dag_id}/previous``, as clients before 2026 send it."""

    logical_date: UtcDateTime
    state: DagRunState | None = None


class InstanceCount(BaseModel):
    """The query of ``GET task-instances/count`` and ``GET task-instances/states``."""

    dag_id: str
    map_index: int | None = None
    task_ids: list[str] | None = None
    task_group_id: str | None = None
    logical_dates: list[UtcDateTime] | None = None
    run_ids: list[str] | None = None
    states: list[str] | None = None


class PreviousInstance(BaseModel):
    """The query of ``GET task-instances/previous/{dag_id}/{task_id}``."""

    logical_date: UtcDateTime | None = None
    map_index: int = -1
    state: TaskInstanceState | None = None


class Breadcrumbs(BaseModel):
    """The query of ``GET task-instances/breadcrumbs``."""

    dag_id: str
    run_id: str


class EventsByAsset(BaseModel):
    """The query of ``GET asset-events/by-asset``."""

    name: str | None
    uri: str | None
    after: UtcDateTime | None = None
    before: UtcDateTime | None = None
    ascending: bool = True
    limit: int | None = None


class EventsByAlias(BaseModel):
    """The query of ``GET asset-events/by-asset-alias``."""

    name: str
    after: UtcDateTime | None = None
    before: UtcDateTime | None = None
    ascending: bool = True
    limit: int | None = None


class ByName(BaseModel):
    """A query for an asset's name."""

    name: str


class ByUri(BaseModel):
    """A query for an asset's URI."""

    uri: str


class ByAlias(BaseModel):
    """A query for an asset alias."""

    alias_name: str


NonEmpty = Annotated[str, Field(min_length=1)]


class StateByName(BaseModel):
    """The query of ``store/asset/by-name/value``."""

    name: NonEmpty
    key: NonEmpty


class StateByUri(BaseModel):
    """The query of ``store/asset/by-uri/value``."""

    uri: NonEmpty
    key: NonEmpty


class ClearByName(BaseModel):
    """The query of ``store/asset/by-name/clear``."""

    name: NonEmpty


class ClearByUri(BaseModel):
    """The query of ``store/asset/by-uri/clear``."""

    uri: NonEmpty
