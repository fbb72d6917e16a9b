"""Realistic cases, one row each: what two clean runs leave, what the run under test left, and what is to be said."""

import gzip
import json
from dataclasses import replace

import pytest

from pytest_dagguard.model.finding import CLASSES
from pytest_dagguard.model.state import EXPIRES
from pytest_dagguard.oracle.classify import remarks
from pytest_dagguard.oracle.judge import judge
from pytest_dagguard.oracle.noise import Clean, learn

from .test_content import parquet
from .world import FAULT, classes, content, event, events, found, learned, outcome, situation

U = [f"6f1c2d3e-1111-4222-8333-44445555666{i}" for i in range(10)]
CSV = b"id,amount\n1,10\n2,20\n3,30\n"
K = "s3://c/a.csv"
ROWS = [{"id": i, "name": f"n{i}"} for i in range(4)]


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


def test_parquet_with_shuffled_rows_and_with_rows_twice():
    name = "s3://c/p.parquet"
    first, second = parquet(ROWS), parquet(ROWS[::-1])
    assert found({name: first}, {name: parquet(ROWS[2:] + ROWS[:2])}, {name: second}) == ()
    assert found({name: first}, {name: second}) == ()
    (finding,) = found({name: first}, {name: parquet(ROWS * 2)})
    assert finding.message == f"{name} has 8 rows where one clean run leaves 4"
    (finding,) = found({name: first}, {name: first[:-20]}, {name: second})
    assert finding.cls == "torn"
    (finding,) = found({name: first}, {name: parquet([{"id": 1.5, "name": "x"}])})
    assert finding.cls == "changed"


def test_what_was_there_before_and_still_is():
    before = {K: b"old"}
    (finding,) = found({K: CSV}, before, before=before)
    assert (finding.cls, "before the task" in finding.message) == ("changed", True)


def test_a_source_that_a_clean_run_deletes_is_still_there():
    (finding,) = found({"s3://c/new": CSV}, {"s3://c/new": CSV, "s3://c/old": CSV}, before={"s3://c/old": CSV})
    assert finding.message == "s3://c/old is still there with the same content as s3://c/new"


def test_a_seed_that_is_gone():
    (finding,) = found({K: CSV}, {}, before={K: CSV})
    assert "was there before the task and is gone" in finding.message


def test_what_nobody_took_away_was_not_written():
    marked = events("attempt 1", "+s3://c/_DONE")
    clean, actual = {K: CSV, "s3://c/_DONE": b"1"}, {"s3://c/_DONE": b"1"}
    (finding,) = found(clean, actual, history=marked)
    assert finding.message == f"{K} was not written, and one clean run leaves it"
    assert "The retry took something that the killed attempt had left for a sign" in finding.why
    (finding,) = found(clean, actual, history=[*marked, *events("attempt 1", "-s3://c/input")])
    assert "is gone, and one clean run leaves it" in finding.message


def test_advice_for_redis_is_about_redis():
    overlap = situation("concurrent")
    (finding,) = found({"redis://0/k": b"1"}, {"redis://0/k": b"2"}, where=overlap)
    assert "Lua" in finding.fix
    (finding,) = found({K: b"1"}, {K: b"2"}, where=overlap)
    assert "IfMatch" in finding.fix


def test_content_that_is_found_under_another_name_is_said():
    findings = found({"s3://c/a": CSV}, {"s3://c/b": CSV})
    assert classes(findings) == ["lost", "duplicate"]
    assert "(its content is under s3://c/b)" in findings[0].message


def test_an_empty_object_that_stands_for_a_folder_does_not_count_where_there_is_something_in_it():
    folder, marked = {"gs://c/x/ds=1/a": CSV}, {"gs://c/x/": b"", "gs://c/x/ds=1/": b"", "gs://c/x/ds=1/a": CSV}
    assert found(marked, folder) == ()
    assert found(folder, marked) == ()
    assert classes(found({}, {"gs://c/x/": b""})) == ["duplicate"]
    assert classes(found({"gs://c/x/": b"", K: CSV}, {K: CSV})) == ["lost"]
    assert classes(found({"gs://c/x/": b"1", "gs://c/x/a": CSV}, {"gs://c/x/a": CSV})) == ["lost"]


def test_ignored_resources_are_left_out():
    ignored = {"s3://logs/*": "append-only"}
    assert found({"s3://logs/a": b"1"}, {"s3://logs/a": b"2", "s3://logs/b": b""}, ignored=ignored) == ()


def test_the_version_of_an_entry_does_not_count():
    clean, after = outcome({K: CSV}), outcome({K: CSV})
    after.after[K] = type(after.after[K])("object", after.after[K].digest, after.after[K].size, "17")
    assert judge(learn(clean, clean, content, {}), after, situation(), content) == ()


def test_an_unfinished_retry_comes_first_and_only_lost_data_with_it():
    where = situation(finished=False, error="ValueError: The key a.csv already exists.", kind="builtins.ValueError")
    (finding,) = found({K: CSV, "s3://c/b": b"1"}, {K: CSV, "s3://c/tmp/x": b""}, where=where)
    assert finding.cls == "cannot-finish"
    assert finding.resource == K
    assert finding.message == "The retry fails: ValueError: The key a.csv already exists. (about s3://c/a.csv)"
    assert "replace=True" in finding.fix
    assert classes(found({K: CSV}, {K: CSV, "s3://c/tmp/x": b""}, where=where, strict=True)) == [
        "cannot-finish",
        "leak",
    ]


def test_an_unfinished_retry_after_a_move_that_lost_the_data():
    where = situation(finished=False, cleared=True, error="NoSuchKey: raw/in.csv")
    findings = found({"s3://c/out.csv": CSV}, {}, before={"s3://c/raw/in.csv": CSV}, where=where)
    assert classes(findings) == ["cannot-finish", "lost"]
    assert findings[0].resource == "s3://c/raw/in.csv"
    assert "cleared by somebody" in findings[0].message


def test_an_unfinished_retry_that_left_less_than_there_was():
    where = situation(finished=False, error="boom")
    findings = found({K: CSV}, {K: b"id,amount\n"}, before={K: CSV[:-5]}, where=where)
    assert classes(findings) == ["cannot-finish", "torn"]
    assert classes(found({K: CSV}, {K: CSV[:-5]}, before={K: CSV[:-5]}, where=where)) == ["cannot-finish"]


def test_a_retry_that_ends_without_an_error_text():
    (finding,) = found({}, {}, where=situation(finished=False))
    assert finding.message == "The retry does not succeed: it ends as failed"


def test_the_line_is_that_of_the_last_change():
    names = [f"s3://c/part-{u}" for u in U]
    history = [event("attempt 1", names[2], "created", 12), event("attempt 2", names[3], "created", 41)]
    after = {names[2]: CSV, names[3]: CSV}
    (finding,) = found({names[0]: CSV}, after, {names[1]: CSV}, history=history)
    assert (finding.file, finding.line) == ("/repo/dags/sales.py", 41)


def test_advice_depends_on_what_varies_in_the_name():
    def advice(first, second, third):
        return found({first: CSV}, {second: CSV, third: CSV}, {second: CSV})[0].fix

    assert "random id" in advice(*(f"s3://c/p-{u}" for u in U[:3]))
    assert "not from the clock" in advice("s3://c/p-20261122", "s3://c/p-20271224", "s3://c/p-20281224")


def test_two_at_once_are_not_told_to_look_or_clean_up_first():
    def advice(scenario, first, actual, second=None, before=None):
        return found(first, actual, second, before, where=situation(scenario))[0].fix

    parts = [f"s3://c/p-{u}" for u in U[:4]]
    for cls, files in {
        "count": ({parts[0]: CSV}, {parts[1]: CSV, parts[2]: CSV}, {parts[3]: CSV}),
        "unexpected": ({K: CSV}, {K: CSV, "s3://c/other": b"1"}),
        "stale": ({K: CSV}, {K: b"old"}, None, {K: b"old"}),
    }.items():
        alone, both = advice("killed", *files), advice("concurrent", *files)
        assert alone != both, cls
        assert "or delete what" not in both
        assert "replace=True" not in both
    assert "IfMatch" in both


def test_an_upload_that_expires_by_itself_is_a_remark_and_no_leak():
    clean, after = learned({K: CSV}), outcome({K: CSV, "gs-upload://b/k?1": b"x", "s3-upload://b/k?1": b"x"})
    session = after.after["gs-upload://b/k?1"]
    assert classes(judge(clean, after, situation(), content)) == ["leak", "leak"]
    after.after["gs-upload://b/k?1"] = replace(session, version=EXPIRES)
    (finding,) = judge(clean, after, situation(), content)
    assert finding.resource == "s3-upload://b/k?<id>"
    assert remarks(clean, after, content) == (
        "gs-upload://b/k?<id> is a resumable upload that nobody finished; Cloud Storage drops it after a week",
    )


def with_headers(**headers):
    made = outcome({K: CSV})
    made.after[K] = replace(made.after[K], headers=tuple(sorted(headers.items())))
    return made


def test_metadata_beside_equal_content_is_compared():
    clean = learn(with_headers(kind="csv", run="1"), with_headers(kind="csv", run="2"), content, {})
    assert judge(clean, with_headers(kind="csv", run="3"), situation(), content) == ()
    (finding,) = judge(clean, with_headers(kind="text", run="3"), situation(), content)
    assert finding.message == f"{K} has 'text' as its kind where one clean run leaves 'csv'"
    (finding,) = judge(clean, with_headers(kind="csv", run="3", more="x"), situation(), content)
    assert finding.message == f"{K} has 'x' as its more where one clean run leaves nothing"
    assert judge(clean, with_headers(kind="csv", mtime="x"), situation(), content) == ()
    where = situation(finished=False)
    assert classes(judge(clean, with_headers(kind="text"), where, content)) == ["cannot-finish"]


def test_an_unstable_clean_run_cannot_be_judged_by():
    with pytest.raises(ValueError, match="why"):
        judge(Clean(unstable="why"), outcome({}), situation(), content)


def test_the_words_name_the_fault():
    assert FAULT[0].islower()
    (finding,) = found({K: CSV}, {}, where=situation(cleared=True))
    assert finding.why.startswith(FAULT[0].upper() + FAULT[1:])


def test_a_pod_that_was_there_before_was_not_started_by_the_task():
    other, late = "k8s://default/pods/keep-abcde", "k8s://default/pods/train-fghij"
    ended = b'{"status": {"phase": "Succeeded"}}'
    (leak,) = found({other: ended}, {other: ended, late: ended}, before={other: ended})
    assert (leak.cls, leak.resource) == ("leak", late)


def test_an_event_of_an_asset_that_is_produced_twice_is_a_duplicate_and_a_remark_of_a_rerun():
    event = {"asset-event://sales/d/r/t#1": b"{}"}
    clean, after = learned(event), outcome({**event, "asset-event://sales/d/r/t#2": b"{}"})
    assert classes(judge(clean, after, situation("killed"), content)) == ["duplicate"]
    assert judge(clean, after, situation("twice"), content) == ()
    assert "is produced once more" in remarks(clean, after, content)[0]
