"""What Kubernetes' own client has to be helped with in an attempt."""

from __future__ import annotations

import os

import pytest

from pytest_dagguard.stage.compat.kubernetes import heed_no_proxy


class Forgetful:
    """As the client of version 35.0 has it."""

    def __init__(self) -> None:
        self.proxy = os.environ.get("HTTPS_PROXY")
        self.no_proxy = os.environ.get("NO_PROXY")
        self.no_proxy = None


@pytest.mark.parametrize(("proxy", "heeded"), [("http://127.0.0.1:9", "127.0.0.1,localhost"), ("", None)])
def test_where_a_proxy_is_set_what_does_without_it_is_heeded(
    monkeypatch: pytest.MonkeyPatch, proxy: str, heeded: str | None
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    kind = type("Configuration", (Forgetful,), {"__init__": lambda self: Forgetful.__init__(self)})
    heed_no_proxy(kind)
    heed_no_proxy(kind)
    assert kind().no_proxy == heeded
