"""Another machine: the attempt's own temporary folders, home and host name.

A retry in production lands on another worker, so what the first try left in ``/tmp`` is not there. The mount
namespace in which this happens dies with the attempt and its children; nothing is to be cleaned up.
"""

from __future__ import annotations

import contextlib
import functools
import os
import platform
import socket
import stat
import tempfile
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from pytest_dagguard.isolation import network, syscalls, trial
from pytest_dagguard.isolation.hidden import hidden_paths
from pytest_dagguard.isolation.layers import Layers

# directory -> name of its stand-in below the scratch folder
_TEMPORARY = {"/tmp": "tmp", "/var/tmp": "var-tmp", "/dev/shm": "volatile/shm"}
_VOLATILE = "volatile"
"""Folder for what is in memory on real machines too, and for a few small files of ours: gone with its namespace."""
# The broadcast address: the kernel refuses it at once to whoever has not asked for the right to broadcast, also in a
# network that has a way out (an address that merely should not exist was answered, by a router that catches port 53).
_RESOLVER = "nameserver 255.255.255.255\noptions timeout:1 attempts:1\n"


def another_machine(scratch: Path, hostname: str, keep: Sequence[Path]) -> Layers:
    """Make the calling process live on another machine, as far as the kernel permits.

    To be called in a child that was just forked, after :func:`~pytest_dagguard.isolation.network.enter`. An ordinary
    user's process gives up the capabilities that entering gave it.

    :param scratch: an existing folder of this attempt alone
    :param hostname: its host name, at most 64 characters
    :param keep: what must stay visible and writable where it is: the repository, Python, pytest's temporary folder;
        ``scratch`` need not be named
    :returns: which layers are in force
    """
    mounts = named = False
    if syscalls.LINUX and _separate():
        with contextlib.suppress(OSError):
            syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
            # Only now: in a mount namespace that is not private, each mount would show on the host.
            kept = _names(tuple(keep)) | _names((scratch,))
            _in_memory(os.path.join(scratch, _VOLATILE))
            mounts = _own_folders(scratch, kept)
            _hide(scratch, hostname, kept)
        with contextlib.suppress(OSError):
            socket.sethostname(hostname)
            named = True
            _forget_hostname(hostname)
    if network.enclosed() and os.geteuid() != 0:
        with contextlib.suppress(OSError):
            syscalls.drop_capabilities()
    return Layers(network=network.enclosed(), mounts=mounts, hostname=named)


def prepare(keep: Sequence[Path]) -> None:
    """Find out before forks what each of them would find out by itself, see :func:`another_machine`."""
    _names(tuple(keep))
    hidden_paths()


@functools.cache
def available() -> Layers:
    """Find out, in a child, which layers attempts will get here; for pytest's header."""
    if not syscalls.LINUX:
        return Layers()
    hidden_paths()  # asks for the user's home, which may take a directory service a while: once, before any fork

    with tempfile.TemporaryDirectory(prefix="dagguard-") as folder:

        def attempt() -> int:
            network.enclose_cloud()
            found = another_machine(Path(folder), "dagguard", [])
            return found.network | found.mounts << 1 | found.hostname << 2

        bits = trial.in_child(attempt)
    return Layers() if bits == 255 else Layers(bool(bits & 1), bool(bits & 2), bool(bits & 4))


def scratch_environment(scratch: Path, layers: Layers | None = None) -> dict[str, str]:
    """Make the attempt's home and temporary folder below ``scratch`` and forget where Python thought they were.

    :param scratch: an existing folder of this attempt alone
    :param layers: what :func:`another_machine` returned: where ``/tmp`` is the attempt's own it is used by that
        name, because a path below pytest's folder is too long for the Unix sockets that programs put there
    :returns: the variables to set
    """
    folders = {
        "HOME": "home",
        "TMPDIR": "tmp",
        "XDG_CONFIG_HOME": "home/.config",
        "XDG_CACHE_HOME": "home/.cache",
        "XDG_DATA_HOME": "home/.local/share",
        "XDG_STATE_HOME": "home/.local/state",
        "XDG_RUNTIME_DIR": f"{_VOLATILE}/run",
    }
    variables = {}
    for name, below in folders.items():
        variables[name] = os.path.join(scratch, below)
        if not name.startswith("XDG_") or name == "XDG_RUNTIME_DIR":  # the others are made by whoever wants them
            os.makedirs(variables[name], mode=0o700, exist_ok=True)
    if layers is not None and layers.mounts:
        variables["TMPDIR"] = "/tmp"
    variables["TMP"] = variables["TEMP"] = variables["TMPDIR"]
    tempfile.tempdir = None
    return variables


def _separate() -> bool:
    """Unshare the mount and host-name namespaces, with a user namespace around them where it takes one."""
    flags = syscalls.CLONE_NEWNS | syscalls.CLONE_NEWUTS
    try:
        syscalls.unshare(flags)
    except OSError:
        if not _user_namespace_works():
            return False
        network.new_user_namespace(flags)
    return True


@functools.cache
def _user_namespace_works() -> bool:
    def attempt() -> int:
        network.new_user_namespace(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWUTS)
        return 0

    return trial.in_child(attempt) == 0


@functools.lru_cache(maxsize=64)
def _names(keep: tuple[Path, ...]) -> frozenset[str]:
    """Both the names by which they are known and the places that links in them lead to."""
    return frozenset(found(each) for each in keep for found in (os.path.abspath, os.path.realpath))


def _in_memory(folder: str) -> None:
    """Make a folder that is in memory, where that is permitted."""
    os.makedirs(folder, exist_ok=True)
    with contextlib.suppress(OSError):
        syscalls.mount("dagguard", folder, "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "mode=0755")


def _own_folders(scratch: Path, keep: Collection[str]) -> bool:
    """Put stand-ins over the temporary folders; say whether that worked for all of them."""
    whole = True
    prepared: dict[str, str] = {}
    for directory, name in _TEMPORARY.items():
        real = os.path.realpath(directory)
        if real in prepared or not os.path.isdir(real):
            continue
        stand_in = os.path.join(scratch, name)
        os.makedirs(stand_in, exist_ok=True)
        os.chmod(stand_in, 0o1777)
        try:
            _carry_over(real, stand_in, keep)
        except OSError:
            whole = False
            continue
        prepared[real] = stand_in
    # All stand-ins are complete before the first one covers what they are made from.
    for real, stand_in in prepared.items():
        try:
            syscalls.bind(stand_in, real)
        except OSError:
            whole = False
    with contextlib.suppress(OSError):
        # the working folder, as it is seen now: the old one has the host's folders above it
        os.chdir(os.getcwd())
    return whole


def _carry_over(directory: str, stand_in: str, keep: Collection[str]) -> None:
    """Show in the stand-in what has to stay visible in the directory.

    :raises OSError: not possible, for one because the directory itself has to
    """
    if any(_lies_below(directory, each) for each in keep):
        raise OSError(f"{directory} cannot be replaced, since it is among what has to stay")
    for path in _outermost(each for each in keep if _lies_below(each, directory)):
        target = stand_in + path[len(directory) :]
        if os.path.isdir(path):
            os.makedirs(target, exist_ok=True)
        elif os.path.exists(path):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "ab"):
                pass
        else:
            continue
        syscalls.bind(path, target)


def _outermost(paths: Iterable[str]) -> list[str]:
    found: list[str] = []
    for path in sorted(paths):
        if not any(_lies_below(path, each) for each in found):
            found.append(path)
    return found


def _lies_below(path: str, directory: str) -> bool:
    """Say whether ``path`` is ``directory`` or lies in it."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def _hide(scratch: Path, hostname: str, keep: Collection[str]) -> None:
    """Cover credential files and the sockets of local services, and let no name but the attempt's own resolve."""
    nothing = os.path.join(scratch, _VOLATILE, "nothing")
    os.makedirs(nothing, exist_ok=True)
    for path in hidden_paths():
        try:
            mode = os.stat(path).st_mode
            if not any(_lies_below(each, os.path.realpath(path)) for each in keep):
                syscalls.bind(nothing if stat.S_ISDIR(mode) else os.devnull, path)
        except OSError:
            continue  # most of them do not exist; the home and the variables are the attempt's own in any case
    names = f"127.0.0.1 localhost {hostname}\n::1 localhost ip6-localhost ip6-loopback\n"
    for path, text in (("/etc/hosts", names), ("/etc/resolv.conf", _RESOLVER)):
        ours = os.path.join(scratch, _VOLATILE, os.path.basename(path))
        with open(ours, "wb", buffering=0) as file:
            file.write(text.encode())
        with contextlib.suppress(OSError):
            syscalls.bind(ours, path)


def _forget_hostname(hostname: str) -> None:
    """Replace what the parent remembered of the host's name."""
    if "HOSTNAME" in os.environ:
        os.environ["HOSTNAME"] = hostname
    if hasattr(platform, "_uname_cache"):  # platform.invalidate_caches() is new in Python 3.14
        platform._uname_cache = None
