from __future__ import annotations

import os
import platform
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from pytest_dagguard.isolation import machine
from pytest_dagguard.isolation.hidden import hidden_paths
from pytest_dagguard.isolation.layers import Layers

from .conftest import User, forbid_namespaces


@pytest.fixture
def scratch(ground: Path):
    """Makes a folder for an attempt."""

    def make(name: str) -> Path:
        folder = ground / "base" / name
        folder.mkdir(parents=True)
        folder.chmod(0o777)
        return folder

    return make


def moved(user: User, scratch: Path, keep, function):
    """What ``function`` returns on another machine, and which layers it had."""

    def body():
        layers = machine.another_machine(scratch, "worker-7", keep)
        return layers, function()

    return user.run(body)


@pytest.mark.parametrize("directory", ["/tmp", "/var/tmp", "/dev/shm"])
def test_what_one_attempt_leaves_the_next_does_not_find(user: User, ground: Path, scratch, directory: str):
    if not os.path.isdir(directory):
        directory = "/tmp"
    left = Path(directory, f"{ground.name}.left")
    layers, _ = moved(user, scratch("1"), [ground], lambda: left.write_text("here"))
    _, found = moved(user, scratch("2"), [ground], left.exists)
    on_host = left.exists()
    left.unlink(missing_ok=True)
    assert found is on_host is not layers.mounts


def test_subprocesses_live_on_the_same_machine(user: User, ground: Path, scratch):
    left = Path("/tmp", f"{ground.name}.left")

    def body():
        left.write_text("here")
        return subprocess.run(["sh", "-c", f"cat {left}; uname -n"], capture_output=True, text=True).stdout

    layers, found = moved(user, scratch("1"), [ground], body)
    left.unlink(missing_ok=True)
    assert found == f"here{'worker-7' if layers.hostname else platform.node()}\n"


def test_what_is_kept_is_visible_and_writable_where_it_was(user: User, ground: Path, scratch):
    repository, package = ground / "deep" / "repository", ground / "package"
    repository.mkdir(parents=True)
    repository.chmod(0o777)
    package.mkdir()
    (package / "module.py").write_text("x = 1")
    one = ground / "one.cfg"
    one.write_text("single")
    (ground / "not-kept").write_text("")
    link = ground / "link"
    link.symlink_to(repository)
    mine = scratch("1")

    def body():
        (link / "through-link").write_text("b")
        (repository / "made").write_text("a")
        (mine / "log").write_text("c")
        return (package / "module.py").read_text(), one.read_text(), (ground / "not-kept").exists()

    layers, found = moved(user, mine, [link, package, one, ground / "missing"], body)
    assert found == ("x = 1", "single", not layers.mounts)
    assert sorted(each.name for each in repository.iterdir()) == ["made", "through-link"]
    assert (mine / "log").read_text() == "c"


def test_the_working_folder_is_seen_from_the_new_machine(user: User, ground: Path, scratch):
    left = Path("/tmp", f"{ground.name}.left")
    left.write_text("")

    def body():
        os.chdir(ground)
        layers = machine.another_machine(scratch("1"), "worker-7", [ground])
        return layers, os.getcwd(), os.path.exists(f"../{left.name}")

    layers, folder, found = user.run(body)
    left.unlink()
    assert folder == str(ground)
    assert found is not layers.mounts


def test_a_folder_that_has_to_stay_is_not_replaced(user: User, ground: Path, scratch):
    layers, found = moved(user, scratch("1"), [Path("/tmp")], ground.exists)
    assert layers.mounts is False
    assert found


def test_the_host_name_is_the_attempts_own_and_resolves(user: User, scratch, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOSTNAME", "the-host")
    before = platform.uname().node  # remembered by platform from here on

    def body():
        address = socket.gethostbyname(socket.gethostname()) if socket.gethostname() == "worker-7" else ""
        return socket.gethostname(), platform.node(), os.environ["HOSTNAME"], address

    layers, found = moved(user, scratch("1"), [], body)
    if layers.hostname:
        assert found == ("worker-7", "worker-7", "worker-7", "127.0.0.1")
    else:
        assert found == (before, before, "the-host", "")
    assert socket.gethostname() == before


def test_credentials_in_the_real_home_are_hidden(user: User, ground: Path, scratch):
    home = ground / "home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "credentials").write_text("[default]")
    (home / ".netrc").write_text("machine example.com")
    (home / "kept.txt").write_text("kept")

    def body():
        os.environ["HOME"] = str(home)
        hidden_paths.cache_clear()
        layers = machine.another_machine(scratch("1"), "worker-7", [ground])
        return layers, os.listdir(home / ".aws"), (home / ".netrc").read_text(), (home / "kept.txt").read_text()

    layers, folder, netrc, kept = user.run(body)
    assert kept == "kept"
    assert (folder, netrc) == (([], "") if layers.mounts else (["credentials"], "machine example.com"))
    assert (home / ".netrc").read_text() == "machine example.com"


def test_nothing_stays_mounted(user: User, ground: Path, scratch):
    moved(user, scratch("1"), [ground], lambda: None)
    if os.path.exists("/proc/self/mounts"):
        assert ground.name not in Path("/proc/self/mounts").read_text()


def test_without_the_kernels_leave_it_says_so(user: User, ground: Path, scratch):
    left = Path("/tmp", f"{ground.name}.left")
    left.write_text("")

    def body():
        forbidden = forbid_namespaces()
        layers = machine.another_machine(scratch("1"), "worker-7", [ground])
        return forbidden, layers, left.exists()

    forbidden, layers, found = user.run(body)
    left.unlink()
    assert found is not layers.mounts
    assert not forbidden or layers == Layers()


def test_the_description_tells_what_is_missing():
    whole = Layers(network=True, mounts=True, hostname=True).describe()
    assert whole == "egress: network namespace, audit hook, proxy; own home, /tmp, host name"
    assert "not stopped" in Layers().describe()


def test_home_and_temporary_folder_are_the_attempts_own(user: User, scratch):
    mine = scratch("1")

    def body():
        os.environ.update(machine.scratch_environment(mine))
        return tempfile.gettempdir(), os.path.expanduser("~"), os.environ["XDG_CACHE_HOME"]

    temporary, home, cache = user.run(body)
    assert (temporary, home) == (str(mine / "tmp"), str(mine / "home"))
    assert cache.startswith(home)


def test_the_temporary_folder_is_called_tmp_where_that_is_the_attempts_own(user: User, scratch):
    mine = scratch("1")

    def body():
        layers = machine.another_machine(mine, "worker-7", [])
        os.environ.update(machine.scratch_environment(mine, layers))
        Path(tempfile.gettempdir(), "made").write_text("x")
        return layers, tempfile.gettempdir()

    layers, temporary = user.run(body)
    assert temporary == ("/tmp" if layers.mounts else str(mine / "tmp"))
    assert (mine / "tmp" / "made").read_text() == "x"
