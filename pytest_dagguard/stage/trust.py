"""The system's certificates: nobody who has one of them can be reached from an attempt, so they are not read.

To read them takes 20 ms for each context, and kubernetes_asyncio makes one for each question that a trigger asks.
Contexts with certificates of their own, such as those of the emulators, are made as always.
"""

from __future__ import annotations

import ssl
from collections.abc import Collection

_VARIABLES = frozenset({"SSL_CERT_FILE", "SSL_CERT_DIR"})


def only_given(variables: Collection[str]) -> None:
    """Have contexts of this process begin without certificates.

    :param variables: names of those that were set for the attempt; where they say which certificates there are, those
        are read. What the user's own environment says is of the world outside.
    """
    if not _VARIABLES.intersection(variables):
        ssl.SSLContext.load_default_certs = _none  # type: ignore[method-assign]


def _none(self: ssl.SSLContext, purpose: ssl.Purpose = ssl.Purpose.SERVER_AUTH) -> None:
    """In place of ``SSLContext.load_default_certs``."""
