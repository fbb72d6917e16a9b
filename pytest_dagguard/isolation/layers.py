"""Which of the layers that keep an attempt to itself are in force."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layers:
    """What the kernel granted.

    The audit hook, the proxy variables, the hidden credentials and the attempt's own home need nobody's leave and
    are always there; they are named in the description but have no field.

    :param network: the attempt lives in the cloud's network namespace: nothing but its loopback exists
    :param mounts: ``/tmp``, ``/var/tmp`` and ``/dev/shm`` are the attempt's own
    :param hostname: the host name is the attempt's own
    """

    network: bool = False
    mounts: bool = False
    hostname: bool = False

    def describe(self) -> str:
        """One line for pytest's header."""
        egress = ["network namespace"] if self.network else []
        machine = ["home"]
        if self.mounts:
            machine.append("/tmp")
        if self.hostname:
            machine.append("host name")
        text = f"egress: {', '.join([*egress, 'audit hook', 'proxy'])}; own {', '.join(machine)}"
        if not self.network:
            text += "; subprocesses that ignore proxies are not stopped (no network namespaces here)"
        return text
