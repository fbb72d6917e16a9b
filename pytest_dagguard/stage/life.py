"""A pod or an external job, in a process of its own: it does what the configuration says, and leaves an exit code."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pytest_dagguard.model.attempt import LifeSpec
from pytest_dagguard.model.life import RUN, Death
from pytest_dagguard.stage import virtual
from pytest_dagguard.stage.compat import kubernetes, managed_kubernetes
from pytest_dagguard.stage.load import newest_module, third_party
from pytest_dagguard.stage.machine import Place, move_in
from pytest_dagguard.stage.output import Kept, Lines, Output, relay


def run(spec: LifeSpec, place: Place, machine: str) -> Death:
    """Live it to its end in this process.

    :param machine: name of the machine that this process becomes
    """
    endpoints = dict(spec.endpoints)
    move_in(place, machine, endpoints, dict(spec.environment))
    kubernetes.find()
    managed_kubernetes.lead_here()
    before = newest_module()
    with virtual.running(endpoints["clock"], spec.clock_shift, spec.now):
        death = _command(spec) if spec.birth.behaviour == RUN else _function(spec)
    return replace(death, modules=third_party(before, place.root))


def _command(spec: LifeSpec) -> Death:
    facts = spec.birth.facts
    mounts = sorted(facts.get("mounts", {}).items(), key=lambda each: -len(each[0]))

    def here(text: str) -> str:
        for inside, folder in mounts:
            text = text.replace(inside, folder)
        return text

    words = [here(each) for each in (*facts.get("command", ()), *facts.get("args", ()))]
    if not words:
        return Death(127, ("the container has neither command nor args, and its image is not here",))
    # A worker's processes are kept from the metadata database by a URL that Airflow itself cannot read. A container is
    # none of them: the Airflow of its image is imported as anywhere else.
    own = {name: value for name, value in os.environ.items() if not name.endswith("__SQL_ALCHEMY_CONN")}
    environment = {**own, **{str(name): here(str(value)) for name, value in facts.get("env", {}).items()}}
    work = here(str(facts.get("working_dir") or "")) or None
    try:
        program = subprocess.Popen(words, env=environment, cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError as error:
        return Death(127, (f"{words[0]}: {error.strerror or error}",), error=f"{type(error).__name__}: {error}")
    port, kept = dict(spec.endpoints).get("output"), Kept()
    with program:
        lines = Lines(Output(port) if port else kept)
        relay(program, lines)
        lines.finish()
    code = program.returncode if program.returncode >= 0 else 128 - program.returncode
    return Death(code, tuple(kept.lines), _left_xcom(dict(mounts)))


def _left_xcom(mounts: Mapping[str, str]) -> str | None:
    """What a container has left for the XCom sidecar."""
    folder = mounts.get("/airflow/xcom")
    file = Path(folder, "return.json") if folder else None
    return file.read_text("utf-8", "replace") if file is not None and file.is_file() else None


def _function(spec: LifeSpec) -> Death:
    output = Output(dict(spec.endpoints)["output"])
    out, err = Lines(output), Lines(output)
    left: dict[str, str] = {}
    subject = SimpleNamespace(**spec.birth.facts)
    subject.log = lambda text="": output.tell(str(text).removesuffix("\n").encode("utf-8", "replace"))
    subject.xcom = lambda value: left.update(xcom=json.dumps(value))
    os.environ.update({str(name): str(value) for name, value in spec.birth.facts.get("env", {}).items()})
    code, error = 0, ""
    try:
        function = _find(spec.birth.behaviour)
    except Exception as missing:  # noqa: BLE001 - whatever keeps it from being imported is for the user to mend
        what = f"{spec.birth.behaviour}, which stands for {spec.birth.actor}, cannot be imported"
        return Death(1, problem=f"{what}: {type(missing).__name__}: {missing}")
    try:
        with contextlib.redirect_stdout(out.text()), contextlib.redirect_stderr(err.text()):
            found = function(subject)
        code = found if isinstance(found, int) else 0
    except SystemExit as left_early:
        code = left_early.code if isinstance(left_early.code, int) else int(left_early.code is not None)
    except BaseException as broken:  # noqa: BLE001 - an exception is a failed container or job
        code, error = 1, f"{type(broken).__name__}: {broken}"
        err.write(traceback.format_exc().encode("utf-8", "replace"))
    out.finish()
    err.finish()
    return Death(code, (), left.get("xcom"), error)


def _find(name: str) -> Callable[[Any], Any]:
    """The user's function.

    :param name: ``module:function`` or ``module.function``
    """
    import importlib

    module, _, function = name.replace(":", ".").rpartition(".")
    if module not in sys.modules:
        importlib.import_module(module)
    found: Callable[[Any], Any] = getattr(sys.modules[module], function)
    return found
