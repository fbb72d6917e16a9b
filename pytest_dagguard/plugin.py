"""The pytest plugin. Nothing here imports Airflow or an emulator, and next to nothing without ``--dagguard``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_dagguard.fixtures import (  # noqa: F401 - fixtures are found by being here
    dagguard,
    dagguard_dags,
    dagguard_gcs,
    dagguard_redis,
    dagguard_s3,
)

if TYPE_CHECKING:
    from pathlib import Path


SETTINGS = pytest.StashKey[Any]()
SESSION = pytest.StashKey[Any]()
CHANGED = pytest.StashKey[Any]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the options from the one table."""
    from pytest_dagguard.config.options import add_options

    add_options(parser.getgroup("dagguard", "kill, overlap and rerun Airflow tasks"))


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Make the hooks for third parties known."""
    from pytest_dagguard import hooks

    pluginmanager.add_hookspecs(hooks)


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Answer ``--dagguard-list`` and ``--dagguard-explain`` and end."""
    wants_list, name = config.getoption("dagguard_list", False), config.getoption("dagguard_explain", None)
    if not wants_list and not name:
        return None
    from pytest_dagguard.collection import explain

    print(explain.listing() if wants_list else explain.text(str(name)))  # noqa: T201 - this is the answer
    return 0


def pytest_configure(config: pytest.Config) -> None:
    """With ``--dagguard``: check the configuration before anything runs, and start the helper processes."""
    config.addinivalue_line("markers", "dagguard_rule: a hygiene rule of pytest-dagguard")
    config.addinivalue_line("markers", "dagguard_scenario: a scenario of pytest-dagguard on a task")
    if not config.getoption("dagguard", False):
        return
    from pytest_dagguard.collection import foreign, rules, start, workers
    from pytest_dagguard.collection.tally import Tally

    settings = config.stash[SETTINGS] = start.settings_of(config)
    config.pluginmanager.register(workers.ByDag(settings.only != "rules"), "dagguard-workers")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Tally(config, settings), "dagguard-tally")
    if config.args_source.name in ("INVOCATION_DIR", "TESTPATHS"):
        if not settings.dags:
            raise pytest.UsageError(start.no_dags(settings.root))
        config.args = [str(each) for each in settings.dags]
    config.pluginmanager.register(foreign.Foreign(config, settings.dags), "dagguard-foreign")
    rules.take_repository_arguments(config, settings.dags)
    if not _only_directs(config) and not config.getoption("help", False):
        config.stash[CHANGED] = start.changed_files(settings)
        config.stash[SESSION] = start.begin(config, settings)


def _only_directs(config: pytest.Config) -> bool:
    """True in the process of pytest-xdist that hands the items to workers."""
    return bool(config.pluginmanager.hasplugin("dsession"))


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the helper processes."""
    if SESSION in config.stash:
        config.stash[SESSION].close()


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say what will be tried and how closed in it is."""
    if SETTINGS not in config.stash:
        return None
    settings = config.stash[SETTINGS]
    words = f"dagguard: {', '.join(settings.scenarios)}; budget {settings.budget:g} s for each task and scenario"
    if SESSION not in config.stash or not config.stash[SESSION].started:
        return words
    from pytest_dagguard.model.errors import DagguardError

    try:
        lab = config.stash[SESSION].lab
    except DagguardError as failed:
        raise pytest.UsageError(str(failed)) from failed
    return f"{words}; Airflow {lab.version}\n{lab.confinement()}"


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take a DAG folder that is a package for a plain folder: pytest would import its ``__init__.py`` here."""
    if SESSION not in parent.config.stash or not (path / "__init__.py").is_file():
        return None
    folders = parent.config.stash[SETTINGS].dags
    inside = any(path == each or path.is_relative_to(each) for each in folders)
    return pytest.Dir.from_parent(parent, path=path) if inside else None


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect DAG files, but for those of which pytest will ask for a test module."""
    if SESSION not in parent.config.stash or not _is_dag_file(file_path, parent) or _is_module(file_path, parent):
        return None
    return _node(file_path, parent)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> Any:
    """Keep pytest from importing a DAG file as a test module: Airflow must not come into this process."""
    if SESSION not in parent.config.stash or not _is_dag_file(module_path, parent):
        return None
    return _node(module_path, parent)


def _is_module(path: Path, parent: pytest.Collector) -> bool:
    patterns = parent.config.getini("python_files")
    return parent.session.isinitpath(path) or any(path.match(each) for each in patterns)


def _is_dag_file(path: Path, parent: pytest.Collector) -> bool:
    from pytest_dagguard.model.files import is_dag_file, may_contain_dag

    folders = parent.config.stash[SETTINGS].dags
    patterns = parent.config.getini("python_files")
    tests = any(path.match(each) for each in patterns)
    named = parent.session.isinitpath(path) and not tests and may_contain_dag(path)
    return is_dag_file(path, folders, named)


def _node(path: Path, parent: pytest.Collector) -> pytest.Collector:
    from pytest_dagguard.collection.items import DagFileNode
    from pytest_dagguard.collection.rules import ALWAYS

    settings = parent.config.stash[SETTINGS]
    changed = parent.config.stash[CHANGED]
    node: pytest.Collector = DagFileNode.from_parent(
        parent,
        path=path,
        session_of=parent.config.stash[SESSION],
        scenarios=() if settings.only == "rules" else settings.scenarios,
        only=ALWAYS if settings.only == "scenarios" else None,
        changed=changed is None or path in changed,
    )
    return node


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Share the files between workers of pytest-xdist, before pytest goes through them one by one."""
    stash = session.config.stash
    if SESSION in stash and stash[SESSION].exchange is not None:
        from pytest_dagguard.collection import start

        stash[SESSION].share(start.wanted_files(session.config, stash[SETTINGS], stash[CHANGED]))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add what only all files together can tell; with ``--dagguard-replay`` leave the one item that the token is of."""
    if SESSION not in config.stash:
        return
    from pytest_dagguard.collection.rules import add_late

    if config.stash[SETTINGS].only != "scenarios":
        add_late(session, items, config.stash[SESSION])
    if config.stash[SETTINGS].replay:
        from pytest_dagguard.collection.items import keep_token

        keep_token(config, items, config.stash[SETTINGS].replay)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Send the verdict along with pytest's own report, over pytest-xdist too."""
    outcome = yield
    verdict = getattr(item, "verdict", None)
    if call.when == "call" and verdict is not None and hasattr(verdict, "findings"):
        from pytest_dagguard.model.verdict import to_plain

        report = outcome.get_result()
        report.dagguard_verdict = to_plain(verdict)
        if report.skipped:
            report.longrepr = item.skipped_at()  # type: ignore[attr-defined]
        item.verdict = None  # type: ignore[attr-defined]  # pytest keeps its items to the end
