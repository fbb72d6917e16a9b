"""The shapes of what Airflow's task side sends, checked as Airflow's own Execution API checks them.

The models repeat those of ``airflow.api_fastapi.execution_api.datamodels`` because their error texts are part of the
answer that a client gets for a request that does not fit.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    Tag,
    field_validator,
)

UtcDateTime = Annotated[AwareDatetime, AfterValidator(lambda value: value.astimezone(timezone.utc))]


class TerminalTIState(str, Enum):
    """States that end a task instance. The enumerations have Airflow's names, which are part of its error texts."""

    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"
    UPSTREAM_FAILED = "upstream_failed"
    REMOVED = "removed"


class TerminalStateNonSuccess(str, Enum):
    """States that end a task instance, success aside."""

    FAILED = "failed"
    SKIPPED = "skipped"
    REMOVED = "removed"
    UPSTREAM_FAILED = "upstream_failed"


class IntermediateTIState(str, Enum):
    """States that do not end a task instance."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RESTARTING = "restarting"
    UP_FOR_RETRY = "up_for_retry"
    UP_FOR_RESCHEDULE = "up_for_reschedule"
    DEFERRED = "deferred"
    AWAITING_INPUT = "awaiting_input"


class TaskInstanceState(str, Enum):
    """All states of a task instance."""

    REMOVED = "removed"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    RESTARTING = "restarting"
    FAILED = "failed"
    UP_FOR_RETRY = "up_for_retry"
    UP_FOR_RESCHEDULE = "up_for_reschedule"
    UPSTREAM_FAILED = "upstream_failed"
    SKIPPED = "skipped"
    DEFERRED = "deferred"
    AWAITING_INPUT = "awaiting_input"


class Strict(BaseModel):
    """A payload without room for unknown fields."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class EnterRunning(Strict):
    """``PATCH task-instances/{id}/run``."""

    state: Literal[TaskInstanceState.RUNNING]
    hostname: str
    unixname: str
    pid: int
    start_date: UtcDateTime


class Terminal(Strict):
    """The task ended, and not in success."""

    state: TerminalStateNonSuccess
    end_date: UtcDateTime
    rendered_map_index: str | None = None


class AssetProfile(Strict):
    """An outlet as the task side names it."""

    name: str | None = None
    uri: str | None = None
    type: str


class Success(Strict):
    """The task succeeded."""

    state: Literal[TerminalTIState.SUCCESS]
    end_date: UtcDateTime
    task_outlets: list[AssetProfile] = Field(default_factory=list)
    outlet_events: list[dict[str, Any]] = Field(default_factory=list)
    rendered_map_index: str | None = None


class Target(Strict):
    """A state for which there is no payload of its own; Airflow takes it and fails the task instance."""

    state: IntermediateTIState


class Deferred(Strict):
    """The task waits for a trigger."""

    state: Literal[IntermediateTIState.DEFERRED]
    classpath: str
    trigger_kwargs: dict[str, JsonValue] | str = Field(default_factory=dict)
    trigger_timeout: timedelta | None = None
    queue: str | None = None
    next_method: str
    next_kwargs: dict[str, JsonValue] = Field(default_factory=dict)
    rendered_map_index: str | None = None


class Reschedule(Strict):
    """A sensor asks to be run again later."""

    state: Literal[IntermediateTIState.UP_FOR_RESCHEDULE]
    reschedule_date: UtcDateTime
    end_date: UtcDateTime


class AwaitingInput(Strict):
    """The task waits for a person."""

    state: Literal[IntermediateTIState.AWAITING_INPUT]
    timeout: timedelta | None = None
    next_method: str
    next_kwargs: dict[str, JsonValue] = Field(default_factory=dict)
    rendered_map_index: str | None = None


class Retry(Strict):
    """The try failed and there are more."""

    state: Literal[IntermediateTIState.UP_FOR_RETRY]
    end_date: UtcDateTime
    rendered_map_index: str | None = None
    retry_delay_seconds: float | None = None
    retry_reason: str | None = None


# Airflow means the tags to choose by, but its web framework drops the discriminator: all shapes are tried, and the tags
# only name them in errors.
StateUpdate = (
    Annotated[Terminal, Tag("_terminal_")]
    | Annotated[Success, Tag("success")]
    | Annotated[Target, Tag("_other_")]
    | Annotated[Deferred, Tag("deferred")]
    | Annotated[Reschedule, Tag("up_for_reschedule")]
    | Annotated[AwaitingInput, Tag("awaiting_input")]
    | Annotated[Retry, Tag("up_for_retry")]
)


class Heartbeat(Strict):
    """``PUT task-instances/{id}/heartbeat``."""

    hostname: str
    pid: int


class SkipDownstream(Strict):
    """``PATCH task-instances/{id}/skip-downstream``."""

    tasks: list[str | tuple[str, int]]


Fields = dict[str, JsonValue]
"""``PUT task-instances/{id}/rtif``."""

Label = str
"""``PATCH task-instances/{id}/rendered-map-index``."""

AnyJson = JsonValue
"""``POST xcoms/...``."""


class VariableBody(Strict):
    """``PUT variables/{key}``."""

    value: str | None = Field(alias="val")
    description: str | None = None


class Trigger(Strict):
    """``POST dag-runs/{dag_id}/{run_id}``."""

    logical_date: UtcDateTime | None = None
    run_after: UtcDateTime | None = None
    conf: dict[str, Any] = Field(default_factory=dict)
    reset_dag_run: bool = False
    partition_key: str | None = None
    note: str | None = None


class AssetStateBody(Strict):
    """``PUT store/asset/...``."""

    value: JsonValue

    @field_validator("value")
    @classmethod
    def value_is_json_representable(cls, value: JsonValue) -> JsonValue:
        """Refuse null and numbers that JSON has no word for."""
        if value is None:
            raise ValueError("value cannot be null")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError("value must be a finite number; NaN and Inf are not JSON representable")
        return value


class TaskStateBody(AssetStateBody):
    """``PUT store/ti/{id}/{key}``."""

    expires_at: datetime | None = None


class HitlUser(BaseModel):
    """A person who may answer."""

    id: str
    name: str


class HitlRequest(BaseModel):
    """``POST hitlDetails/{id}``."""

    ti_id: UUID
    options: list[str] = Field(min_length=1)
    subject: str
    body: str | None = None
    defaults: list[str] | None = None
    multiple: bool = False
    params: dict[str, Any] = Field(default_factory=dict)
    assigned_users: list[HitlUser] = Field(default_factory=list)


class HitlAnswer(BaseModel):
    """``PATCH hitlDetails/{id}``."""

    ti_id: UUID
    chosen_options: list[str] = Field(min_length=1)
    params_input: dict[str, Any] = Field(default_factory=dict)
