"""Realistic cases, one row each: what two clean runs leave, what the run under test left, and what is to be said."""

import gzip
import json

import pytest

from pytest_dagguard.model.finding import CLASSES

from .world import CSV, ROWS, K, U, classes, found


def jsonl(*records):
    return "".join(json.dumps(each) + "\n" for each in records).encode()


SAME = None
CASES = {
    # name: (first clean run, second (None: the same), run under test, classes, words of the first message)
    "nothing": ({K: CSV}, SAME, {K: CSV}, [], ""),
    "nothing at all": ({}, SAME, {}, [], ""),
    "part-uuid": (
        {f"s3://c/ds=2024-01-01/part-{U[0]}": CSV},
        {f"s3://c/ds=2024-01-01/part-{U[1]}": CSV},
        {f"s3://c/ds=2024-01-01/part-{U[2]}": CSV},
        [],
        "",
    ),
    "two part-uuid": (
        {f"s3://c/ds=2024-01-01/part-{U[0]}": CSV},
        {f"s3://c/ds=2024-01-01/part-{U[1]}": CSV},
        {f"s3://c/ds=2024-01-01/part-{U[2]}": CSV, f"s3://c/ds=2024-01-01/part-{U[3]}": CSV},
        ["duplicate"],
        "s3://c/ds=2024-01-01/part-<uuid>: 2 objects where one clean run leaves 1",
    ),
    "three parts for two": (
        {f"s3://c/part-{i}": CSV for i in U[:2]},
        {f"s3://c/part-{i}": CSV for i in U[2:4]},
        {f"s3://c/part-{i}": CSV for i in U[4:7]},
        ["duplicate"],
        "3 objects where one clean run leaves 2",
    ),
    "one part for two": (
        {f"s3://c/part-{i}": CSV for i in U[:2]},
        {f"s3://c/part-{i}": CSV for i in U[2:4]},
        {f"s3://c/part-{U[4]}": CSV},
        ["lost"],
        "1 object where one clean run leaves 2",
    ),
    "timestamp in the key": (
        {"s3://c/out_20261122T101500.csv": CSV},
        {"s3://c/out_20271224T112233.csv": CSV},
        {"s3://c/out_20261122T101501.csv": CSV, "s3://c/out_20261122T102001.csv": CSV},
        ["duplicate"],
        "s3://c/out_<time>.csv: 2 objects",
    ),
    "appended": ({K: CSV}, SAME, {K: CSV + CSV}, ["duplicate"], "has 6 rows where one clean run leaves 3"),
    "appended without header": (
        {K: CSV},
        SAME,
        {K: CSV + CSV.partition(b"\n")[2]},
        ["duplicate"],
        "has 6 rows where one clean run leaves 3",
    ),
    "one row twice": ({K: CSV}, SAME, {K: CSV + b"2,20\n"}, ["duplicate"], "has 4 rows where one clean run leaves 3"),
    "header twice": ({K: CSV}, SAME, {K: b"id,amount\n" + CSV}, ["duplicate"], "header row 2 times"),
    "header away": ({K: CSV}, SAME, {K: CSV.partition(b"\n")[2]}, ["changed"], "header row 0 times"),
    "header below": (
        {K: CSV},
        SAME,
        {K: CSV.partition(b"\n")[2] + b"id,amount\n"},
        ["changed"],
        "begin with its header",
    ),
    "appended with a time": (
        {"s3://c/l": jsonl({"id": 1, "at": "2026-11-22"}, {"id": 2, "at": "2026-11-22"})},
        {"s3://c/l": jsonl({"id": 1, "at": "2027-12-24"}, {"id": 2, "at": "2027-12-24"})},
        {"s3://c/l": jsonl(*[{"id": i, "at": f"2028-01-0{d}"} for d in (1, 2) for i in (1, 2)])},
        ["duplicate"],
        "has 4 rows where one clean run leaves 2",
    ),
    "json document appended": (
        {"s3://c/j.json": b'{"n": 1, "at": "2026-11-22"}'},
        {"s3://c/j.json": b'{"n": 1, "at": "2027-12-24"}'},
        {"s3://c/j.json": b'{"n": 1, "at": "2028-01-01"}{"n": 1, "at": "2028-01-02"}'},
        ["duplicate"],
        "has 2 documents where one clean run leaves 1",
    ),
    "json list appended": (
        {"s3://c/j.json": json.dumps(ROWS).encode()},
        SAME,
        {"s3://c/j.json": json.dumps(ROWS + ROWS).encode()},
        ["duplicate"],
        "has 8 elements where one clean run leaves 4",
    ),
    "bytes twice": (
        {"s3://c/m.bin": b"\xff\x00m"},
        SAME,
        {"s3://c/m.bin": b"\xff\x00m" * 2},
        ["duplicate"],
        "2 times over",
    ),
    "text lines twice": (
        {"s3://c/l": b"alpha\nbeta\n"},
        SAME,
        {"s3://c/l": b"alpha\nbeta\n" * 2},
        ["duplicate"],
        "lines",
    ),
    "truncated": ({K: CSV}, SAME, {K: CSV[:-9]}, ["torn"], "is cut off"),
    "truncated at a row": ({K: CSV}, SAME, {K: CSV[:-5]}, ["torn"], "2 rows where one clean run leaves 3"),
    "emptied": ({K: CSV}, SAME, {K: b""}, ["torn"], "is empty where one clean run leaves 25 bytes"),
    "truncated gzip": (
        {"s3://c/g.gz": gzip.compress(CSV)},
        SAME,
        {"s3://c/g.gz": gzip.compress(CSV)[:30]},
        ["torn"],
        "",
    ),
    "truncated gzip of another time": (
        {"s3://c/g.gz": gzip.compress(CSV, mtime=1)},
        {"s3://c/g.gz": gzip.compress(CSV, mtime=2)},
        {"s3://c/g.gz": gzip.compress(CSV, mtime=3)[:30]},
        ["torn"],
        "gzip data ends too early",
    ),
    "truncated json": (
        {"s3://c/j": b'{"a": 1, "t": 5}'},
        {"s3://c/j": b'{"a": 1, "t": 6}'},
        {"s3://c/j": b'{"a": 1, "t": 7'},
        ["torn"],
        "can no longer be read as JSON",
    ),
    "truncated rows with a time": (
        {K: b"id,t\n1,11.5\n2,12.5\n3,13.5\n"},
        {K: b"id,t\n1,21.5\n2,22.5\n3,23.5\n"},
        {K: b"id,t\n1,31.5\n2,32"},
        ["torn"],
        "is cut off",
    ),
    "fewer rows": (
        {K: CSV},
        SAME,
        {K: b"id,amount\n2,20\n3,30\n"},
        ["lost"],
        "has only 2 rows where one clean run leaves 3",
    ),
    "other value": (
        {K: CSV},
        SAME,
        {K: CSV.replace(b"20", b"21")},
        ["changed"],
        "1 of 3 rows: amount: 21 where one clean run leaves 20",
    ),
    "rows of something else added": (
        {K: CSV},
        SAME,
        {K: CSV + b"9,90\n"},
        ["changed"],
        "rows more than one clean run leaves",
    ),
    "shuffled rows": ({K: CSV}, SAME, {K: b"id,amount\n3,30\n1,10\n2,20\n"}, [], ""),
    "shuffled rows without header": ({K: b"a,b\nc,d\ne,f\n"}, SAME, {K: b"c,d\na,b\ne,f\n"}, [], ""),
    "line ends": ({K: CSV}, SAME, {K: CSV.replace(b"\n", b"\r\n")}, [], ""),
    "shuffled jsonl": ({"s3://c/j": jsonl(*ROWS)}, SAME, {"s3://c/j": jsonl(*reversed(ROWS))}, [], ""),
    "shuffled text": ({"s3://c/q.sql": b"a,b\nc,d\n"}, SAME, {"s3://c/q.sql": b"c,d\na,b\n"}, ["changed"], "line 1"),
    "run timestamp in json": (
        {"s3://c/j": b'{"rows": 3, "at": "2026-11-22T10:00:00Z"}'},
        {"s3://c/j": b'{"rows": 3, "at": "2027-12-24T11:22:33Z"}'},
        {"s3://c/j": b'{"rows": 6, "at": "2028-01-01T00:00:00Z"}'},
        ["changed"],
        "differs at rows: 6 where one clean run leaves 3",
    ),
    "counter": ({"s3://c/n": b"1"}, SAME, {"s3://c/n": b"2"}, ["changed"], "2 where one clean run leaves 1"),
    "counter in json": ({"s3://c/n": b'{"runs": 1}'}, SAME, {"s3://c/n": b'{"runs": 2}'}, ["changed"], "runs: 2 where"),
    "gzip at another time": (
        {"s3://c/g.gz": gzip.compress(CSV, mtime=1)},
        {"s3://c/g.gz": gzip.compress(CSV, mtime=2)},
        {"s3://c/g.gz": gzip.compress(CSV, mtime=3)},
        [],
        "",
    ),
    "gzip appended": (
        {"s3://c/g.csv.gz": gzip.compress(CSV)},
        SAME,
        {"s3://c/g.csv.gz": gzip.compress(CSV) * 2},
        ["duplicate"],
        "6 rows",
    ),
    "empty objects": ({"s3://c/_SUCCESS": b""}, SAME, {"s3://c/_SUCCESS": b""}, [], ""),
    "empty object that is filled": (
        {"s3://c/_SUCCESS": b""},
        SAME,
        {"s3://c/_SUCCESS": b"x"},
        ["changed"],
        "leaves (empty)",
    ),
    "unicode": ({"s3://c/größe/日本.csv": CSV}, SAME, {}, ["lost"], "s3://c/größe/日本.csv is gone"),
    "gone": ({K: CSV}, SAME, {}, ["lost"], "s3://c/a.csv is gone, and one clean run leaves it"),
    "copy": ({K: CSV}, SAME, {K: CSV, "s3://c/old.csv": CSV}, ["duplicate"], "with the same content as s3://c/a.csv"),
    "unexpected": ({K: CSV}, SAME, {K: CSV, "s3://c/b.csv": b"z"}, ["duplicate"], "one clean run does not leave it"),
    "temporary": ({K: CSV}, SAME, {K: CSV, "s3://c/_temporary/0/a.csv": CSV}, ["leak"], "is temporary"),
    "a cluster that is left": (
        {K: CSV},
        SAME,
        {K: CSV, f"job://dataproc/clusters/c/{U[0]}": b'{"state": "live"}'},
        ["orphan"],
        "is left running",
    ),
    "a pod that is left": (
        {K: CSV},
        SAME,
        {K: CSV, "k8s://pods/default/train": b'{"status": {"phase": "Running"}}'},
        ["orphan"],
        "is left running",
    ),
    "a job that another name has started": (
        {K: CSV},
        SAME,
        {K: CSV, f"job://dataproc/load_2/{U[0]}": b'{"state": "succeeded"}'},
        ["started-twice"],
        "was started, and one clean run does not start it",
    ),
    "a second job that goes on": (
        {f"job://dataproc/load/{U[0]}": b'{"state": "succeeded"}'},
        {f"job://dataproc/load/{U[1]}": b'{"state": "succeeded"}'},
        {f"job://dataproc/load/{U[2]}": b'{"state": "succeeded"}', f"job://dataproc/load/{U[3]}": b'{"state": "live"}'},
        ["started-twice"],
        "2 were started where one clean run starts 1",
    ),
    "lock": ({K: CSV}, SAME, {K: CSV, "s3://c/job.lock": b""}, ["leak"], "is temporary"),
    "bucket named tmp": ({K: CSV}, SAME, {K: CSV, "s3://tmp/b.csv": b"z"}, ["duplicate"], "does not leave it"),
    "a layer named staging": (
        {"s3://c/staging/a": CSV},
        SAME,
        {"s3://c/staging/a": CSV, "s3://c/staging/b": b"z"},
        ["duplicate"],
        "does not leave it",
    ),
    "upload": (
        {K: CSV},
        SAME,
        {K: CSV, "s3-upload://c/a.csv?id": b""},
        ["leak"],
        "s3-upload://c/a.csv?<id> is an unfinished",
    ),
    "child run twice": (
        {"dagrun://child/manual__2026-11-22T10:00:00+00:00": b"{}"},
        {"dagrun://child/manual__2027-12-24T11:22:33+00:00": b"{}"},
        {
            "dagrun://child/manual__2028-01-01T00:00:00+00:00": b"{}",
            "dagrun://child/manual__2028-01-01T00:05:00+00:00": b"{}",
        },
        ["started-twice"],
        "2 runs of DAG child were started where one clean run starts 1",
    ),
    "child run under an id of its own": (
        {"dagrun://child/a": b"{}"},
        SAME,
        {"dagrun://child/a": b"{}", "dagrun://child/b": b"{}"},
        ["started-twice"],
        "2 runs of DAG child",
    ),
    "child run missing": ({"dagrun://child/a": b"{}"}, SAME, {}, ["lost"], "was not started"),
    "xcom": ({"xcom://d/r/t/n": b"3"}, SAME, {"xcom://d/r/t/n": b"6"}, ["changed"], "XCom n (xcom://d/r/t/n) differs"),
    "xcom with a time": (
        {"xcom://d/r/t/n": b'"2026-11-22"'},
        {"xcom://d/r/t/n": b'"2027-12-24"'},
        {"xcom://d/r/t/n": b'"2028-01-01"'},
        [],
        "",
    ),
    "xcom missing": ({"xcom://d/r/t/return_value": b"3"}, SAME, {}, ["lost"], "XCom return_value"),
    "other xcom missing": ({"xcom://d/r/t/n": b"3"}, SAME, {}, ["changed"], "is not set"),
    "xcom extra": ({}, SAME, {"xcom://d/r/t/n": b"3"}, ["changed"], "is set, and one clean run does not"),
    "xcom list in another order": ({"xcom://d/r/t/n": b"[1, 2]"}, SAME, {"xcom://d/r/t/n": b"[2, 1]"}, [], ""),
    "thousand objects away": (
        {f"s3://c/d/{i}.csv": CSV for i in range(1000)},
        SAME,
        {},
        ["lost"],
        "s3://c/d/: 1,000 objects are gone, and one clean run leaves them (0.csv, 1.csv, 10.csv, ...)",
    ),
    "many partitions away": (
        {f"s3://c/d={i}/x.csv": CSV for i in range(30)},
        SAME,
        {},
        ["lost"],
        "s3://c/: 30 objects are gone",
    ),
    "by size": ({"s3://c/m": b"\xff\x00a"}, {"s3://c/m": b"\xff\x00b"}, {"s3://c/m": b"\xff\x00c"}, [], ""),
    "by size, another": (
        {"s3://c/m": b"\xff\x00a"},
        {"s3://c/m": b"\xff\x00b"},
        {"s3://c/m": b"\xff\x00cd"},
        ["changed"],
        "by size only",
    ),
    "by size, twice": (
        {"s3://c/m": b"\xff\x00a"},
        {"s3://c/m": b"\xff\x00b"},
        {"s3://c/m": b"\xff\x00c" * 2},
        ["duplicate"],
        "2 times as many",
    ),
    "no longer json": ({"s3://c/j": b'{"a": 1}'}, SAME, {"s3://c/j": b"<html>"}, ["changed"], "is no longer JSON"),
    "parts with one that differs": (
        {f"s3://c/part-{U[0]}": b"1", f"s3://c/part-{U[1]}": b"2"},
        {f"s3://c/part-{U[2]}": b"2", f"s3://c/part-{U[3]}": b"1"},
        {f"s3://c/part-{U[4]}": b"1", f"s3://c/part-{U[5]}": b"3"},
        ["changed"],
        "3 where one clean run leaves 2",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case(name):
    first, second, actual, expected, words = CASES[name]
    findings = found(first, actual, second)
    assert classes(findings) == expected, findings
    for finding in findings:
        assert finding.cls in CLASSES
        assert finding.why.startswith("Attempt 1 is killed after PutObject s3://b/k. ")
        assert finding.fix.endswith(".")
        assert "\n" not in finding.message
        assert "\x00" not in repr(finding)
        assert "{" not in finding.why
    if findings:
        assert words in findings[0].message
