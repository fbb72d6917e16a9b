"""From pytest's configuration to a session."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_dagguard.collection import changed
from pytest_dagguard.config import seed_folder
from pytest_dagguard.config.settings import Settings, resolve
from pytest_dagguard.engine import baseline
from pytest_dagguard.engine.check import Terms
from pytest_dagguard.engine.exchange import Exchange
from pytest_dagguard.engine.lab import START_TIMEOUT, Lab, Options
from pytest_dagguard.engine.ledger import Ledger
from pytest_dagguard.engine.session import Session
from pytest_dagguard.engine.shelf import Shelf
from pytest_dagguard.model import registry
from pytest_dagguard.model.errors import ConfigurationError
from pytest_dagguard.model.files import dag_files, likely_folders

NAMED = pytest.StashKey[tuple[Path, ...]]()
"""DAG folders that were named on the command line alone."""


def settings_of(config: pytest.Config) -> Settings:
    """What the user asked for.

    :raises pytest.UsageError: something that was asked for cannot be
    """
    try:
        found = resolve(
            config.rootpath,
            vars(config.option),
            os.environ,
            registry.names("pytest_dagguard.scenarios"),
            registry.names("pytest_dagguard.reports", "REPORT"),
            families(),
        )
    except ConfigurationError as wrong:
        raise pytest.UsageError(str(wrong)) from wrong
    named = [Path(config.invocation_params.dir, each) for each in config.args if "::" not in each]
    folders = tuple(Path(os.path.normpath(each)) for each in named if each.is_dir())
    if found.dags or config.args_source.name != "ARGS" or not folders:
        return found
    config.stash[NAMED] = folders
    return replace(found, dags=folders)


def no_dags(root: Path) -> str:
    """What to say where no DAG folder is known."""
    told = ", ".join(f"{shown(folder, root)} ({number} files)" for folder, number in likely_folders(root)[:5])
    hint = f"; DAGs seem to be in {told}: pytest --dagguard FOLDER" if told else ""
    return (
        f"there is no DAG folder: {root / 'dags'} does not exist and AIRFLOW__CORE__DAGS_FOLDER is not set; name the"
        f' folder on the command line, or set dags = ["..."] under [tool.dagguard] in {root / "pyproject.toml"}{hint}'
    )


def families() -> dict[str, str]:
    """Rule -> its family."""
    found = registry.collect("pytest_dagguard.rules", "RULES")
    return {rule.name: family for family, rules in found.items() for rule in rules}


def changed_files(settings: Settings) -> frozenset[Path] | None:
    """The files that ``--dagguard-changed`` leaves; None for all of them.

    :raises pytest.UsageError: git cannot tell
    """
    if not settings.changed:
        return None
    folders = [each if each.is_dir() else each.parent for each in settings.dags]
    try:
        found = changed.since(settings.root, settings.changed)
    except ConfigurationError as wrong:
        raise pytest.UsageError(str(wrong)) from wrong
    plugins = settings.root / "plugins"
    return changed.reached(found, settings.root, [*folders, *settings.paths, plugins], settings.seed)


def session_of(settings: Settings, cache: Path | None = None) -> Session:
    """A session with the user's seed; nothing is started yet.

    :param cache: folder for what is kept from run to run; None where nothing is
    :raises pytest.UsageError: the seed folder cannot be read
    """
    try:
        seed = seed_folder.read(settings.seed, required=settings.seed_required, environ=os.environ)
        known = baseline.Baseline()
        if settings.baseline and not settings.update_baseline:
            known = baseline.read(settings.baseline, shown(settings.baseline, settings.root))
    except ConfigurationError as wrong:
        raise pytest.UsageError(str(wrong)) from wrong
    options = Options(
        root=settings.root,
        dags=tuple(each if each.is_dir() else each.parent for each in settings.dags),
        seed=seed,
        logical_date=settings.logical_date.isoformat().replace("+00:00", "Z"),
        auto_buckets=settings.auto_buckets,
        paths=(*map(str, settings.paths), str(settings.root), str(settings.root / "plugins")),
        environment=settings.env,
        load_timeout=settings.load_timeout,
        attempt_timeout=settings.attempt_timeout,
        limits=settings.limits,
        stubs=settings.stubs,
        aliases={old: new for old, new in settings.aliases.items() if old != "airflow-2"},
        airflow2="airflow-2" in settings.aliases,
        # an attempt that sleeps for longer than a search may take leaves nothing to search
        patience=settings.budget,
        behaviours={"images": settings.images, "jobs": settings.jobs, "children": settings.children},
    )
    terms = Terms(settings.root, settings.budget, settings.strict, settings.replay, settings.update_baseline)
    session = Session(options, terms, dict(settings.allow), shown(settings.seed, settings.root))
    session.choice, session.baseline = settings.rules, known
    session.measures = settings.only != "scenarios"
    if cache is not None:
        shelf = session.shelf = Shelf(cache / "loads", options, os.environ)
        session.ledger = Ledger(shelf.folder, f"{shelf.key} {settings.rules!r}", settings.root, os.environ)
    return session


def begin(config: pytest.Config, settings: Settings) -> Session:
    """The session of a run, with its helper processes on their way."""
    session = session_of(settings, cache_of(config, settings))
    session.exchange = exchange_of(config, settings)
    session.begin(runs=settings.only != "rules")
    config.pluginmanager.register(Teller(session), "dagguard-teller")
    return session


class Teller:
    """A pytest plugin that has a session's searches tell how far they are, where somebody sees it."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Only now is pytest's terminal there."""
        from pytest_dagguard.collection.progress import reporter_of

        reporter = reporter_of(session.config)
        if reporter is not None:
            session.config.pluginmanager.register(reporter, "dagguard-progress")
            self.session.terms = replace(self.session.terms, progress=reporter.told)


def exchange_of(config: pytest.Config, settings: Settings) -> Exchange | None:
    """Where pytest-xdist's workers share what they load; None without it, and where they are on other machines."""
    folder = Path(getattr(config, "workerinput", {}).get(EXCHANGE, ""))
    return Exchange(folder, settings.load_timeout + START_TIMEOUT) if folder.name and folder.is_dir() else None


def wanted_files(config: pytest.Config, settings: Settings, changed: frozenset[Path] | None) -> list[Path]:
    """The DAG files that the command line leads to, sorted.

    :param changed: the files that ``--dagguard-changed`` leaves; None for all of them
    """
    named = [Path(config.invocation_params.dir, each.partition("::")[0]) for each in config.args]
    found = [path for path in dag_files(settings.dags) if any(path.is_relative_to(each) for each in named)]
    return [each for each in found if changed is None or each in changed]


def cache_of(config: pytest.Config, settings: Settings) -> Path | None:
    """The folder for what is kept from run to run, in pytest's own; None where the user wants none."""
    cache = getattr(config, "cache", None)
    if cache is None or settings.no_cache:
        return None
    try:
        found: Path = cache.mkdir("dagguard")
    except OSError:  # a repository that can only be read
        return None
    return found


EXCHANGE = "dagguard_exchange"
"""What pytest-xdist's workers are told the folder of that name in."""
LOCAL = pytest.StashKey[tuple[Session, Lab]]()


def local_lab(config: pytest.Config) -> tuple[Session, Lab]:
    """The laboratory of hand-written tests: one for all of them, it forks attempts from this process."""
    if LOCAL not in config.stash:
        session = session_of(settings_of(config))
        lab = Lab(session.options, local=True)
        config.stash[LOCAL] = (session, lab)
        config.add_cleanup(lab.close)
    return config.stash[LOCAL]


def shown(path: Path, root: Path) -> str:
    """A path as the user would type it."""
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
