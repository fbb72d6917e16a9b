"""How quiet the rules are on DAGs that others wrote: ``python -m tests.corpus.quiet [FOLDER]``.

The example DAGs that ship with the installed Airflow and its providers are there anyway. The system tests of the amazon,
google and cncf-kubernetes providers, most of which are DAGs too, are in the source archives of the same versions; pip
brings these into the folder, where they stay for the next time.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from pytest_dagguard.collection import explain
from pytest_dagguard.engine.check import Terms
from pytest_dagguard.engine.lab import Options
from pytest_dagguard.engine.session import Session
from pytest_dagguard.model import rule as rules
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.seed import Seed

from .test_example_dags import SOURCES

TABLE = Path(__file__).with_name("QUIET.md")
PROVIDERS = ("amazon", "cncf-kubernetes", "google")
ENVIRONMENT = {
    "SYSTEM_TESTS_ENV_ID": "dagguard",
    "SYSTEM_TESTS_GCP_PROJECT": "example-project",
    "SYSTEM_TESTS_PROJECT_ID": "example-project",
    # some of Airflow's examples need plugins that come with them
    "AIRFLOW__CORE__LOAD_EXAMPLES": "True",
}
HELPERS = {
    "tests_common/__init__.py": "",
    "tests_common/test_utils/__init__.py": "",
    "tests_common/test_utils/system_tests.py": "def get_test_run(dag, **_): return lambda: None\n",
    "tests_common/test_utils/version_compat.py": "AIRFLOW_V_3_0_PLUS = AIRFLOW_V_3_1_PLUS = AIRFLOW_V_3_2_PLUS = True\n",
    "tests_common/test_utils/compat.py": "from airflow.providers.standard.operators.empty import EmptyOperator\n",
    "tests_common/test_utils/api_client_helpers.py": "create_airflow_connection = delete_airflow_connection = "
    "make_authenticated_rest_api_request = lambda *_, **__: None\n",
    "tests_common/test_utils/watcher.py": "from airflow.sdk import task\n\n\n@task(trigger_rule='one_failed', retries=0)\n"
    "def watcher():\n    raise RuntimeError\n",
    "system/__init__.py": "",
    "system/openlineage/__init__.py": "",
    "system/openlineage/operator.py": "from airflow.sdk import BaseOperator\n\n\nclass OpenLineageTestOperator(BaseOperator):\n"
    "    def __init__(self, *, event_templates=None, file_path=None, env=None, allow_duplicate_events=True,\n"
    "                 clear_variables=True, **more):\n        super().__init__(**more)\n\n    def execute(self, context): ...\n",
}
"""What the system tests import from Airflow's repository, which is not released."""
NO_DAGS = ("conftest.py", "tests", "resources_cleanup", "__pycache__")


@dataclass(slots=True)
class Count:
    """What the rules said.

    :param loaded: files that load
    :param dags: DAGs in them
    :param broken: files that do not load: mostly for want of a library or a service
    :param errors: findings of severity error
    :param fires: rule -> number of files with a finding of it
    """

    loaded: int = 0
    dags: int = 0
    broken: list[str] = field(default_factory=list)
    errors: list[Finding] = field(default_factory=list)
    fires: Counter[str] = field(default_factory=Counter)


def fetch(folder: Path) -> Iterator[Path]:
    """The folders ``tests/system`` of the providers' source archives, which are downloaded where they are not there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in PROVIDERS:
        package = f"apache-airflow-providers-{name}"
        version = metadata.version(package)
        unpacked = folder / f"{package.replace('-', '_')}-{version}"
        if not unpacked.is_dir():
            pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", package, "--dest", str(folder)]
            subprocess.run([*pip, f"{package}=={version}"], check=True)
            with tarfile.open(folder / f"{unpacked.name}.tar.gz") as archive:
                archive.extractall(folder, filter="data")
        yield unpacked / "tests" / "system"


def repository(root: Path, systems: Iterable[Path]) -> tuple[Path, ...]:
    """Make a repository of all of it; returns its folders of DAGs."""
    for name, text in HELPERS.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    leave = shutil.ignore_patterns(*NO_DAGS)
    for name, folder in SOURCES.items():
        shutil.copytree(folder, root / "examples" / name.replace(".", "_"), ignore=leave)
    for folder in systems:
        shutil.copytree(folder, root / "system", dirs_exist_ok=True, ignore=leave)
    return (root / "examples", root / "system")


def count(root: Path, folders: tuple[Path, ...]) -> Count:
    """Load every DAG file, and judge it by every rule at its default severity."""
    options = Options(root, folders, Seed(), paths=(str(root),), environment=ENVIRONMENT, load_timeout=120.0)
    session = Session(options, Terms(root), {}, "tests/dagguard")
    found = Count()
    try:
        files = [path for folder in folders for path in sorted(folder.rglob("example_*.py"))]
        files += [path for path in sorted((root / "examples").rglob("*.py")) if path not in files]
        for path in files:
            loaded = session.load(path)
            if loaded.errors or not loaded.dags:
                found.broken.append(
                    f"{path.relative_to(root)}: {loaded.errors[0].message if loaded.errors else 'no DAG'}"
                )
            else:
                found.loaded, found.dags = found.loaded + 1, found.dags + len(loaded.dags)
        for loaded in list(session.hygiene.files.values()):
            if loaded.dags and not loaded.errors:
                _judge(session, loaded.path, found)
    finally:
        session.close()
    return found


def _judge(session: Session, path: str, found: Count) -> None:
    fires = set()
    hygiene = session.hygiene
    for name, dag in [*hygiene.of_file(path, whole=False), *hygiene.of_file(path, whole=True)]:
        verdict = session.rule(name, path, dag)
        assert verdict.reason is None, verdict
        if verdict.findings:
            fires.add(name)
        if hygiene.active[name].severity == rules.ERROR:
            found.errors += verdict.findings
    found.fires.update(fires)


def defended() -> Counter[tuple[str, str]]:
    """Rule and file name -> number of errors, as the table has them."""
    rows = [line.split("|")[1:-1] for line in TABLE.read_text().splitlines() if line.startswith("| `")]
    return Counter(
        {(rule.strip(" `"), file.strip(" `")): int(number) for rule, file, number, why in rows if why.strip()}
    )


def complaints(found: Count) -> list[str]:
    """What is not as quiet as it is meant to be."""
    said = []
    table = defended()
    for (rule, file), number in Counter((each.cls, Path(each.file).name) for each in found.errors).items():
        if number > table[rule, file]:
            said.append(f"{rule} in {file}: {number} errors, {table[rule, file]} of them defended")
    if len(found.errors) * 20 > found.dags:
        said.append(f"{len(found.errors)} errors in {found.dags} DAGs are more than 1 in 20")
    known = explain.rules()
    for name, number in found.fires.items():
        if number * 3 > found.loaded and known[name].severity in (rules.ERROR, rules.WARNING):
            said.append(f"{name} ({known[name].severity}) fires on {number} of {found.loaded} files, more than a third")
    return said


def report(found: Count) -> str:
    """The figures as text."""
    lines = [
        f"{found.loaded} files load, with {found.dags} DAGs; {len(found.broken)} do not",
        f"{len(found.errors)} errors: 1 in {found.dags / max(1, len(found.errors)):.1f} DAGs",
        *(f"  {each.cls:<24} {each.file}:{each.line}  {each.message}" for each in found.errors),
        "files on which a rule says something:",
        *(f"  {name:<32} {times:>4}  {times / found.loaded:>4.0%}" for name, times in found.fires.most_common()),
        "files that do not load:",
        *(f"  {each}" for each in found.broken),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Count and print; 1 where it is not quiet enough."""
    kept = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.gettempdir(), "dagguard-source-archives")
    with tempfile.TemporaryDirectory(prefix="dagguard-quiet-") as folder:
        root = Path(folder)
        found = count(root, repository(root, fetch(kept)))
    wrong = complaints(found)
    sys.stdout.write(report(found) + "".join(f"WRONG: {each}\n" for each in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
