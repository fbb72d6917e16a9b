from __future__ import annotations

import pickle

from pytest_dagguard.model.errors import DagguardError, NotEmulated


def test_a_request_that_is_not_emulated_names_service_call_and_remedy() -> None:
    assert str(NotEmulated("glue", "StartJobRun", "wait for it")) == "glue StartJobRun is not emulated: wait for it"
    assert str(NotEmulated("glue", "StartJobRun")) == "glue StartJobRun is not emulated"


def test_it_crosses_a_process_border() -> None:
    back = pickle.loads(pickle.dumps(NotEmulated("glue", "StartJobRun", "wait")))
    assert isinstance(back, DagguardError)
    assert (back.service, back.what, back.unlock) == ("glue", "StartJobRun", "wait")
