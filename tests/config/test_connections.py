"""Connections: read as Airflow reads them, and what a bad one says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_dagguard.config.connections import from_object, from_uri, from_variable
from pytest_dagguard.config.values import Unusable

URIS = [
    "aws://",
    "aws:///",
    "aws://?region_name=eu-west-1",
    "aws://AKIA:se%2Fcret@/?region_name=eu-west-1&verify=false",
    "AWS://key:secret@Host.Example.COM",
    "google-cloud-platform://",
    "google-cloud-platform://?project=p&num_retries=5&is_anonymous=true",
    "postgresql://user:pass@db:5432/schema",
    "postgres://user%40corp:p%40ss%3Aword%2F@db.example.com:5432/my%20schema?sslmode=require",
    "mysql://user@host",
    "mysql://:pw@host:3306",
    "mysql://user:@host/",
    "mysql://@:3306/db",
    "http://https%3A%2F%2Fapi.example.com",
    "http://https://api.example.com:8443/v1",
    "http://https://User:pw@api.example.com",
    "http://host/a/b/c%2Fd?x=",
    "fs:///tmp/Data?path=/srv",
    "sqlite://%2Fvar%2FLib%2Fdata.DB",
    "redis://:pw@redis:6379/0?ssl=True&list=[1,2]&empty=&nothing=null",
    "my-own-type://host?__extra__=%7B%22a%22%3A+%7B%22b%22%3A+%5B1%2C+true%5D%7D%7D",
    "ssh://me:p%25w@%C3%BCber.example:22?note=%C3%A9t%C3%A9+x&note=second",
    "ssh://me@[2001:db8::1]:22/x",
    "ftp://a:b@c@host:21/path;params",
    "http://host/path#fragment",
]
VARIABLES = [
    '{"conn_type": "aws"}',
    '{"conn_type": "google-cloud-platform", "extra": {"project": "p", "n": 1}}',
    '{"conn_type": "postgresql", "host": "h", "port": "5432", "login": "u", "password": "p", "schema": "s"}',
    ' {"conn_type": "http", "host": "https://x", "port": 8080, "extra": "{\\"a\\": 1}"} ',
    '{"conn_type": "http", "description": "ours", "extra": {}, "port": ""}',
]
ENTRIES: list[Any] = [
    {"conn_type": "aws", "extra": {"region_name": "eu-west-1"}},
    {"conn_type": "google-cloud-platform", "extra_dejson": {"a": [1, True]}},
    {"conn_type": "http", "host": "h", "login": "ü", "password": "p%20", "schema": "https", "port": 80},
    {"uri": "aws://a:b@?region_name=x"},
    {"conn_id": "c", "conn_type": "fs", "extra": '{"path": "/x"}'},
    {"conn_type": "fs", "host": None, "description": "files"},
]

ASK_AIRFLOW = """
import json, logging, sys, warnings
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
from airflow.models.connection import Connection as Stored
from airflow.sdk.definitions.connection import Connection as Worker
from airflow.secrets.local_filesystem import _create_connection
names = ("conn_type", "host", "login", "password", "schema", "port", "extra")
def fields(c):
    return {name: getattr(c, name) for name in names}
asked = json.load(sys.stdin)
print("ANSWER", json.dumps({
    "worker": [fields(Worker.from_uri(uri, conn_id="c")) for uri in asked["uris"]],
    "stored": [fields(_create_connection("c", uri)) for uri in asked["uris"]],
    "variables": [fields(Worker.from_json(text.strip(), conn_id="c")) for text in asked["variables"]],
    "entries": [fields(_create_connection("c", entry)) for entry in asked["entries"]],
    "written": [Worker.from_uri(uri, conn_id="c").get_uri() for uri in asked["uris"]],
}))
"""


def test_they_are_read_as_airflow_reads_them(tmp_path: Path) -> None:
    environ = {**os.environ, "AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__UNIT_TEST_MODE": "False"}
    asked = json.dumps({"uris": URIS, "variables": VARIABLES, "entries": ENTRIES})
    done = subprocess.run(
        [sys.executable, "-c", ASK_AIRFLOW], input=asked, capture_output=True, text=True, env=environ, timeout=60
    )
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("ANSWER "))
    answer = json.loads(line.removeprefix("ANSWER "))
    for uri, worker, stored in zip(URIS, answer["worker"], answer["stored"], strict=True):
        assert _comparable(from_uri(uri, decode=False)) == _comparable(worker), uri
        # The database gives an empty password back as none.
        empty = {"password": stored["password"] or ("" if from_uri(uri, decode=True)["password"] == "" else None)}
        assert _comparable(from_uri(uri, decode=True)) == _comparable({**stored, **empty}), uri
    for uri, worker in zip(answer["written"], answer["worker"], strict=True):
        if uri.count("://") < 2:
            assert from_uri(uri, decode=False)["password"] == worker["password"], uri
    for text, worker in zip(VARIABLES, answer["variables"], strict=True):
        assert _comparable(from_variable(text)) == _comparable(worker), text
    for entry, stored in zip(ENTRIES, answer["entries"], strict=True):
        assert _comparable(from_object("c", entry)) == _comparable(stored), entry


def _comparable(fields: Any) -> dict[str, Any]:
    found = {key: value for key, value in fields.items() if key != "description"}
    return {**found, "extra": json.loads(found["extra"]) if found["extra"] else None}


def test_the_extra_is_json_text() -> None:
    assert from_uri("aws://?a=1&b=true&c=x&d=", decode=True)["extra"] == '{"a": 1, "b": true, "c": "x", "d": ""}'
    assert from_uri("aws://?a=1&b=true", decode=False)["extra"] == '{"a": "1", "b": "true"}'
    assert from_object("c", {"conn_type": "aws", "extra": {"a": 1}})["extra"] == '{"a": 1}'


def test_an_entry_may_be_a_list_of_one() -> None:
    assert from_object("c", ["aws://"])["conn_type"] == "aws"


def test_a_description_is_kept() -> None:
    assert from_object("c", {"conn_type": "fs", "description": "x"})["description"] == "x"
    assert from_object("c", {"uri": "fs://", "description": "x"})["description"] == "x"


def test_a_connection_without_a_type_is_let_be() -> None:
    assert from_object("c", {"host": "h"})["conn_type"] == ""
    assert from_uri("//host", decode=False)["host"] == "host"


FORM = "not a connection URI; write conn-type://login:password@host:port/schema?key=value"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("", FORM),
        ("no uri", FORM),
        (
            "google_cloud_platform://?project=p",
            "a type in a URI cannot have an underscore; write google-cloud-platform://",
        ),
        ("a://b://c://d", '"://" stands in it where it cannot; write login, password and host percent-encoded'),
        ("http://u:p@https://h", '"://" stands in it where it cannot; write login, password and host percent-encoded'),
        (
            "db://u:se/cret@h:1",
            "its port is not a number from 0 to 65535; write login and password percent-encoded",
        ),
        ("db://h:70000", "its port is not a number from 0 to 65535; write login and password percent-encoded"),
        ("db://[::1", "its host cannot be read; write login and password percent-encoded"),
        (3, 'not a connection; write a URI or an object such as {"conn_type": "aws"}'),
        (["aws://", "aws://"], 'not a connection; write a URI or an object such as {"conn_type": "aws"}'),
        (
            {"conn_type": "aws", "hots": "x"},
            'a connection has no field "hots"; did you mean "host"? '
            "Known fields: conn_type, host, login, password, schema, port, extra",
        ),
        ({"conn_type": 1}, '"conn_type" is not a text; write it in quotes'),
        ({"conn_type": "x", "port": "a"}, '"port" is not a whole number'),
        ({"conn_type": "x", "port": True}, '"port" is not a whole number'),
        (
            {"conn_type": "x", "extra": "a=1"},
            '"extra" is not a JSON object; write for example "extra": {"region_name": "eu-west-1"}',
        ),
        (
            {"conn_type": "x", "extra": [1]},
            '"extra" is not a JSON object; write for example "extra": {"region_name": "eu-west-1"}',
        ),
        ({"extra": {}, "extra_dejson": {}}, '"extra" and "extra_dejson" are both there; write only one'),
        ({"uri": "a://", "host": "x"}, '"uri" and other fields are mixed; write the one or the others'),
        ({"conn_id": "d"}, '"conn_id" names another connection; remove it, the name "c" is enough'),
    ],
)
def test_a_bad_entry(entry: Any, expected: str) -> None:
    with pytest.raises(Unusable) as caught:
        from_object("c", entry)
    assert str(caught.value) == expected


def test_a_bad_variable() -> None:
    with pytest.raises(Unusable, match=r"begins with { and is not JSON: Expecting property name"):
        from_variable("{x}")


@pytest.mark.parametrize("text", ["db://user:hunter2/x@host:1", "db://user:hunter2@[", "hunter2", "{hunter2"])
def test_no_error_tells_a_password(text: str) -> None:
    with pytest.raises(Unusable) as caught:
        from_variable(text)
    assert "hunter2" not in str(caught.value)
