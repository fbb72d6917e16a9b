"""Pointing the usual clients of Cloud Storage at the emulator: environment variables and Airflow connections."""

from __future__ import annotations

import json
import os
import tempfile
from typing import Any

PROJECT = "dagguard"

# Credentials of any kind: they would be looked for before the connection's `is_anonymous` is, or sent somewhere.
_CREDENTIALS = frozenset(
    ("key_path", "keyfile_dict", "key_secret_name", "key_secret_project_id", "credential_config_file", "scope")
) | frozenset(
    ("impersonation_chain", "idp_issuer_url", "client_id", "client_secret", "idp_extra_parameters", "quota_project_id")
)
_PREFIX = "extra__google_cloud_platform__"


def environment(url: str) -> dict[str, str]:
    """Environment variables for google-cloud-storage, gcsfs, gcloud and gsutil.

    :param url: base URL of the emulator
    """
    return {
        "STORAGE_EMULATOR_HOST": url,
        # Google's C++ client, which pyarrow and with it pandas use for gs:// paths. It knows no anonymous access here,
        # and asks the metadata server for a token until it gets one: that, for this client alone, is the emulator.
        "CLOUD_STORAGE_EMULATOR_ENDPOINT": url,
        "GCE_METADATA_ROOT": url.removeprefix("http://"),
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "GCLOUD_PROJECT": PROJECT,
        "CLOUDSDK_CORE_PROJECT": PROJECT,
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE": f"{url}/storage/v1/",
        "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_CHECK_GCE_METADATA": "false",
        # google-cloud-storage would get the bucket from a thread of its own, for traces nobody takes: the order of the
        # operations would differ from run to run.
        "DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA": "true",
        # gcsfs would ask over gRPC for the type of the bucket, and wait.
        "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",
        # Nobody else is to look for a metadata server: port 9 discards.
        "NO_GCE_CHECK": "true",
        "GCE_METADATA_HOST": "127.0.0.1:9",
        "GCE_METADATA_IP": "127.0.0.1:9",
        "GCE_METADATA_TIMEOUT": "1",
        "GOOGLE_API_USE_CLIENT_CERTIFICATE": "false",
        # A developer's own login, which google.auth would find, is out of sight.
        "CLOUDSDK_CONFIG": os.path.join(tempfile.gettempdir(), "dagguard-cloudsdk"),
    }


def connection(given: dict[str, Any], url: str) -> dict[str, Any] | None:
    """Make a Google Cloud connection anonymous and free of credentials.

    :param given: the connection's fields; ``extra`` is JSON text
    :param url: base URL of the emulator
    :returns: the changed connection, None for other types
    """
    if given.get("conn_type") not in ("google_cloud_platform", "google-cloud-platform"):
        return None
    extra = given.get("extra") or {}
    if isinstance(extra, str):
        try:
            extra = json.loads(extra)
        except ValueError:
            extra = {}
    plain = {key.removeprefix(_PREFIX): value for key, value in extra.items() if key.startswith(_PREFIX)}
    plain |= {key: value for key, value in extra.items() if not key.startswith(_PREFIX)}
    kept = {key: value for key, value in plain.items() if key not in _CREDENTIALS}
    kept |= {"is_anonymous": True, "project": plain.get("project") or PROJECT, "gcs.endpoint": url}
    return {**given, "host": None, "login": None, "password": None, "extra": json.dumps(kept)}
