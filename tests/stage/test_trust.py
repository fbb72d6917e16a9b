"""Certificates in an attempt."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme

from pytest_dagguard.stage import trust


@pytest.fixture(autouse=True)
def file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """What the user's environment trusts."""
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", ssl.SSLContext.load_default_certs)
    path = str(tmp_path / "ca.pem")
    trustme.CA().cert_pem.write_to_path(path)
    monkeypatch.setenv("SSL_CERT_FILE", path)
    return path


def test_a_context_trusts_nobody_by_default(file: str) -> None:
    trust.only_given(())
    context = ssl.create_default_context()
    assert context.get_ca_certs() == []
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert len(ssl.create_default_context(cafile=file).get_ca_certs()) == 1


def test_a_context_trusts_whom_a_variable_of_the_attempt_names() -> None:
    trust.only_given({"SSL_CERT_FILE"})
    assert len(ssl.create_default_context().get_ca_certs()) == 1
