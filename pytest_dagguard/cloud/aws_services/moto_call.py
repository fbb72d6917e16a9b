"""Having moto answer a request to an AWS service, without a web framework and without patching botocore."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pytest_dagguard.cloud.aws_services.service import Instead, Service
from pytest_dagguard.cloud.emulator import Request, Response
from pytest_dagguard.model.errors import DagguardError, NotEmulated

ACCOUNT = "123456789012"


def backend(service: Service, region: str) -> Any:
    """moto's storage of one service in one region."""
    from moto.backends import get_backend

    return get_backend(service.moto or service.signing)[ACCOUNT][region]


def answer(service: Service, request: Request, region: str) -> Response:
    """moto's answer; the request takes effect."""
    from botocore.awsrequest import AWSPreparedRequest
    from botocore.compat import HTTPHeaders
    from moto.core.request import normalize_request

    headers = HTTPHeaders()
    for key, value in request.headers.items():
        if key.lower() != "host":
            headers[key] = value
    url = f"https://{service.host}.{region}.amazonaws.com{request.path}"
    prepared = AWSPreparedRequest(request.method, f"{url}?{request.query}".rstrip("?"), headers, request.body, False)
    normal = normalize_request(prepared)
    for pattern, execute in backend(service, region).urls.items():
        if re.compile(pattern).match(url):
            found = guarded(service, request, lambda: execute(normal, normal.raw_url, normal.headers))  # noqa: B023
            if isinstance(found, Response):
                return found
            status, given, body = found
            break
    else:
        what = f"{request.method} {request.path}"
        raise NotEmulated(service.signing, what, "moto has no such path")
    content = body.encode() if isinstance(body, str) else bytes(body or b"")
    return Response(int(status), _headers(given), content)


def guarded(service: Service, request: Request, call: Callable[[], Any]) -> Any:
    """What ``call`` returns, or the answer to a request that moto refuses.

    :raises NotEmulated: moto breaks down. That must not be taken for a fault of the task: the verdict is inconclusive
    """
    from moto.core.exceptions import HTTPException

    try:
        return call()
    except HTTPException as error:
        body = error.get_body()
        content = body.encode() if isinstance(body, str) else bytes(body or b"")
        return Response(int(error.code or 500), _headers(error.get_headers()), content)
    except (DagguardError, KeyboardInterrupt):
        raise
    except Exception as error:
        what = f"moto fails on it with {type(error).__name__}: {error}"
        raise NotEmulated(service.signing, f"{request.method} {request.path}", what) from error


def _headers(given: Any) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(value)) for name, value in dict(given).items() if name.lower() not in _OURS)


def instead(request: Request, asked: Instead) -> Request:
    """The same request with another action and another body, for services that tell actions by name."""
    headers = request.headers.copy()
    headers["X-Amz-Target"] = f"{headers.get('X-Amz-Target', '').rpartition('.')[0]}.{asked.action}"
    body = json.dumps(asked.body).encode()
    headers.popall("Content-Length", None)
    return replace(request, headers=headers, body=body)


_OURS = frozenset({"content-length", "date", "status", "server"})
