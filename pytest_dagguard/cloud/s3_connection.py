"""Pointing AWS clients at the S3 emulator: environment variables and Airflow connections."""

from __future__ import annotations

import json
from typing import Any

_REGION = "us-east-1"
_CREDENTIAL = "testing"

# What an AWS connection can carry that would lead to real AWS, or to credentials that are not here.
_ELSEWHERE = frozenset(
    {
        "assume_role_kwargs",
        "assume_role_method",
        "aws_account_id",
        "aws_iam_role",
        "aws_session_token",
        "config_kwargs",
        "external_id",
        "host",
        "profile",
        "profile_name",
        "role_arn",
        "s3_config_file",
        "s3_config_format",
        "session_kwargs",
        "session_token",
        "verify",
    }
)

_KEYS = ("aws_access_key_id", "aws_secret_access_key")


def environment(url: str) -> dict[str, str]:
    """Environment variables that point boto3, aiobotocore, s3fs and the ``aws`` command at ``url``."""
    return {
        "AWS_ENDPOINT_URL": url,
        # A variable for the service alone would win over the one above.
        "AWS_ENDPOINT_URL_S3": url,
        "AWS_ENDPOINT_URL_STS": url,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_ACCESS_KEY_ID": _CREDENTIAL,
        "AWS_SECRET_ACCESS_KEY": _CREDENTIAL,
        "AWS_SESSION_TOKEN": "",
        "AWS_SECURITY_TOKEN": "",
        "AWS_ROLE_ARN": "",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "",
        "AWS_DEFAULT_REGION": _REGION,
        "AWS_REGION": _REGION,
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        # polars, deltalake and whatever else is built on object_store
        "AWS_ALLOW_HTTP": "true",
        # A refused request is refused for good: an emulator has no throttling and no weather.
        "AWS_RETRY_MODE": "standard",
        "AWS_MAX_ATTEMPTS": "2",
        "AWS_PAGER": "",
    }


def redirect(connection: dict[str, Any], url: str) -> dict[str, Any] | None:
    """Point an Airflow connection at ``url``.

    Nothing is put in that it does not have: some operators hand all of its extra fields to the service. Where it names
    no endpoint, clients find the emulator by :func:`environment`.

    :returns: None where it is no AWS connection
    """
    if connection.get("conn_type") not in ("aws", "s3"):
        return None
    kept = {name: value for name, value in _extra(connection.get("extra")).items() if name not in _ELSEWHERE}
    kept.update({name: _CREDENTIAL for name in _KEYS if name in kept})
    if "endpoint_url" in kept:
        kept["endpoint_url"] = url
    services = kept.get("service_config")
    if isinstance(services, dict):
        kept["service_config"] = {
            name: {**value, "endpoint_url": url} if isinstance(value, dict) and "endpoint_url" in value else value
            for name, value in services.items()
        }
    return {
        **connection,
        "host": None,
        "login": _CREDENTIAL if connection.get("login") else None,
        "password": _CREDENTIAL if connection.get("password") else None,
        "extra": json.dumps(kept) if kept else None,
    }


def _extra(text: Any) -> dict[str, Any]:
    """The connection's extra fields; none where it has no JSON object."""
    try:
        found = json.loads(text) if isinstance(text, str) and text else text
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
