"""Preconditions of Cloud Storage: the part that gcp-storage-emulator does not enforce and idempotent code lives on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_dagguard.cloud.gcs_answers import CONDITION_NOT_MET, Refusal

KINDS = ("GenerationMatch", "GenerationNotMatch", "MetagenerationMatch", "MetagenerationNotMatch")
NAMES = frozenset(prefix + kind for prefix in ("if", "ifSource") for kind in KINDS)
XML_HEADERS = {
    "x-goog-if-generation-match": "ifGenerationMatch",
    "x-goog-if-metageneration-match": "ifMetagenerationMatch",
}


def number(query: Mapping[str, str], name: str) -> int | None:
    """A whole number in the query.

    :raises Refusal: 400, it is not a number
    """
    text = query.get(name)
    if text is None or text == "":
        return None
    try:
        return int(text)
    except ValueError:
        raise Refusal(400, f"Invalid value for: {text} is not a valid value") from None


def conditional(query: Mapping[str, str], prefix: str = "if") -> bool:
    """Say whether the request has a precondition at all."""
    return any(prefix + kind in query for kind in KINDS)


def enforce(query: Mapping[str, str], current: Mapping[str, Any] | None, prefix: str = "if") -> None:
    """Let a request go on only where its preconditions hold.

    :param query: the query parameters
    :param current: the live object or bucket; None where there is none
    :param prefix: ``ifSource`` for the source of a copy
    :raises Refusal: 412 where a match was asked for, 304 where a mismatch was
    """
    generation = int(current.get("generation", 0)) if current is not None else 0
    metageneration = int(current.get("metageneration", 0)) if current is not None else 0
    for kind, actual in (("Generation", generation), ("Metageneration", metageneration)):
        wanted = number(query, f"{prefix}{kind}Match")
        # Generation 0 stands for "there is no live object", which is just what `actual` is then.
        if wanted is not None and wanted != actual:
            raise Refusal(412, CONDITION_NOT_MET)
        unwanted = number(query, f"{prefix}{kind}NotMatch")
        # Where no live object exists this precondition fails whatever the number (objects.insert reference).
        if unwanted is not None and (unwanted == actual or current is None):
            raise Refusal(304)


def enforce_etag(headers: Mapping[str, str], etag: str) -> None:
    """Let a read go on only where ``If-Match`` and ``If-None-Match`` hold.

    :raises Refusal: 412 or 304
    """
    wanted = headers.get("If-Match")
    if wanted is not None and not _listed(wanted, etag):
        raise Refusal(412, CONDITION_NOT_MET)
    unwanted = headers.get("If-None-Match")
    if unwanted is not None and _listed(unwanted, etag):
        raise Refusal(304)


def _listed(header: str, etag: str) -> bool:
    tags = [each.strip().removeprefix("W/").strip('"') for each in header.split(",")]
    return "*" in tags or etag in tags
