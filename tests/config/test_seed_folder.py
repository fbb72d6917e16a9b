"""The seed folder: everything it can hold, and what a bad file says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from pytest_dagguard.config import seed_folder
from pytest_dagguard.model.errors import ConfigurationError
from pytest_dagguard.model.seed import Seed


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "seed"
    made.mkdir()
    return made


def fill(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def read(folder: Path, environ: Mapping[str, str] | None = None) -> Seed:
    return seed_folder.read(folder, required=True, environ=environ or {})


def problems(folder: Path, environ: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read(folder, environ)
    return str(caught.value).splitlines()


def test_objects(folder: Path) -> None:
    fill(
        folder,
        {
            "s3/raw/2024-01-01/a.csv": "id\n1\n",
            "s3/raw/empty": b"",
            "s3/raw/été/naïve 日本.bin": b"\xff\x00",
            "s3/raw/.hidden/.gitignore": b"x",
            "s3/raw/.DS_Store": b"x",
            "s3/none/.gitkeep": b"",
            "s3/none/deep/.gitkeep": b"",
            "gcs/b/k": b"1",
            "gcs/.gitkeep": b"",
            ".gitkeep": b"",
        },
    )
    assert read(folder) == Seed(
        s3={
            "none": {},
            "raw": {
                ".hidden/.gitignore": b"x",
                "2024-01-01/a.csv": b"id\n1\n",
                "empty": b"",
                "été/naïve 日本.bin": b"\xff\x00",
            },
        },
        gcs={"b": {"k": b"1"}},
    )


def test_links_are_followed(folder: Path, tmp_path: Path) -> None:
    fill(tmp_path / "elsewhere", {"x/y": b"1"})
    (folder / "s3/b").mkdir(parents=True)
    (folder / "s3/b/file").symlink_to(tmp_path / "elsewhere/x/y")
    (folder / "s3/b/folder").symlink_to(tmp_path / "elsewhere")
    (folder / "s3/linked").symlink_to(tmp_path / "elsewhere/x")
    (folder / "gcs").symlink_to(tmp_path / "elsewhere")
    assert read(folder) == Seed(
        s3={"b": {"file": b"1", "folder/x/y": b"1"}, "linked": {"y": b"1"}}, gcs={"x": {"y": b"1"}}
    )


def test_documents(folder: Path) -> None:
    fill(
        folder,
        {
            "redis.json": '{"0": {"k": "v", "n": {"a": 1}}, "01": {}}',
            "variables.json": '\ufeff{"text": "x", "number": 1, "object": {"a": [true]}, "nothing": null, "ä": "ö"}',
            "connections.json": '{"aws_default": "aws://?region_name=x", "db": {"conn_type": "mysql", "port": "3306"}}',
            "xcoms.json": '{"sales": {"extract": {"return_value": [1, null]}, "none": {}}}',
            "kubernetes.json": '{"default": {"secrets": {"db": {"PASSWORD": "x"}}}}',
            "ssm.json": '{"/db/url": "postgres://db", "/db/n": 3}',
            "dynamodb.json": '{"a": {"key": "id"}, "b": {"key": ["n", "day"], "items": [{"n": 1, "day": "x"}]}}',
            "secretsmanager.json": '{"prod/db": {"password": "x"}, "key": "text"}',
        },
    )
    seed = read(folder)
    assert seed.redis == {"0": {"k": "v", "n": {"a": 1}}, "1": {}}
    assert seed.variables == {"text": "x", "number": "1", "object": '{"a": [true]}', "nothing": "null", "ä": "ö"}
    assert seed.connections["aws_default"]["extra"] == '{"region_name": "x"}'
    assert seed.connections["db"]["port"] == 3306
    assert seed.parameters == {"/db/url": "postgres://db", "/db/n": "3"}
    assert seed.secrets == {"prod/db": '{"password": "x"}', "key": "text"}
    assert seed.tables == {
        "a": {"key": {"id": "S"}, "items": []},
        "b": {"key": {"n": "N", "day": "S"}, "items": [{"n": 1, "day": "x"}]},
    }
    assert seed.kubernetes == {"default": {"secrets": {"db": {"PASSWORD": "x"}}}}
    assert seed.xcoms == {"sales": {"extract": {"return_value": [1, None]}, "none": {}}}


@pytest.mark.parametrize("suffix", ["yaml", "yml"])
def test_yaml(folder: Path, suffix: str) -> None:
    fill(
        folder,
        {
            f"variables.{suffix}": "text: x\nnumber: 1\nday: 2024-01-01\nlist: [a]\n7: seven\n",
            f"ssm.{suffix}": "/db/n: 3\n",
            f"connections.{suffix}": "aws_default:\n  conn_type: aws\n  extra:\n    region_name: x\nother: fs://\n",
        },
    )
    seed = read(folder)
    assert seed.variables == {"text": "x", "number": "1", "day": '"2024-01-01"', "list": '["a"]', "7": "seven"}
    assert seed.connections["aws_default"]["extra"] == '{"region_name": "x"}'
    assert seed.connections["other"]["conn_type"] == "fs"
    assert seed.parameters == {"/db/n": "3"}


def test_yaml_without_its_library(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(folder, {"variables.yaml": "a: b\n"})

    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("importlib.import_module", missing)
    assert problems(folder) == ["seed/variables.yaml: needs PyYAML; pip install pyyaml, or write JSON"]


def test_the_environment_comes_after_the_files(folder: Path) -> None:
    fill(folder, {"variables.json": '{"a": "file"}', "connections.json": '{"a": "fs://"}'})
    environ = {
        "AIRFLOW_VAR_A": "environment",
        "AIRFLOW_VAR_STAGE_Name": "dev",
        "AIRFLOW_VAR_NONE": "",
        "AIRFLOW_VAR_": "nameless",
        "AIRFLOW_CONN_A": "http://h",
        "AIRFLOW_CONN_MY_DB": '{"conn_type": "mysql"}',
        "AIRFLOW_CONN_UNSET": " ",
        "AIRFLOW_CONN_": "x",
        "AIRFLOW_HOME": "/x",
    }
    seed = read(folder, environ)
    assert seed.variables == {"a": "file", "stage_name": "dev", "none": ""}
    assert {name: each["conn_type"] for name, each in seed.connections.items()} == {"a": "fs", "my_db": "mysql"}


def test_a_missing_folder_leaves_the_environment(tmp_path: Path) -> None:
    environ = {"AIRFLOW_VAR_A": "1", "AIRFLOW_CONN_B": "aws://"}
    seed = seed_folder.read(tmp_path / "none", required=False, environ=environ)
    assert (seed.variables, list(seed.connections), seed.s3) == ({"a": "1"}, ["b"], {})


def test_a_missing_folder_that_was_named(folder: Path) -> None:
    assert problems(folder.parent / "sed") == ['sed: the seed folder does not exist; did you mean "seed"?']
    assert problems(folder / "x") == ["seed/x: the seed folder does not exist; create it, or correct the key seed"]
    fill(folder, {"file": ""})
    assert problems(folder / "file") == [
        "seed/file: the seed folder is no folder; name the folder that holds s3/ or gcs/"
    ]


KNOWN = (
    "Known: s3/, gcs/, redis.json, kubernetes.json, kubernetes.yaml, variables.json, variables.yaml, "
    "connections.json, connections.yaml, ssm.json, ssm.yaml, secretsmanager.json, secretsmanager.yaml, "
    "dynamodb.json, dynamodb.yaml, xcoms.json"
)
CLUSTER = 'write {"default": {"configmaps": {"name": {"key": "text"}}, "secrets": {...}}}'
SHAPE = 'write {"dag_id": {"task_id": {"return_value": ...}}}'

TABLE = 'write {"table": {"key": ["id"], "items": [{"id": "42"}]}}'
KEY = "is not the name of an attribute, a list of one or two, or an object of names and types (S, N, B)"

BAD = [
    ({"dynamodb.json": '{"a": []}'}, f'seed/dynamodb.json:1: "a" is not an object of key and items; {TABLE}'),
    (
        {"dynamodb.json": '{"a": {"key": "id", "items": [1]}}'},
        f'seed/dynamodb.json:1: the items of "a" are not a list of objects; {TABLE}',
    ),
    ({"dynamodb.json": '{"a": {"items": []}}'}, f'seed/dynamodb.json:1: the key of "a" {KEY}; {TABLE}'),
    ({"dynamodb.json": '{"a": {"key": {"id": "X"}}}'}, f'seed/dynamodb.json:1: the key of "a" {KEY}; {TABLE}'),
    (
        {"dynamodb.json": '{"a": {"key": "id", "items": [{"id": 1}, {"n": 1}]}}'},
        'seed/dynamodb.json:1: item 2 of "a" lacks a part of its key (id)',
    ),
    ({"s4/b/k": ""}, f'seed/s4: a seed folder has nothing of this name; did you mean "s3/"? {KNOWN}'),
    (
        {"variable.json": "{}"},
        f'seed/variable.json: a seed folder has nothing of this name; did you mean "variables.json"? {KNOWN}',
    ),
    ({"README.md": ""}, f"seed/README.md: a seed folder has nothing of this name; {KNOWN}"),
    ({"s3/data.csv": ""}, "seed/s3/data.csv: an object must lie in a folder that is named after its bucket"),
    ({"gcs": ""}, "seed/gcs: must be a folder of buckets"),
    ({"redis.json/x": ""}, "seed/redis.json: must be a file that is there"),
    (
        {"variables.json": "{}", "variables.yaml": "{}"},
        "seed/variables.yaml: variables.json is there too; keep one of them",
    ),
    ({"variables.json": ""}, "seed/variables.json:1: is empty; write {} for nothing"),
    ({"variables.json": "[]"}, "seed/variables.json:1: must hold one object, names with their values"),
    ({"variables.json": "null"}, "seed/variables.json:1: must hold one object, names with their values"),
    (
        {"variables.json": '{\n  "a": 1\n  "b": 2\n}'},
        "seed/variables.json:3: is not JSON: Expecting ',' delimiter (column 3) at: \"b\": 2",
    ),
    (
        {"variables.json": '{"a": 1\n'},
        "seed/variables.json:2: is not JSON: Expecting ',' delimiter (column 1) at its end",
    ),
    ({"variables.json": b'{\n"a": "\xe9"}'}, "seed/variables.json:2: is not UTF-8 text: byte 0xe9; save it as UTF-8"),
    ({"variables.json": "[" * 100_000}, "seed/variables.json: is nested too deeply"),
    (
        {"variables.yaml": "a: 1\nb: [1\n"},
        "seed/variables.yaml:3: is not YAML: expected ',' or ']', but got '<stream end>'",
    ),
    ({"variables.yaml": "a: 1\nb: !!x 1\n"}, None),
    ({"variables.yaml": "# only\n"}, "seed/variables.yaml:1: must hold one object, names with their values"),
    ({"variables.yaml": "a: 1\nb: &b [*b]\n"}, 'seed/variables.yaml:2: the value of "b" cannot be written as JSON'),
    ({"variables.yaml": "a: 1\nb: !!set {x}\n"}, 'seed/variables.yaml:2: the value of "b" cannot be written as JSON'),
    (
        {"connections.json": '{\n"a": "aws://",\n"b": {\n"conn_type": "aws",\n"hots": ""}}'},
        'seed/connections.json:5: connection "b": a connection has no field "hots"; did you mean "host"? '
        "Known fields: conn_type, host, login, password, schema, port, extra",
    ),
    (
        {"connections.yaml": "a: aws://\nb:\n  conn_type: aws\n  port: x\n"},
        'seed/connections.yaml:4: connection "b": "port" is not a whole number',
    ),
    (
        {"connections.json": '{"ä": 1}'},
        'seed/connections.json:1: connection "ä": not a connection; '
        'write a URI or an object such as {"conn_type": "aws"}',
    ),
    ({"redis.json": '{\n"zero": {}}'}, 'seed/redis.json:2: "zero" is not the number of a database; write "0"'),
    ({"redis.json": '{"0": "x"}'}, 'seed/redis.json:1: "0" is not an object of keys and values'),
    (
        {"kubernetes.json": '{"default": {"pods": {}}}'},
        f'seed/kubernetes.json:1: "default" is not an object of configmaps and secrets; {CLUSTER}',
    ),
    (
        {"kubernetes.json": '{"default": {\n"secrets": {"db": {"PORT": 1}}}}'},
        f'seed/kubernetes.json:2: the secrets of "default" are not objects of keys and texts; {CLUSTER}',
    ),
    ({"xcoms.json": '{"d": 1}'}, f'seed/xcoms.json:1: "d" is not an object of tasks; {SHAPE}'),
    ({"xcoms.json": '{"d": {\n"t": 1}}'}, f'seed/xcoms.json:2: "d" "t" is not an object of XComs; {SHAPE}'),
]


@pytest.mark.parametrize(("files", "expected"), BAD)
def test_a_bad_file(folder: Path, files: dict[str, str | bytes], expected: str | None) -> None:
    fill(folder, files)
    found = problems(folder)
    assert found[0] == expected or (expected is None and found[0].startswith("seed/variables.yaml:2: is not YAML: "))


def test_a_bad_variable_of_the_environment_is_named_without_its_value(folder: Path) -> None:
    assert problems(folder, {"AIRFLOW_CONN_DB": "db://u:secret/@h:1"}) == [
        "AIRFLOW_CONN_DB: its port is not a number from 0 to 65535; write login and password percent-encoded"
    ]


def test_a_link_that_leads_back(folder: Path) -> None:
    (folder / "s3/b/c").mkdir(parents=True)
    (folder / "s3/b/c/up").symlink_to(folder / "s3/b")
    assert problems(folder) == ["seed/s3/b/c/up: is a symbolic link to a folder that it lies in; remove it"]


def test_a_link_to_nothing(folder: Path) -> None:
    (folder / "s3/b").mkdir(parents=True)
    (folder / "s3/b/k").symlink_to(folder / "none")
    (folder / "variables.json").symlink_to(folder / "none")
    assert problems(folder) == [
        "seed/variables.json: must be a file that is there",
        "seed/s3/b/k: is a symbolic link to nothing: No such file or directory",
    ]


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    (folder / "s3/b").mkdir(parents=True)
    os.mkfifo(folder / "s3/b/pipe")
    os.mkfifo(folder / "redis.json")
    assert problems(folder) == [
        "seed/redis.json: must be a file that is there",
        "seed/s3/b/pipe: is neither a file nor a folder; remove it",
    ]


def test_files_that_may_not_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(folder, {"s3/b/k": "x", "s3/b/good": "x", "redis.json": "{}"})
    # Permissions do not bind root, as whom these tests may run.
    honest = Path.read_bytes

    def refused(path: Path) -> bytes:
        if path.name == "good":
            return honest(path)
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refused)
    assert problems(folder) == [
        "seed/s3/b/k: cannot be read: Permission denied",
        "seed/redis.json: cannot be read: Permission denied",
    ]


def test_names_that_are_not_utf_8(folder: Path) -> None:
    (folder / "s3/b").mkdir(parents=True)
    try:
        (folder / "s3/b" / os.fsdecode(b"\xff.csv")).touch()
    except OSError:
        pytest.skip("a file system with no names but UTF-8, as macOS has")
    assert problems(folder) == ["seed/s3/b/\\udcff.csv: its name is not UTF-8, as the names of objects are; rename it"]


def test_a_seed_that_is_too_large_names_its_largest_file_and_is_not_read(folder: Path) -> None:
    fill(folder, {"s3/b/small": "x", "gcs/b/large": "", "redis.json": "{"})
    os.truncate(folder / "gcs/b/large", 300 * 2**20)
    assert problems(folder) == [
        "seed/gcs/b/large: the seed is 300 MB in all and may be 256 MB; "
        "this is its largest file with 300 MB; seed a smaller sample"
    ]


def test_all_that_is_wrong_is_told_at_once(folder: Path) -> None:
    fill(folder, {"x": "", "s3/k": "", "redis.json": "[]", "variables.json": "{"})
    assert len(problems(folder, {"AIRFLOW_CONN_X": "x"})) == 5
