"""AWS Systems Manager: the Parameter Store. What runs on machines (Run Command, Automation) is refused by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pytest_dagguard.cloud.aws_services.secretsmanager import named as secret_named
from pytest_dagguard.cloud.aws_services.service import Body, Footprint, Holding, Instead, Own, Service, Wanted
from pytest_dagguard.model.errors import NotEmulated

_PUBLIC = ("/aws/", "aws/")
"""Parameters that AWS itself publishes: the latest machine images and the like. They are nobody's to change."""

_OF_SECRETS = "/aws/reference/secretsmanager/"

_ONE = frozenset({"GetParameter", "GetParameterHistory"})
_ONE_CHANGED = frozenset({"DeleteParameter", "LabelParameterVersion", "PutParameter", "UnlabelParameterVersion"})
_TAGS = frozenset({"AddTagsToResource", "ListTagsForResource", "RemoveTagsFromResource"})
_MANY = frozenset({"DeleteParameters", "GetParameters"})
_EVERY = frozenset({"DescribeParameters", "GetParametersByPath"})


def resource(name: str) -> str:
    """The resource of a parameter by its name, its ARN, or one of both with a version or label: ``ssm://db/url``."""
    if name.startswith(_OF_SECRETS):
        return secret_named(name.removeprefix(_OF_SECRETS))
    return f"ssm://{_without_arn(name).partition(':')[0].removeprefix('/')}"


def _without_arn(name: str) -> str:
    return name.partition(":parameter")[2] if name.startswith("arn:") else name


def _holds(backend: Any, wanted: Wanted) -> Iterator[Holding]:
    for name, versions in list(backend._parameters.items()):
        if not versions or name.startswith(_PUBLIC):
            continue
        last = versions[-1]
        value = last.decrypt(last.value) or ""
        beside = {"Type": last.parameter_type, "Description": last.description or ""}
        tags = backend._resource_tags["Parameter"][last.name]
        beside.update({f"tag:{key}": str(each) for key, each in tags.items()})
        kept = tuple(sorted((key, each) for key, each in beside.items() if each))
        yield Holding(resource(name), "parameter", value.encode(), str(last.version), kept)


def _footprint(backend: Any, action: str, body: Body) -> Footprint:
    if action in _EVERY:
        path = str(body.get("Path") or "/").strip("/")
        shown = f"ssm://{path}/*" if path else "ssm://*"
        return Footprint(shown, frozenset({shown}))
    wanted = body.get("Names") if action in _MANY else [body.get("ResourceId" if action in _TAGS else "Name")]
    names = frozenset(resource(str(each)) for each in wanted or ())
    shown = min(names, default="ssm://*") if len(names) < 2 else f"{_common(names)}*"
    changes = action.startswith(("Put", "Delete", "Label", "Unlabel", "Add", "Remove"))
    return Footprint(shown, names, names if changes else frozenset())


def _common(names: frozenset[str]) -> str:
    least, greatest = min(names), max(names)
    same = next((i for i, (a, b) in enumerate(zip(least, greatest, strict=False)) if a != b), len(least))
    return least[: max(same, len("ssm://"))]


def _prepare(backend: Any, action: str, body: Body) -> None:
    """Have parameters be kept in what can be copied, which moto's own dictionary cannot."""
    kind = _dictionary()
    if not isinstance(backend._parameters, kind):
        kept = kind(backend.account_id, backend.region_name)
        kept.update(backend._parameters)
        backend._parameters = kept


@cache
def _dictionary() -> Any:
    import copy

    from moto.ssm.models import ParameterDict

    class Parameters(ParameterDict):  # type: ignore[misc]
        """moto's dictionary of parameters, with a copy that is one."""

        def __deepcopy__(self, memo: dict[int, Any]) -> Any:
            made = type(self)(self.account_id, self.region_name)
            made.__dict__.update(self.__dict__)
            for name, versions in self.items():
                dict.__setitem__(made, name, copy.deepcopy(versions, memo))
            return made

    return Parameters


def _sow(backend: Any, part: Mapping[str, str]) -> None:
    _prepare(backend, "", {})
    for name, value in part.items():
        backend.put_parameter(
            name=name,
            description=None,
            # the service has no empty ones
            value=value or " ",
            parameter_type="String",
            allowed_pattern=None,
            keyid=None,
            overwrite=True,
            tags=[],
            data_type="text",
            tier=None,
            policies=None,
        )


def _of_parameters(backend: Any, body: Body) -> None:
    """Tags of parameters, and of nothing else.

    :raises NotEmulated: of something else
    """
    kind = body.get("ResourceType")
    if kind != "Parameter":
        raise NotEmulated("ssm", f"tags of {kind}", "of ssm, the Parameter Store is emulated")


def _by_name(action: str) -> Own:
    """The action for parameters that may be named by ARNs, of whichever account and region."""

    def ask(backend: Any, body: Body) -> Instead | None:
        wanted = body.get("Names") if action in _MANY else [body.get("Name")]
        names = [str(each) for each in wanted or ()]
        if not any(each.startswith("arn:") for each in names):
            return None
        plain = [_without_arn(each) for each in names]
        return Instead(action, {**body, **({"Names": plain} if action in _MANY else {"Name": plain[0]})})

    return ask


SERVICE = Service(
    signing="ssm",
    host="ssm",
    holds=_holds,
    footprint=_footprint,
    prepare=_prepare,
    seed=lambda seed: seed.parameters,
    sow=_sow,
    verbs=_ONE | _ONE_CHANGED | _TAGS | _MANY | _EVERY,
    own={**dict.fromkeys(_TAGS, _of_parameters), **{each: _by_name(each) for each in _ONE | _ONE_CHANGED | _MANY}},
    regional=False,
    beside=("secretsmanager",),
    emulated="the Parameter Store is emulated",
)
