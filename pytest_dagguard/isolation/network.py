"""The network of the emulated cloud: a namespace with a loopback and nothing else.

The cloud process makes it, the attempts enter it. It is the one layer that holds for every program an attempt may
start, whatever library or language it uses.
"""

from __future__ import annotations

import fcntl
import functools
import os
import socket
import struct
import sys

from pytest_dagguard.isolation import syscalls, trial

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1

_enclosed = False


def enclosed() -> bool:
    """Say whether this process (or the one it was forked from) has moved into the cloud's network."""
    return _enclosed


def enclose_cloud() -> bool:
    """Move the calling process into a new network namespace in which only ``lo`` exists, and bring that up.

    To be called once, while the process has a single thread. It is tried in a forked child first: a namespace whose
    ``lo`` cannot be brought up (Ubuntu's AppArmor restriction, for one) would leave the process without any network,
    and there is no way back for an ordinary user.

    :returns: False where the kernel does not permit it; the process is then as it was
    """
    global _enclosed
    if not syscalls.LINUX:
        return False
    for new_user in (False, True):
        if trial.in_child(functools.partial(_unshare, new_user)) == 0:
            _unshare(new_user)
            _enclosed = True
            return True
    return False


def enter(pid: int) -> bool:
    """Move the calling process into the user and network namespaces of the cloud process.

    To be called in a child that was just forked: it must have a single thread. Whoever enters another user namespace
    holds all capabilities *there*, which :func:`~pytest_dagguard.isolation.machine.another_machine` needs and then
    gives up.

    :param pid: the cloud process
    :returns: False where the cloud is not enclosed, or where it was not possible: with an enclosed cloud nothing must
        run in this process then, for the world is within its reach and the cloud is not
    """
    global _enclosed
    if not syscalls.LINUX:
        return False
    try:
        flags = 0 if _same(pid, "user") else syscalls.CLONE_NEWUSER
        flags |= 0 if _same(pid, "net") else syscalls.CLONE_NEWNET
        if not flags:
            return _enclosed
        _enter(pid, flags)
    except OSError:
        return False
    _enclosed = True
    return True


def _same(pid: int, kind: str) -> bool:
    return os.readlink(f"/proc/{pid}/ns/{kind}") == os.readlink(f"/proc/self/ns/{kind}")


def _enter(pid: int, flags: int) -> None:
    if sys.platform == "linux":
        try:
            descriptor = os.pidfd_open(pid)
            try:
                # all of them or none, from Linux 5.8
                syscalls.setns(descriptor, flags)
            finally:
                os.close(descriptor)
            return
        except OSError:
            pass
    # Older kernels: one after the other, but both are opened from outside, where /proc is sure to show them.
    opened = [(os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY), flag) for kind, flag in _kinds(flags)]
    try:
        for descriptor, flag in opened:
            syscalls.setns(descriptor, flag)
    finally:
        for descriptor, _ in opened:
            os.close(descriptor)


def _kinds(flags: int) -> list[tuple[str, int]]:
    known = (("user", syscalls.CLONE_NEWUSER), ("net", syscalls.CLONE_NEWNET))
    return [(kind, flag) for kind, flag in known if flags & flag]


def _unshare(new_user: bool) -> int:
    if new_user:
        new_user_namespace(syscalls.CLONE_NEWNET)
    else:
        syscalls.unshare(syscalls.CLONE_NEWNET)
    _bring_up("lo")
    return 0


def new_user_namespace(flags: int) -> None:
    """Make a user namespace in which user and group keep their numbers, together with those that ``flags`` name.

    :raises OSError: not permitted
    """
    user, group = os.geteuid(), os.getegid()
    syscalls.unshare(syscalls.CLONE_NEWUSER | flags)
    # The kernel takes a group map from an ordinary user only once setgroups is off.
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "wb") as file:
            file.write(text.encode())


def _bring_up(interface: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", interface.encode(), 0)
        (flags,) = struct.unpack_from("h", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request), 16)
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", interface.encode(), flags | _IFF_UP))
