"""Airflow connections as they are written in seed files and environment variables, without importing Airflow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pytest_dagguard.config.values import Unusable, did_you_mean

FIELDS = ("conn_type", "host", "login", "password", "schema", "port", "extra")
_OTHERS = ("description", "uri", "conn_id", "extra_dejson", "team_name")
_EXTRA = "__extra__"

Connection = Mapping[str, Any]


def from_object(name: str, value: Any) -> Connection:
    """A connection from an entry of a seed file: a URI, or an object with the connection's fields.

    :param name: its connection id
    :returns: the fields of :data:`FIELDS`, ``extra`` as JSON text, and ``description`` where there is one
    :raises Unusable: it is neither, or has a field that Airflow does not know
    """
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        # Airflow's local filesystem backend reads the query's values as JSON where it can; see from_variable.
        return from_uri(value, decode=True)
    if not isinstance(value, Mapping):
        raise Unusable('not a connection; write a URI or an object such as {"conn_type": "aws"}')
    fields = {key: each for key, each in value.items() if each is not None}
    if fields.pop("conn_id", name) != name:
        raise Unusable(f'"conn_id" names another connection; remove it, the name "{name}" is enough', "conn_id")
    if "uri" in fields:
        if set(fields) - {"uri", "description", "team_name"}:
            raise Unusable('"uri" and other fields are mixed; write the one or the others', "uri")
        described = {"description": fields["description"]} if "description" in fields else {}
        return {**from_uri(fields["uri"], decode=True), **described}
    if "extra_dejson" in fields:
        if "extra" in fields:
            raise Unusable('"extra" and "extra_dejson" are both there; write only one', "extra_dejson")
        fields["extra"] = fields.pop("extra_dejson")
    return _checked(fields)


def from_variable(value: str) -> Connection:
    """A connection from the text of ``AIRFLOW_CONN_...``: a URI or a JSON object.

    :raises Unusable: it is neither
    """
    value = value.strip()
    if not value.startswith("{"):
        # Here Airflow 3's workers leave the query's values as the texts that they are.
        return from_uri(value, decode=False)
    try:
        fields = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise Unusable(f"begins with {{ and is not JSON: {error}") from None
    fields = {key: each for key, each in fields.items() if each is not None}
    if isinstance(fields.get("conn_type"), str):
        fields["conn_type"] = _normalized(fields["conn_type"])
    return _checked(fields)


def from_uri(uri: Any, *, decode: bool) -> Connection:
    """A connection from ``conn-type://login:password@host:port/schema?extra``, read as Airflow reads it.

    :param decode: values of the query that are JSON become what they say, ``true`` for one
    :raises Unusable: it is no such URI. The text does not repeat the URI, which may hold a password
    """
    if not isinstance(uri, str) or not uri.strip():
        raise Unusable("not a connection URI; write conn-type://login:password@host:port/schema?key=value")
    try:
        scheme = urlsplit(uri).scheme
        # Airflow itself writes //host for a connection without a type.
        if not scheme and not uri.startswith("//"):
            conn_type, separator, _ = uri.partition("://")
            if separator and "_" in conn_type:
                # Airflow takes it for a connection without a type and without a host, and says nothing.
                better = conn_type.replace("_", "-")
                raise Unusable(f"a type in a URI cannot have an underscore; write {better}://")
            raise Unusable("not a connection URI; write conn-type://login:password@host:port/schema?key=value")
        has_protocol = uri.count("://") == 2
        rest = uri.replace(f"{scheme}://", "" if has_protocol else "//") if scheme else uri
        before = rest.split("://", 1)[0]
        if uri.count("://") > 2 or (has_protocol and ("@" in before or ":" in before)):
            raise Unusable('"://" stands in it where it cannot; write login, password and host percent-encoded')
        parts = urlsplit(rest)
        port = parts.port
    except Unusable:
        raise
    except ValueError as error:
        # urllib's text may quote a piece of a password that has a / or a # in it.
        what = "its port is not a number from 0 to 65535" if "ort" in str(error) else "its host cannot be read"
        raise Unusable(f"{what}; write login and password percent-encoded") from None
    host = _host(parts)
    return {
        "conn_type": _normalized(scheme),
        "host": f"{parts.scheme}://{host}" if host and has_protocol and parts.scheme else host,
        "login": parts.username and unquote(parts.username),
        "password": parts.password and unquote(parts.password),
        "schema": unquote(parts.path[1:]),
        "port": port,
        "extra": _extra_of_query(parts.query, decode) if parts.query else None,
    }


def _checked(fields: Mapping[str, Any]) -> Connection:
    """Fields with nothing missing and nothing that Airflow would refuse.

    :raises Unusable: a field is unknown or of another type
    """
    for key in fields:
        if key not in FIELDS and key not in _OTHERS:
            hint = did_you_mean(key, FIELDS) or ";"
            raise Unusable(f'a connection has no field "{key}"{hint} Known fields: {", ".join(FIELDS)}', key)
    found: dict[str, Any] = {name: fields.get(name) for name in FIELDS}
    for key in ("conn_type", "host", "login", "password", "schema"):
        if not isinstance(found[key], (str, type(None))):
            raise Unusable(f'"{key}" is not a text; write it in quotes', key)
    found["conn_type"] = found["conn_type"] or ""
    found["port"] = _port(found["port"])
    found["extra"] = _extra(found["extra"])
    if fields.get("description") is not None:
        found["description"] = fields["description"]
    return found


def _port(value: Any) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    raise Unusable('"port" is not a whole number', "port")


def _extra(value: Any) -> str | None:
    """The extra as JSON text.

    :raises Unusable: it is not, or does not stand for, an object
    """
    if not value:
        return None
    try:
        written = value if isinstance(value, str) else json.dumps(value)
        is_object = isinstance(json.loads(written), dict)
    except (ValueError, TypeError, RecursionError):
        is_object = False
    if not is_object:
        raise Unusable('"extra" is not a JSON object; write for example "extra": {"region_name": "eu-west-1"}', "extra")
    return written


def _extra_of_query(query: str, decode: bool) -> str | None:
    found: dict[str, Any] = dict(parse_qsl(query, keep_blank_values=True))
    if _EXTRA in found:
        return _extra(found[_EXTRA])
    if decode:
        for key, value in found.items():
            try:
                found[key] = json.loads(value) if value else value
            except (ValueError, RecursionError):
                continue
    return json.dumps(found)


def _normalized(conn_type: str) -> str:
    return "postgres" if conn_type == "postgresql" else conn_type.replace("-", "_")


def _host(parts: SplitResult) -> str:
    host = unquote(parts.hostname or "")
    if "/" in host:
        # urllib lower-cases host names; a path in its place (a socket, a file) keeps its case.
        host = unquote(parts.netloc.rsplit("@", 1)[-1].split(":", 1)[0])
    return host
