"""A loaded file as JSON, and back."""

from __future__ import annotations

import json
from dataclasses import fields

from pytest_dagguard.model.dag import Dag, DagFile, Length, LoadError, LoadEvent, Opaque, Task, XCom
from pytest_dagguard.model.description import from_plain, to_plain

VALUES = {
    "a": [1, 2.5, None, True, {"b": XCom("t", "k")}],
    "c": Opaque("x.Y", "text"),
    "\0xcom": ["not", "one"],
    "d": {},
}
TASK = Task(
    "t",
    "acme.Operator",
    3,
    2,
    60.0,
    ("a", "b"),
    True,
    Length("sum", parts=(Length("literal", 3), Length("xcom", task_id="a"))),
    "group",
    "all_done",
    True,
    True,
    "/dags/a.py",
    "run",
    ("acme.Operator", "airflow.BaseOperator"),
    VALUES,
    {"x": 1},
    ("x",),
    ("y",),
    ("ASensor",),
    ("sql",),
    5.0,
    {"pool": "p"},
    ("console_link",),
)
LOADED = DagFile(
    "/dags/a.py",
    (
        Dag("d", 4, (TASK, Task("u", "Op", retries=1)), (("n", "s3://u"),), "@daily", True, {"tags": ["a"]}, "why"),
        Dag("e"),
    ),
    (LoadError("syntax", "m", 3, "d"),),
    1.5,
    ("boto3",),
    0.5,
    (LoadEvent("variable", "x", "/dags/a.py", 3, 0.1),),
)


def test_every_field_of_a_task_differs_from_its_default_here() -> None:
    assert [each.name for each in fields(Task) if getattr(TASK, each.name) == each.default] == []


def test_there_and_back() -> None:
    back = from_plain(json.loads(json.dumps(to_plain(LOADED))))
    assert back == LOADED
    assert back.dags[0].tasks[0].arguments == VALUES
    assert [type(getattr(back.dags[0].tasks[0], each.name)) for each in fields(Task)] == [
        type(getattr(TASK, each.name)) for each in fields(Task)
    ]


def test_tasks_of_one_operator_share_what_they_have_alike() -> None:
    many = DagFile("/dags/a.py", (Dag("d", tasks=tuple(Task(str(n), "Op", bases=("Op", "Base")) for n in range(9))),))
    assert len(to_plain(many)["kinds"]) == 1
    assert from_plain(to_plain(many)) == many
