"""Having moto answer a request to an AWS service, without a web framework and without patching botocore."""

from __future__ import annotations

import re
from typing import Any

from pytest_dagguard.cloud.aws_services.service import Service
from pytest_dagguard.cloud.emulator import Request, Response

ACCOUNT = "123456789012"


def backend(service: Service, region: str) -> Any:
    """moto's storage of one service in one region."""
    from moto.backends import get_backend

    return get_backend(service.signing)[ACCOUNT][region]


def answer(service: Service, request: Request, region: str) -> Response:
    """moto's answer; the request takes effect."""
    from botocore.awsrequest import AWSPreparedRequest
    from botocore.compat import HTTPHeaders
    from moto.core.exceptions import HTTPException
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
            try:
                status, given, body = execute(normal, normal.raw_url, normal.headers)
            except HTTPException as error:
                status, given, body = error.code, error.get_headers(), error.get_body()
            break
    else:
        raise LookupError(f"moto has no {request.method} {request.path} of {service.signing}")
    content = body.encode() if isinstance(body, str) else bytes(body or b"")
    kept = dict(given).items()
    return Response(int(status), tuple((k, str(v)) for k, v in kept if k.lower() not in _OURS), content)


_OURS = frozenset({"content-length", "date", "status", "server"})
