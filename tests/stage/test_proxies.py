"""Proxies are what Python makes of the environment, whenever it is asked."""

from __future__ import annotations

import os
from urllib import request

import pytest

from pytest_dagguard.stage import proxies


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch):
    usual = request.getproxies_environment
    while hasattr(usual, proxies._MARK):  # a laboratory of another test has been here
        usual = usual.__closure__[0].cell_contents
    for name in ("getproxies_environment", "getproxies"):
        monkeypatch.setattr(request, name, usual)
    for name in [each for each in os.environ if each.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    proxies.remember()
    assert request.getproxies is request.getproxies_environment is not usual
    return lambda: (request.getproxies(), usual())


def test_they_follow_the_environment(both, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("HTTP_PROXY", "http://a"),
        ("http_proxy", "http://b"),
        ("No_Proxy", "localhost"),
        ("https_proxy", ""),
        ("HTTPS_PROXY", "http://c"),
        ("REQUEST_METHOD", "GET"),
        ("ALL_PROXY", "http://d"),
    ):
        monkeypatch.setenv(name, value)
        found, usual = both()
        assert found == usual
    monkeypatch.delenv("http_proxy")
    assert both()[0] == both()[1] == {"no": "localhost", "all": "http://d"}


def test_what_one_does_to_the_answer_nobody_else_sees(both, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://a")
    both()[0].clear()
    assert both()[0] == {"http": "http://a"}


def test_an_environment_of_somebodys_own_is_asked_itself(both, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"ftp_proxy": "http://x"})
    assert both() == ({"ftp": "http://x"}, {"ftp": "http://x"})
