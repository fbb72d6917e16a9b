import gzip
import io

import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from pytest_dagguard.oracle import content
from pytest_dagguard.oracle.content import read, sniff


def parquet(rows):
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "form"),
    [
        (b"id,amount\n1,10\n", "s3://b/a.csv", "csv"),
        (b"id,amount\n1,10\n", "s3://b/a", "csv"),
        (b"id\n1\n", "s3://b/a.csv", "csv"),
        (b"id\n1\n", "s3://b/a", "text"),
        (b"a\tb\n1\t2\n", "s3://b/a.tsv", "csv"),
        (b"a;b\n1;2\n", "s3://b/a", "csv"),
        (b"a,b\n1,2\n", "s3://b/a.sql", "text"),
        (b'{"a": 1}', "s3://b/a", "json"),
        (b"[1, 2]", "s3://b/a", "json"),
        (b"3", "s3://b/a.json", "json"),
        (b"3", "s3://b/a", "text"),
        (b'{"a": 1}\n{"a": 2}\n', "s3://b/a", "jsonl"),
        (b'{"a": 1}\n', "s3://b/a.jsonl", "jsonl"),
        (b'{"a": 1', "s3://b/a", "text"),
        (b"\xff\xfe\x00", "s3://b/a", "opaque"),
        (b"", "s3://b/a.csv", "text"),
        (b"PAR1 but not really", "s3://b/a", "opaque"),
        (b"\x1f\x8b broken", "s3://b/a.gz", "opaque"),
        (b'"' + b"x" * 200_000, "s3://b/a.csv", "text"),
        (b"[" * 100_000, "s3://b/a.json", "text"),
    ],
)
def test_the_form_is_found(data, name, form):
    assert sniff(data, name).form == form


def test_an_xcom_is_json_whatever_it_looks_like():
    assert sniff(b'"a,b"', "xcom://d/r/t/k", "xcom").form == "json"


def test_gzip_is_looked_into():
    shape = sniff(gzip.compress(b"id,amount\n1,10\n"), "s3://b/a.csv.gz")
    assert (shape.form, shape.packed) == ("csv", True)


@pytest.mark.parametrize(
    ("data", "header", "sure"),
    [
        (b"id,amount\n1,10\n", ("id", "amount"), True),
        (b"name,city\nanna,rome\n", ("name", "city"), False),
        (b"1,10\n2,20\n", (), True),
        (b"a,a\n1,2\n", (), True),
        (b"anna,3\nbob,4\n", (), True),
    ],
)
def test_the_header_of_csv(data, header, sure):
    shape = sniff(data, "s3://b/a.csv")
    assert (shape.header, shape.sure) == (header, sure)


def test_appended_documents_and_lists_are_read_one_after_the_other():
    one = sniff(b'{"a": 1}', "s3://b/a.json")
    assert read(b'{"a": 1}{"a": 2}', one).records == [{"a": 1}, {"a": 2}]
    assert read(b"[1, 2]\n[3]", one).records == [1, 2, 3]


def test_what_cannot_be_read_is_none():
    assert read(b'{"a": ', sniff(b"{}", "s3://b/a.json")) is None
    packed = gzip.compress(b"a,b\n1,2\n")
    assert read(packed[:-9], sniff(packed, "s3://b/a.csv.gz")) is None


def test_parquet_by_rows_and_schema():
    shape = sniff(parquet([{"a": 1}, {"a": 2}]), "s3://b/a.parquet")
    assert shape.form == "parquet"
    assert read(parquet([{"a": 3}]), shape).records == [{"a": 3}]
    assert read(b"PAR1 cut", shape) is None


def test_without_pyarrow_parquet_is_opaque(monkeypatch):
    data = parquet([{"a": 1}])
    monkeypatch.setattr(content, "parquet_module", lambda: None)
    assert sniff(data, "s3://b/a.parquet").form == "opaque"
