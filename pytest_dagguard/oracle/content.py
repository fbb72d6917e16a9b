"""Reading content: from bytes to records, so that two objects can be compared by what they say.

Forms: ``parquet``, ``csv``, ``jsonl``, ``json``, ``text`` and ``opaque`` (bytes that say nothing to us); each may be
packed with gzip. Parquet needs pyarrow, which is imported when the first such object is read; without it Parquet is
opaque.
"""

from __future__ import annotations

import csv
import functools
import gzip
import importlib
import io
import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

PARQUET_MAGIC = b"PAR1"
GZIP_MAGIC = b"\x1f\x8b"
JSON_KINDS = frozenset(
    {"xcom", "task-state", "child-run", "variable", "job", "pod", "k8s-job", "pods-at-once", "asset-event"}
)
_DELIMITERS = {".csv": ",", ".tsv": "\t", ".psv": "|"}
_PROSE = frozenset(
    {
        ".cfg",
        ".css",
        ".html",
        ".ini",
        ".js",
        ".log",
        ".md",
        ".py",
        ".sh",
        ".sql",
        ".toml",
        ".txt",
        ".xml",
        ".yaml",
        ".yml",
    }
)
"""Extensions of text whose lines have an order, even where they have equally many commas."""
_IDENTIFIER = re.compile(r"[^\W\d][\w .:/()%-]*")
_SPACE = re.compile(r"\s*")
NUMBER = re.compile(r"[+-]?(?:[0-9]+[.]?[0-9]*|[.][0-9]+)(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Shape:
    """How to read an object; taken from a clean run and used for the same object in other runs.

    :param packed: with gzip around it
    :param delimiter: of CSV
    :param header: the first row of CSV where it names the columns, the schema of Parquet
    :param sure: False where the header may as well be a row: its place then does not count
    """

    form: str
    packed: bool = False
    delimiter: str = ","
    header: tuple[str, ...] = ()
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Reading:
    """Content as records.

    :param records: dicts for rows, any JSON value for documents, strings for lines
    :param heads: how often the header is there (CSV), or the schema (Parquet)
    """

    records: Sequence[Any]
    heads: tuple[str, ...] = ()


def unpack(data: bytes) -> bytes | None:
    """What is packed with gzip, all members of it; None where it cannot be unpacked."""
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return None


@functools.lru_cache(maxsize=1)
def parquet_module() -> Any:
    """``pyarrow.parquet``, or None where it is not installed or does not load."""
    try:
        return importlib.import_module("pyarrow.parquet")
    except Exception:  # noqa: BLE001 - a broken pyarrow fails with whatever its libraries raise
        return None


def is_parquet(data: bytes) -> bool:
    """Say whether bytes claim to be a Parquet file."""
    return len(data) >= 8 and data[:4] == PARQUET_MAGIC


def sniff(data: bytes, resource: str, kind: str = "object") -> Shape:
    """Find out how an object is to be read.

    :param resource: its name, for the extension
    :param kind: of the entry: XComs are JSON whatever they look like
    """
    packed = data[:2] == GZIP_MAGIC
    raw = unpack(data) if packed else data
    if raw is None:
        return Shape("opaque")
    if is_parquet(raw):
        table = _parquet(raw)
        return Shape("opaque", packed) if table is None else Shape("parquet", packed, header=table.heads)
    text = _text(raw)
    if text is None:
        return Shape("opaque", packed)
    extension = _extension(resource)
    return _sniff_text(text, extension, packed, kind in JSON_KINDS or extension == ".json")


def _extension(resource: str) -> str:
    name = resource.rsplit("/", 1)[-1].lower().removesuffix(".gz")
    return name[name.rfind(".") :] if "." in name else ""


def _sniff_text(text: str, extension: str, packed: bool, json_expected: bool) -> Shape:
    start = text.lstrip()[:1]
    if extension in (".jsonl", ".ndjson") and _lines_of_json(text) is not None:
        return Shape("jsonl", packed)
    if json_expected or (start and start in "{["):
        if _is_json(text):
            return Shape("json", packed)
        records = _lines_of_json(text)
        if records and (json_expected or all(isinstance(each, (dict, list)) for each in records)):
            return Shape("jsonl", packed)
    return _sniff_csv(text, extension, packed) or Shape("text", packed)


def _sniff_csv(text: str, extension: str, packed: bool) -> Shape | None:
    known = _DELIMITERS.get(extension)
    if extension in _PROSE:
        return None
    for delimiter in [known] if known else [",", "\t", ";", "|"]:
        rows = _rows(text, delimiter)
        if not rows or len({len(row) for row in rows}) > 1:
            continue
        if known is None and (len(rows) < 2 or len(rows[0]) < 2):
            continue
        header, sure = _header(rows)
        return Shape("csv", packed, delimiter, header, sure)
    return None


def _header(rows: list[list[str]]) -> tuple[tuple[str, ...], bool]:
    """The names of the columns, and whether that is certain: below a header, numbers begin where words were."""
    first = rows[0]
    if len(set(first)) < len(first) or not all(_IDENTIFIER.fullmatch(cell) for cell in first):
        return (), True
    below = rows[1:]
    numeric = bool(below) and any(
        all(NUMBER.fullmatch(row[i]) or not row[i] for row in below) and any(row[i] for row in below)
        for i in range(len(first))
    )
    return tuple(first), numeric


def read(data: bytes, shape: Shape) -> Reading | None:
    """Read an object as ``shape`` says; None where it cannot be read so (cut, damaged, something else)."""
    raw = unpack(data) if shape.packed else data
    if raw is None:
        return None
    if shape.form == "parquet":
        return _parquet(raw)
    if shape.form == "opaque":
        return Reading((raw,))
    text = _text(raw)
    if text is None:
        return None
    if shape.form == "csv":
        return _csv(text, shape)
    if shape.form == "jsonl":
        records = _lines_of_json(text)
        return None if records is None else Reading(records)
    if shape.form == "json":
        return _json(text)
    return Reading(text.split("\n"))


def is_rows(shape: Shape) -> bool:
    """Say whether the order of the records means nothing."""
    return shape.form in ("csv", "jsonl", "parquet")


def noun(shape: Shape, count: int) -> str:
    """Words for a number of records: ``3 rows``."""
    word = "row" if is_rows(shape) else {"text": "line", "json": "element"}.get(shape.form, "record")
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _text(raw: bytes) -> str | None:
    if b"\x00" in raw:
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _rows(text: str, delimiter: str) -> list[list[str]] | None:
    try:
        return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if row]
    except csv.Error:
        return None


def _csv(text: str, shape: Shape) -> Reading | None:
    rows = _rows(text, shape.delimiter)
    if rows is None:
        return None
    heads = []
    if shape.header:
        head = list(shape.header)
        at = [i for i, row in enumerate(rows) if row == head]
        # A header that may be a row is only counted; one that is certain has its place at the top.
        heads = [f"{len(at)} headers", "elsewhere" if shape.sure and at[:1] != [0] else ""]
        rows = [row for row in rows if row != head]
    names = shape.header or tuple(f"column {i + 1}" for i in range(max(map(len, rows), default=0)))
    return Reading(
        [dict(zip(names, row, strict=True)) if len(row) == len(names) else row for row in rows], tuple(heads)
    )


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _lines_of_json(text: str) -> list[Any] | None:
    try:
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    except (ValueError, RecursionError):
        return None


def _json(text: str) -> Reading | None:
    """One document, or several one after the other (what appending makes of one); a list counts by its elements."""
    decoder = json.JSONDecoder()
    documents: list[Any] = []
    at = 0
    try:
        while (gap := _SPACE.match(text, at)) and gap.end() < len(text):
            document, at = decoder.raw_decode(text, gap.end())
            documents.append(document)
    except (ValueError, RecursionError):
        return None
    if documents and all(isinstance(each, list) for each in documents):
        return Reading([element for each in documents for element in each], ("list",))
    return Reading(documents)


def _parquet(raw: bytes) -> Reading | None:
    module = parquet_module()
    if module is None:
        return None
    try:
        # One thread: the director forks, and threads do not survive that.
        table = module.read_table(io.BytesIO(raw), use_threads=False, pre_buffer=False)
        heads = tuple(f"{field.name}: {field.type}" for field in table.schema)
        return Reading(table.to_pylist(), heads)
    except Exception:  # noqa: BLE001 - whatever pyarrow raises for bytes that are no Parquet file
        return None
