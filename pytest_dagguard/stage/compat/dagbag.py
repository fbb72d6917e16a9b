"""Loading one DAG file as an Airflow worker does. Airflow 3.2 moved ``DagBag`` out of ``airflow.models``."""

from __future__ import annotations

import contextlib
import faulthandler
import inspect
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def _segfaults_end() -> Iterator[None]:
    """Have a crash in C end the process, with the stack in its log.

    Airflow sets a handler in Python for it, and Python runs those between two of its own instructions: after a real
    crash the instruction in C is begun again and again, and nothing ends.
    """
    set_handler = signal.signal

    def set_others(number: int, handler: Any) -> Any:
        return None if number == signal.SIGSEGV else set_handler(number, handler)

    signal.signal = set_others  # type: ignore[assignment]
    faulthandler.enable(file=2)
    try:
        yield
    finally:
        signal.signal = set_handler


def load(path: str) -> tuple[dict[str, Any], list[str], list[str]]:
    """Execute a DAG file.

    :returns: dag_id -> DAG, the texts (mostly tracebacks) of what went wrong, and warnings as
        ``file:line: class: text``
    """
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:  # Airflow 3.0 and 3.1
        from airflow.models.dagbag import DagBag

    known = inspect.signature(DagBag.__init__).parameters
    arguments: dict[str, Any] = {"dag_folder": path, "collect_dags": False, "load_op_links": False}
    if "include_examples" in known:
        arguments["include_examples"] = False
    if "bundle_path" in known:
        arguments["bundle_path"] = Path(path).parent
    bag = DagBag(**{key: value for key, value in arguments.items() if key in known})
    with _segfaults_end():
        bag.process_file(path, only_if_updated=False, safe_mode=False)
    warned = [text for texts in getattr(bag, "captured_warnings", {}).values() for text in texts]
    return dict(bag.dags), [str(text) for text in bag.import_errors.values()], warned
