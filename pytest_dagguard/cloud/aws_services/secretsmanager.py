"""AWS Secrets Manager: secrets and their versions. Rotation by a Lambda function is refused by name.

Each write of a value makes a version, and the label AWSPREVIOUS goes to the one before. A client token makes but one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_dagguard.cloud.aws_services.service import Body, Footprint, Holding, Instead, Own, Refusal, Service, Wanted

_READS = frozenset({"DescribeSecret", "GetSecretValue", "ListSecretVersionIds"})
_EVERY = frozenset({"BatchGetSecretValue", "ListSecrets"})
_CHANGES = frozenset(
    {
        "CreateSecret",
        "DeleteSecret",
        "PutSecretValue",
        "RestoreSecret",
        "TagResource",
        "UntagResource",
        "UpdateSecret",
        "UpdateSecretVersionStage",
    }
)
_NOT_OF_DELETED = frozenset({"PutSecretValue", "UpdateSecret", "UpdateSecretVersionStage"})
_OF_SERVICE = ("AWSCURRENT", "AWSPREVIOUS")
_NEVER = "dagguard_never_current"
_ARN = re.compile(r"arn:[\w-]+:secretsmanager:[\w-]*:\d*:secret:(.*?)(?:-[A-Za-z0-9]{6})?")


def name_of(wanted: str) -> str:
    """The name of a secret that is asked for by its name, or by its whole ARN or a part of it."""
    found = _ARN.fullmatch(wanted)
    return found[1] if found else wanted


def named(wanted: str) -> str:
    """The resource of a secret: ``secretsmanager://prod/db``."""
    return f"secretsmanager://{name_of(wanted)}"


def _holds(backend: Any, wanted: Wanted) -> Iterator[Holding]:
    for secret in list(backend.secrets.values()):
        values = _values(secret)
        kept: dict[str, Any] = {"value": values[-1] if values else None, "values before": values[:-1]}
        staged = {
            stage: _value(version)
            for version in secret.versions.values()
            for stage in version["version_stages"]
            if stage not in _OF_SERVICE
        }
        if staged:
            kept["staged"] = staged
        if secret.is_deleted():
            kept["scheduled for deletion"] = True
        beside = {"Description": secret.description or ""}
        beside.update({f"tag:{each['Key']}": each.get("Value", "") for each in secret.tags or ()})
        headers = tuple(sorted((key, each) for key, each in beside.items() if each))
        text = json.dumps(kept, sort_keys=True)
        yield Holding(named(secret.name), "secret", text.encode(), str(len(secret.versions)), headers)


def _values(secret: Any) -> list[Any]:
    """The values that were current, the present one last.

    A value that is written again is no new one: whoever has it can still log in. One that is written in between pushes
    out the one that clients have.
    """
    never = getattr(secret, _NEVER, ())
    versions = [version for name, version in secret.versions.items() if name not in never]
    versions.sort(key=lambda version: "AWSCURRENT" in version["version_stages"])
    found: list[Any] = []
    for version in versions:
        value = _value(version)
        if not found or found[-1] != value:
            found.append(value)
    return found


def _value(version: Mapping[str, Any]) -> Any:
    """The value of a version, taken apart where it is JSON, so that a part of it may vary."""
    value = version.get("secret_string", version.get("secret_binary"))
    try:
        said = json.loads(value) if isinstance(value, str) else None
    except ValueError:
        said = None
    return said if isinstance(said, (dict, list)) else str(value)


def _footprint(backend: Any, action: str, body: Body) -> Footprint:
    if action == "GetRandomPassword":
        return Footprint("secretsmanager://")
    listed = [named(str(each)) for each in body.get("SecretIdList") or ()]
    if action in _EVERY:
        names = frozenset(listed) or frozenset({"secretsmanager://*"})
        return Footprint(min(names) if len(names) == 1 else "secretsmanager://*", names)
    name = named(str(body.get("Name" if action == "CreateSecret" else "SecretId")))
    return Footprint(name, frozenset({name}), frozenset({name} if action in _CHANGES else ()))


def _by_name(action: str) -> Own:
    """The action for a secret that may be named by an ARN, of whichever account and region."""

    def ask(backend: Any, body: Body) -> Instead | Refusal:
        given = dict(body)
        given.pop("AddReplicaRegions", None)
        for field in ("SecretId", "Name"):
            if field in given:
                given[field] = name_of(str(given[field]))
        if "SecretIdList" in given:
            given["SecretIdList"] = [name_of(str(each)) for each in given["SecretIdList"]]
        secret = backend.secrets.get(str(given.get("SecretId", "")))
        if secret is None and "SecretId" in given and not given.get("ForceDeleteWithoutRecovery"):
            what = f"Secrets Manager can't find the specified secret: {given['SecretId']}"
            return Refusal("ResourceNotFoundException", what)
        if secret is not None and action in _NOT_OF_DELETED and secret.is_deleted():
            what = "You can't perform this operation on the secret because it was marked for deletion."
            return Refusal("InvalidRequestException", what)
        if secret is not None:
            _note(action, secret, given)
        return Instead(action, given)

    return ask


def _note(action: str, secret: Any, body: Body) -> None:
    """Take down which versions have never been current: one that is only staged, and replaced, is of no concern."""
    never: set[str] = set(getattr(secret, _NEVER, ()))
    stages = body.get("VersionStages")
    if action == "PutSecretValue" and stages and "AWSCURRENT" not in stages and secret.versions:
        never.add(str(body.get("ClientRequestToken")))
    elif action == "UpdateSecretVersionStage" and body.get("VersionStage") == "AWSCURRENT":
        never.discard(str(body.get("MoveToVersionId")))
    setattr(secret, _NEVER, never)


def _sow(backend: Any, part: Mapping[str, str]) -> None:
    for name, value in part.items():
        backend.create_secret(
            name=name,
            secret_string=value,
            secret_binary=None,
            description=None,
            tags=None,
            kms_key_id=None,
            client_request_token=None,
            replica_regions=[],
            force_overwrite=False,
        )


SERVICE = Service(
    signing="secretsmanager",
    host="secretsmanager",
    holds=_holds,
    footprint=_footprint,
    seed=lambda seed: seed.secrets,
    sow=_sow,
    verbs=_READS | _EVERY | _CHANGES | {"GetRandomPassword"},
    own={action: _by_name(action) for action in _READS | _EVERY | _CHANGES},
    regional=False,
    emulated="secrets and their versions are emulated, and rotation by Lambda is not",
)
