"""Which calls write, and where to."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_dagguard.rules._source.index import Function, Index, argument, last_name
from pytest_dagguard.rules._source.tasks import Operator
from pytest_dagguard.rules._source.texts import mode_of

_METHODS: dict[str, tuple[int, tuple[str, ...]]] = {
    "put_object": (-1, ("Key", "key", "object_name")),
    "upload_file": (2, ("Key", "key", "object_name")),
    "upload_fileobj": (2, ("Key", "key", "object_name")),
    "load_string": (1, ("key",)),
    "load_bytes": (1, ("key",)),
    "load_file": (1, ("key",)),
    "load_file_obj": (1, ("key",)),
    "copy_object": (-1, ("Key", "dest_bucket_key")),
    "create_multipart_upload": (-1, ("Key",)),
    "upload_blob": (0, ("name", "blob_name")),
    "to_csv": (0, ("path_or_buf",)),
    "to_parquet": (0, ("path",)),
    "to_json": (0, ("path_or_buf",)),
    "to_excel": (0, ("excel_writer",)),
    "to_feather": (0, ("path",)),
    "to_pickle": (0, ("path",)),
    "to_orc": (0, ("path",)),
    "to_sql": (0, ("name",)),
    "to_gbq": (0, ("destination_table",)),
    "write_parquet": (0, ("file",)),
    "write_csv": (0, ("file",)),
    "write_table": (1, ("where",)),
    "write_deltalake": (0, ("table_or_uri",)),
    "load_table_from_dataframe": (1, ("destination",)),
    "load_table_from_file": (1, ("destination",)),
    "load_table_from_json": (1, ("destination",)),
    "load_table_from_uri": (1, ("destination",)),
    "saveAsTable": (0, ("name",)),
    "insertInto": (0, ("tableName",)),
    "insert_rows": (0, ("table",)),
}
"""Method -> position and keywords of where it writes to."""

_BLOB_WRITERS = ("upload_from_string", "upload_from_file", "upload_from_filename")
_PATH_WRITERS = ("write_text", "write_bytes")
_SPARK = ("parquet", "csv", "json", "orc", "save", "text")
_ARGUMENTS = (
    "destination_object",
    "destination_path",
    "destination_key",
    "destination_filepath",
    "destination_blob",
    "dest_key",
    "dest_bucket_key",
    "dest_s3_key",
    "destination_table",
    "destination_dataset_table",
    "destination_project_dataset_table",
    "destination_cloud_storage_uris",
    "destination_uri",
    "output_uri",
    "output_path",
    "output_location",
    "target_table",
    "s3_path",
)
"""Arguments of operators that are a target in whichever operator has them."""
_SINK_ARGUMENTS = ("s3_key", "key", "gcs_path", "object_name", "dst", "filename", "blob_name", "table")
"""Arguments that are a target where the operator's name says that it writes there."""
_SINKS = ("ToS3Operator", "ToGCSOperator", "CreateObjectOperator", "ToWasbOperator", "ToRedshiftOperator")


@dataclass(frozen=True, slots=True)
class Write:
    """One call that writes.

    :param target: the expression of the key, path or table
    """

    call: ast.Call
    target: ast.expr
    index: Index
    function: Function | None


def writes_in(index: Index, function: Function | None) -> Iterator[Write]:
    """The writes that a function makes itself."""
    for call in index.calls_in(function):
        target = _target(index, call, function)
        if target is not None:
            yield Write(call, target, index, function)


def operator_writes(operator: Operator) -> Iterator[Write]:
    """What an operator is told to write to."""
    names = _ARGUMENTS + (_SINK_ARGUMENTS if operator.name.endswith(_SINKS) else ())
    for each in operator.call.keywords:
        if each.arg in names:
            yield Write(operator.call, each.value, operator.index, operator.function)


def _target(index: Index, call: ast.Call, function: Function | None) -> ast.expr | None:
    name = last_name(call.func)
    if name in _METHODS:
        position, keywords = _METHODS[name]
        return argument(call, position, *keywords)
    if name == "open":
        return _opened(call)
    if not isinstance(call.func, ast.Attribute):
        return None
    receiver = call.func.value
    if name in _BLOB_WRITERS:
        return _made_by(index, receiver, function, ("blob", "Blob", "get_blob"))
    if name in _PATH_WRITERS:
        return _made_by(index, receiver, function, ("Path", "ObjectStoragePath"))
    if name in _SPARK and _is_spark_writer(receiver):
        return argument(call, 0, "path")
    if name == "upload" and len(call.args) + len(call.keywords) > 1:
        return argument(call, 1, "object_name", "key", "remote_path")
    return None


def _opened(call: ast.Call) -> ast.expr | None:
    if isinstance(call.func, ast.Attribute) and not isinstance(call.func.value, ast.Name):
        # Path(...).open("w")
        made = call.func.value
        mode = argument(call, 0, "mode")
        if isinstance(made, ast.Call) and last_name(made.func) == "Path" and isinstance(mode, ast.Constant):
            return made if str(mode.value)[:1] in "wax" else None
        return None
    return argument(call, 0, "file", "path", "urlpath") if mode_of(call)[:1] in ("w", "a", "x") else None


def _made_by(index: Index, node: ast.expr, function: Function | None, names: tuple[str, ...]) -> ast.expr | None:
    """The first argument of the call that made an object, where one of these made it."""
    if isinstance(node, ast.Name):
        values = index.bound(node.id, function)
        node = values[-1] if values else node
    if isinstance(node, ast.Call) and last_name(node.func) in names:
        return argument(node, 0, "blob_name", "name")
    return None


def _is_spark_writer(node: ast.expr) -> bool:
    while isinstance(node, ast.Call | ast.Attribute):
        if isinstance(node, ast.Attribute) and node.attr in ("write", "writeStream"):
            return True
        node = node.func if isinstance(node, ast.Call) else node.value
    return False
