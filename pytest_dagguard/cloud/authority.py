"""A certificate authority for one run: its certificate is in a file, its key never leaves the process."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Any

# What clients look at for the certificates that they trust: OpenSSL (Python's ssl, httpx, aiohttp), requests, httplib2
# (google-api-python-client), curl, boto3 and the AWS command line, gRPC, gcloud.
VARIABLES = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "HTTPLIB2_CA_CERTS",
    "CURL_CA_BUNDLE",
    "AWS_CA_BUNDLE",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
)


class Authority:
    """Certificates for hosts whose emulator answers in their place."""

    def __init__(self, folder: Path) -> None:
        """
        :param folder: where attempts can read; it is made where it is missing
        """
        import trustme

        self._authority: Any = trustme.CA()
        self._contexts: dict[str, ssl.SSLContext] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(os.fspath(self.file))

    def environment(self) -> dict[str, str]:
        """Variables that have clients trust this authority and no other: nobody else can be reached."""
        return dict.fromkeys(VARIABLES, os.fspath(self.file))

    def context(self, host: str) -> ssl.SSLContext:
        """What a server needs to pass for ``host``.

        HTTP/2 is taken where a client speaks nothing else, as gRPC does.
        """
        if host not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._authority.issue_cert(host).configure_cert(context)
            context.set_alpn_protocols(["http/1.1", "h2"])
            self._contexts[host] = context
        return self._contexts[host]
