"""Turning a forked child into another machine: its own folders, host name and network, and no way out."""

from __future__ import annotations

import functools
import os
import random
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pytest_dagguard.isolation import bounds, egress, environment, machine, network, processes
from pytest_dagguard.model.limits import Limits


class Exposed(RuntimeError):
    """The emulators are closed in and this process is not: the world would be within its reach."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the repository and the cloud are; the same for all children of a run.

    :param root: the repository
    :param paths: import paths to append, the DAG folders among them
    :param scratch: folder for everything that is written
    :param cloud_pid: process whose network namespace is the cloud's, 0 where it has none of its own
    :param environment: variables of the user's configuration
    :param limits: how much of this machine a child may use
    """

    root: str
    paths: tuple[str, ...]
    scratch: str
    cloud_pid: int
    environment: tuple[tuple[str, str], ...] = ()
    limits: Limits = field(default_factory=Limits)

    @property
    def keep(self) -> tuple[Path, ...]:
        """Folders that stay visible although they may lie below a temporary folder."""
        return _existing(self.root, self.scratch, *self.paths, *sys.path, sys.prefix, sys.base_prefix, __file__)


@functools.lru_cache(maxsize=8)
def _existing(*names: str) -> tuple[Path, ...]:
    return tuple(Path(each) for each in dict.fromkeys(names) if each and os.path.exists(each))


def prepare(place: Place) -> None:
    """Find out before forks what each of them would find out by itself."""
    machine.prepare(place.keep)


_settled: dict[str, dict[str, str]] = {}


def settle_in(place: Place, name: str) -> dict[str, str]:
    """Give this just-forked process namespaces and folders of its own: all that needs no knowledge of what it will do.

    :param name: unique name, also the host's
    :returns: variables to set
    :raises Exposed: it cannot be closed in
    """
    if name not in _settled:
        home = Path(place.scratch, name)
        home.mkdir(parents=True, exist_ok=True)
        if place.cloud_pid and not network.enter(place.cloud_pid):
            raise Exposed("this process could not enter the network namespace of the emulators, so it does not run")
        layers = machine.another_machine(home, f"worker-{name}", list(place.keep))
        processes.die_with_parent()
        bounds.apply(place.limits)
        _settled[name] = machine.scratch_environment(home, layers)
    return _settled[name]


def move_in(place: Place, name: str, endpoints: Mapping[str, str], variables: Mapping[str, str]) -> Path:
    """Make this forked process a machine of its own.

    :param name: unique name, also the host's
    :returns: the file in which refused connections are recorded
    """
    home = Path(place.scratch, name)
    folders = settle_in(place, name)
    os.environ.update(variables)
    os.environ.update(environment.no_metadata())
    os.environ.update(dict(place.environment))
    os.environ.update(folders)
    os.environ[processes.MARKER] = name
    if "egress" in endpoints:
        os.environ.update(environment.no_proxy_out(endpoints["egress"]))
    tempfile.tempdir = None
    work = home / "work"
    work.mkdir(exist_ok=True)
    os.chdir(work)
    record = home / "egress"
    egress.install(egress.recorder(record))
    random.seed()
    return record
