"""Requests to other AWS services that arrive at the S3 port, because one endpoint variable serves all of them."""

from __future__ import annotations

from functools import cache
from urllib.parse import parse_qs, unquote

from pytest_dagguard.cloud.emulator import Request, Response
from pytest_dagguard.cloud.s3_address import scope
from pytest_dagguard.model.errors import NotEmulated
from pytest_dagguard.model.operation import Operation

_ACCOUNT = "123456789012"
_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
_STS_VERSION = "2011-06-15"
_CREDENTIALS = (
    "<Credentials><AccessKeyId>testing</AccessKeyId><SecretAccessKey>testing</SecretAccessKey>"
    "<SessionToken>testing</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
)
_ROLE = (
    "<AssumedRoleUser><AssumedRoleId>AROATESTING:dagguard</AssumedRoleId>"
    f"<Arn>arn:aws:sts::{_ACCOUNT}:assumed-role/testing/dagguard</Arn></AssumedRoleUser>"
)
_STS_ANSWERS = {
    "GetCallerIdentity": f"<Arn>arn:aws:iam::{_ACCOUNT}:user/testing</Arn><UserId>AIDATESTING</UserId>"
    f"<Account>{_ACCOUNT}</Account>",
    "AssumeRole": _CREDENTIALS + _ROLE,
    "AssumeRoleWithWebIdentity": _CREDENTIALS + _ROLE,
    "GetSessionToken": _CREDENTIALS,
}


def named(request: Request) -> tuple[str, str]:
    """Service and action of a request that is for another service than S3; empty texts for one that is for S3."""
    service = scope(request)[1]
    if service == "s3":
        return "", ""
    target = request.headers.get("X-Amz-Target", "")
    form = _form(request)
    if not service:
        if target:
            service = target.split(".")[0].split("_")[0].lower()
        elif form.get("Version") == [_STS_VERSION] and "Action" in form:
            service = "sts"  # AssumeRoleWithWebIdentity is not signed
        else:
            return "", ""
    action = target.rsplit(".", 1)[-1] or form.get("Action", [""])[0] or _rest_action(service, request)
    return service, action


def _form(request: Request) -> dict[str, list[str]]:
    """Fields of a request in AWS's query protocol, wherever it carries them."""
    if request.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        return parse_qs(request.body.decode("utf-8", "replace"))
    return parse_qs(request.query) if "Action=" in request.query else {}


def _rest_action(service: str, request: Request) -> str:
    """The operation of a service whose operations are told by method and path."""
    return in_path(service, request)[0]


def in_path(service: str, request: Request) -> tuple[str, dict[str, str]]:
    """The operation that method and path tell, and the fields that are in the path.

    Method and path themselves, and no fields, where the service has no such operation.
    """
    wanted = request.path.strip("/").split("/")
    for name, method, path in _paths(service):
        same = len(path) == len(wanted) and all(a == b or a.startswith("{") for a, b in zip(path, wanted, strict=True))
        if same and method == request.method:
            fields = {a[1:-1].rstrip("+"): unquote(b) for a, b in zip(path, wanted, strict=True) if a.startswith("{")}
            return name, fields
    return f"{request.method} {request.path}", {}


@cache
def _paths(service: str) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Operations of a service: name, method, parts of the path."""
    from moto.core.loaders import create_loader

    loader = create_loader()
    if service not in loader.list_available_services("service-2"):
        return ()
    operations = loader.load_service_model(service, "service-2")["operations"]
    return tuple(
        (str(name), each["http"]["method"], tuple(each["http"]["requestUri"].partition("?")[0].strip("/").split("/")))
        for name, each in operations.items()
    )


def classify(service: str, action: str) -> Operation:
    """The operation that such a request is.

    :raises NotEmulated: for all but the questions to STS who the caller is
    """
    if service == "sts" and action in _STS_ANSWERS:
        return Operation("sts", action, "sts://caller")
    raise NotEmulated(service, action, "no emulator answers this AWS service yet")


def answer(service: str, action: str) -> Response:
    """The answer to such a request.

    :raises NotEmulated: as :func:`classify`
    """
    classify(service, action)
    body = (
        f'<{action}Response xmlns="{_NAMESPACE}"><{action}Result>{_STS_ANSWERS[action]}</{action}Result>'
        f"<ResponseMetadata><RequestId>00000000-0000-0000-0000-000000000000</RequestId></ResponseMetadata>"
        f"</{action}Response>"
    )
    return Response(200, (("Content-Type", "text/xml"),), body.encode())
