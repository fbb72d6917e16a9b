"""botocore's service descriptions, read and decoded once in the stage instead of once for each session in each attempt.

What a client does is not touched: this keeps the content of files that ship with the library.
"""

from __future__ import annotations

import contextlib
from typing import Any


def remember_files() -> None:
    """Keep decoded description files and folder listings from now on, and read those that every S3 client needs."""
    from botocore import loaders

    if getattr(loaders.JSONFileLoader.load_file, "dagguard", False):
        return
    read = loaders.JSONFileLoader.load_file
    kept: dict[str, Any] = {}

    def load_file(self: Any, file_path: str) -> Any:
        # None (no such file) is not kept: the same loader is asked for files of the user's own that may come later
        if file_path not in kept:
            found = read(self, file_path)
            if found is None:
                return None
            kept[file_path] = found
        return kept[file_path]

    load_file.dagguard = True  # type: ignore[attr-defined]
    loaders.JSONFileLoader.load_file = load_file
    listings = loaders.Loader.list_available_services
    listed: dict[tuple[Any, ...], list[str]] = {}

    def list_available_services(self: Any, type_name: str) -> list[str]:
        key = (type_name, *self.search_paths)
        if key not in listed:
            listed[key] = listings(self, type_name)
        return list(listed[key])

    loaders.Loader.list_available_services = list_available_services
    with contextlib.suppress(Exception):
        _make_clients()


def _make_clients() -> None:
    import boto3

    session = boto3.session.Session(aws_access_key_id="warm", aws_secret_access_key="warm", region_name="us-east-1")
    for service in ("s3", "sts"):
        session.client(service, endpoint_url="http://127.0.0.1:1").close()
    session.resource("s3", endpoint_url="http://127.0.0.1:1")
