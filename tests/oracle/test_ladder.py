import gzip
import json

import pytest

from pytest_dagguard.oracle import content, ladder
from pytest_dagguard.oracle.ladder import COUNT, JSON, PACKED, PRESENCE, ROWS, SIZE, TEXT, learn_rule, signature

from .test_content import parquet


def rule(left, right, name="s3://b/a", kind="object"):
    found = learn_rule([left], [right], name, kind)
    assert signature(left, found) == signature(right, found)
    return found


def lines(*records):
    return "".join(json.dumps(each) + "\n" for each in records).encode()


def test_equal_bytes_need_nothing():
    assert learn_rule([b"a"], [b"a"], "s3://b/a", "object").note == ""


def test_gzip_with_another_time_in_its_head():
    assert rule(gzip.compress(b"abc", mtime=1), gzip.compress(b"abc", mtime=2)).rung == PACKED


def test_shuffled_rows():
    found = rule(b"id,n\n1,5\n2,6\n", b"id,n\n2,6\n1,5\n", "s3://b/a.csv")
    assert (found.rung, found.masked) == (ROWS, ())


def test_shuffled_rows_of_parquet():
    a, b = {"a": 1, "t": "x"}, {"a": 2, "t": None}
    assert rule(parquet([a, b]), parquet([b, a])).rung == ROWS


def test_a_volatile_column_of_shuffled_rows():
    left = b"id,at\n1,2026-11-22T10:00:00\n2,2026-11-22T10:00:01\n"
    right = b"id,at\n2,2027-12-24T11:22:33\n1,2027-12-24T11:22:34\n"
    found = rule(left, right, "s3://b/a.csv")
    assert (found.rung, found.masked) == (ROWS, ("at",))
    assert "without the columns that vary: at" in found.note
    assert signature(b"id,at\n3,2026-11-22T10:00:00\n2,2026-11-22T10:00:01\n", found) != signature(left, found)
    assert signature(b"id,at\n1,\n2,2026-11-22T10:00:01\n", found) != signature(left, found)


def test_a_number_that_varies_may_be_written_otherwise():
    found = rule(b"id,took\n1,0.25\n", b"id,took\n1,0.75\n", "s3://b/a.csv")
    assert signature(b"id,took\n1,8e-05\n", found) == signature(b"id,took\n1,0.25\n", found)


def test_every_column_varies_leaves_the_number_of_rows():
    left = b"a,b\nfoo,bar\nbaz,qux\n"
    right = b"a,b\nlorem,ipsum\ndolor,sit\n"
    found = rule(left, right, "s3://b/a.csv")
    assert found.rung == COUNT
    assert found.weak
    assert signature(left + b"x,y\n", found) != signature(left, found)


def test_json_paths():
    found = rule(lines({"rows": 3, "run": {"at": 1.5, "id": "a"}}), lines({"rows": 3, "run": {"at": 2.5, "id": "a"}}))
    assert (found.rung, found.masked) == (JSON, ("run.at",))
    assert signature(b'{"rows": 4, "run": {"at": 1.5, "id": "a"}}', found) != signature(
        b'{"rows": 3, "run": {"at": 1.5, "id": "a"}}', found
    )


def test_json_keys_in_another_order_are_equal():
    assert rule(b'{"a": 1, "b": 2}', b'{"b": 2, "a": 1}').masked == ()


def test_json_lists_in_another_order():
    assert rule(b'{"a": [1, 2, 3]}', b'{"a": [3, 1, 2]}').masked == ()


def test_json_list_whose_elements_all_vary_is_masked_at_every_position():
    left, right = ([{"id": i, "at": i + shift} for i in range(3)] for shift in (10, 50))
    found = rule(json.dumps({"items": left}).encode(), json.dumps({"items": right}).encode())
    assert found.masked == ("items[*].at",)


def test_json_list_with_one_element_that_varies():
    found = rule(b'{"a": ["x", "y", "z"], "b": {"c": [0]}}', b'{"a": ["x", "q", "z"], "b": {"c": [0]}}')
    assert found.masked == ("a[1]",)


def test_shuffled_json_records_with_a_time_mask_the_time_only():
    left = [{"id": i, "at": f"2026-11-22T10:00:0{i}"} for i in range(4)]
    right = [{"id": i, "at": f"2027-12-24T11:22:3{i}"} for i in (2, 0, 3, 1)]
    found = rule(json.dumps(left).encode(), json.dumps(right).encode())
    assert found.masked == ("at",)


def test_a_part_of_a_json_string():
    found = rule(b'"s3://b/part-12345678abcd.csv"', b'"s3://b/part-abcdefab1234.csv"', "xcom://d/r/t/k", "xcom")
    assert signature(b'"s3://b/part-99999999aaaa.csv"', found) == signature(b'"s3://b/part-12345678abcd.csv"', found)
    assert signature(b'"s3://b/other-99999999aaaa.csv"', found) != signature(b'"s3://b/part-12345678abcd.csv"', found)
    assert signature(b"null", found) != signature(b'"s3://b/part-12345678abcd.csv"', found)


def test_text():
    left = b"loaded at 2026-11-22T10:00:00\n3 rows\n"
    found = rule(left, b"loaded at 2027-12-24T11:22:33\n3 rows\n")
    assert found.rung == TEXT
    assert signature(b"loaded at 2028-01-01T00:00:00\n4 rows\n", found) != signature(left, found)
    assert "text" in found.note


def test_size_and_presence():
    assert rule(b"\xff\x00ab", b"\xff\x00xy").rung == SIZE
    assert rule(b"\xff\x00ab", b"\xff\x00xyz").rung == PRESENCE
    assert rule(b"alpha\n", b"omega!\n").rung == PRESENCE


def test_several_objects_of_one_template():
    left = [b'{"n": 1, "t": 0.5}', b'{"n": 2, "t": 0.25}']
    right = [b'{"n": 2, "t": 8}', b'{"n": 1, "t": 9}']
    found = learn_rule(left, right, "s3://b/a", "object")
    assert found.masked == ("t",)
    assert sorted(signature(each, found) for each in left) == sorted(signature(each, found) for each in right)


def test_missing_pyarrow_is_said(monkeypatch):
    left, right = parquet([{"a": 1}, {"a": 2}]), parquet([{"a": 2}, {"a": 1}])
    for module in (content, ladder):
        monkeypatch.setattr(module, "parquet_module", lambda: None)
    assert "pyarrow is not installed" in learn_rule([left], [right], "s3://b/a.parquet", "object").note


@pytest.mark.parametrize("data", [b"", b"\x00", b"a,b\n1,2\n", b"{}", b"[]", b"null", b"\xff", b"PAR1", b"\x1f\x8b"])
def test_whatever_is_there_can_be_compared_with_whatever_else(data):
    for other in (b"", b"x", b"a,b\n1,3\n", b"[1]", b"{}\n{}\n"):
        rule(data, other)


@pytest.mark.parametrize(
    ("one", "other", "third"),
    [
        ("11 Bytes (24 KiB/s) done", "11 Bytes (31 KiB/s) done", "11 Bytes (9 Bytes/s) done"),
        ("took 3 ms", "took 4 ms", "took 1.2 s"),
        ("took 58s", "took 59s", "took 1m 2s"),
        ("0.9 MB/s", "1.1 MB/s", "870kB/s"),
    ],
)
def test_an_amount_that_varies_may_have_another_unit(one: str, other: str, third: str):
    found = rule(json.dumps(one).encode(), json.dumps(other).encode(), "xcom://d/r/t/return_value", "xcom")
    assert signature(json.dumps(third).encode(), found) == signature(json.dumps(one).encode(), found)


@pytest.mark.parametrize("third", ["3 GB at 9 KiB/s", "3 MB at 9 rows", "3 MB at KiB/s", "4 MB at 9 KiB/s"])
def test_an_amount_that_stays_must_stay(third: str):
    left, right = (json.dumps(f"3 MB at {speed} KiB/s").encode() for speed in (9, 8))
    found = rule(left, right, "xcom://d/r/t/return_value", "xcom")
    assert signature(json.dumps(third).encode(), found) != signature(left, found)
