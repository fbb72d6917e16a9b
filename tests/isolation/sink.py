"""A network namespace whose only way out leads to a sink that writes down each packet, and the laboratory in it.

``unshare --user --map-root-user --net --mount python sink.py drive FOLDER``: what came of it is in FOLDER/found.json.
All addresses are of these namespaces alone; they are connected to nothing else.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
DAG = """
import os, subprocess, sys
from airflow.sdk import DAG, task
import ways_out

if os.environ.get("WAYS_OUT_AT") == "load":
    ways_out.run("load")

with DAG("d", schedule=None):
    @task
    def t():
        ways_out.run("task")
        # another program: no audit hook of this process is in it
        subprocess.run([sys.executable, ways_out.__file__, "program"], check=True)
    t()
"""


def sniff(log: str) -> None:
    """Write a line for each packet that arrives."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as all_packets, open(log, "w") as file:
        print("ready", flush=True)
        while True:
            packet, address = all_packets.recvfrom(65535)
            # when an interface comes up the kernel tells its neighbours, some time later, which groups it is in
            membership = packet[12:14] == b"\x86\xdd" and packet[38:54] == socket.inet_pton(socket.AF_INET6, "ff02::16")
            if address[0] == "sink" and address[2] != socket.PACKET_OUTGOING and not membership:
                file.write(f"{packet[12:14].hex()} {packet[14:60].hex()}\n")
                file.flush()


def ip(*words: str, inside: int = 0) -> None:
    enter = ["nsenter", "-t", str(inside), "-n"] if inside else []
    subprocess.run([*enter, "ip", *words], check=True)


def connect(log: Path) -> subprocess.Popen[str]:
    """Make the pair of interfaces and start the sink; the default routes lead to it."""
    process = subprocess.Popen(
        ["unshare", "--net", sys.executable, __file__, "sniff", str(log)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    ip("link", "set", "lo", "up")
    ip(
        "link",
        "add",
        "out",
        "address",
        "02:00:00:00:00:01",
        "type",
        "veth",
        "peer",
        "name",
        "sink",
        "address",
        "02:00:00:00:00:02",
    )
    ip("link", "set", "sink", "netns", str(process.pid))
    for name, last, inside in (("out", "1", 0), ("sink", "2", process.pid)):
        # no address of its own making, and so no packets of the kernel's own making
        ip("link", "set", name, "addrgenmode", "none", inside=inside)
        ip("addr", "add", f"198.51.100.{last}/24", "dev", name, inside=inside)
        ip("-6", "addr", "add", f"2001:db8::{last}/64", "dev", name, "nodad", inside=inside)
        ip("link", "set", name, "up", inside=inside)
    for address in ("198.51.100.2", "2001:db8::2"):
        ip("neigh", "add", address, "lladdr", "02:00:00:00:00:02", "dev", "out", "nud", "permanent")
    ip("route", "add", "default", "via", "198.51.100.2")
    ip("-6", "route", "add", "default", "via", "2001:db8::2")
    return process


def packets(log: Path) -> list[str]:
    time.sleep(0.5)  # what is on its way arrives
    return log.read_text().splitlines()


def drive(folder: Path) -> None:
    resolver = folder / "resolv.conf"
    resolver.write_text("nameserver 198.51.100.2\noptions timeout:1 attempts:1\n")
    subprocess.run(["mount", "--bind", str(resolver), os.path.realpath("/etc/resolv.conf")], check=True)
    log = folder / "packets"
    sink = connect(log)
    try:
        noise = len(packets(log))
        found = laboratory(folder)
        leaked = packets(log)[noise:]
        control(folder)
        seen = len(packets(log)) - noise - len(leaked)
    finally:
        sink.kill()
        sink.wait()
    tried = {each.name: len(each.read_text().splitlines()) for each in (folder / "tried").iterdir()}
    (folder / "found.json").write_text(json.dumps({"leaked": leaked, "control": seen, "tried": tried, **found}))


def laboratory(folder: Path) -> dict[str, object]:
    """Load the DAG file and run its task, as a run does, to the end whatever was refused."""
    from pytest_dagguard.engine.lab import Lab, Options, Subject
    from pytest_dagguard.model.seed import Seed

    dags = folder / "dags"
    dags.mkdir()
    (folder / "tried").mkdir()
    shutil.copy(HERE / "ways_out.py", dags)
    path = dags / "d.py"
    path.write_text(DAG)
    environment = {"WAYS_OUT_LOG": str(folder / "tried"), "WAYS_OUT_AT": "load"}
    options = Options(folder, (dags,), Seed(), environment=environment, load_timeout=300.0)
    results = {}
    for where in ("load", "task"):
        environment["WAYS_OUT_AT"] = where
        lab = Lab(options)
        try:
            lab.start()
            results["layers"] = lab.confinement()
            if where == "load":
                loaded = lab.load(path)
                results["load_errors"] = [each.message for each in loaded.errors]
                continue
            lab.cloud.call("restore", lab.origin)
            subject = Subject(str(path), "d", "t", "manual__2024-01-01", tasks=("t",))
            lab.actors.launch(subject, "attempt 1", 1, 0, 0.0, False, 0)
            lab.cloud.call("allow", "attempt 1", None)
            event = lab.actors._next_of("attempt 1", time.monotonic() + 600)
            assert event is not None
            results["state"], results["error"] = event[2].state, event[2].error
        finally:
            lab.close()
    return results


def control(folder: Path) -> None:
    """The same without the plugin: the sink does hear of it."""
    with socket.socket(type=socket.SOCK_DGRAM) as made:
        made.sendto(b"x", ("93.184.216.34", 53))
    with socket.socket() as made:
        made.setblocking(False)
        made.connect_ex(("93.184.216.34", 80))
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as made:
        made.sendto(b"x", ("2001:db8::2", 53))
    subprocess.run(["timeout", "3", "getent", "hosts", "example.com"])


if __name__ == "__main__":
    {"sniff": sniff, "drive": lambda folder: drive(Path(folder))}[sys.argv[1]](sys.argv[2])
