"""The client of the Execution API: one is made before the forks, and each fork points its copy at its own port."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

import httpx
from airflow.sdk.api.client import Client

from pytest_dagguard.stage.loopback import Headers, Loopback

_NOWHERE = "http://127.0.0.1:1/execution/"
_PLAIN = re.compile(r"[A-Za-z0-9_.~/-]+")
"""Paths that are in a URL what they are."""
_COMMON = frozenset({"content", "json", "params"})
_made: list[Any] = []


class Straight(Client):  # type: ignore[misc]
    """Airflow's client, whose requests go to the emulator as they are.

    httpx makes of a request what authentication, redirects, cookies and the rest of the web may want of it: that was a
    tenth of what a fork with an empty task did, where two processes of ours talk to each other. What is out of the
    ordinary goes that way still, and what is refused is told by Airflow's own hooks.
    """

    link: Loopback
    server = ("127.0.0.1", 1)
    prefix = "/execution/"
    whole = _NOWHERE

    def request(self, method: str, url: Any, **given: Any) -> httpx.Response:
        """As Airflow's client does; see :meth:`httpx.Client.request`."""
        default = httpx.USE_CLIENT_DEFAULT
        asked = {name: value for name, value in given.items() if value is not None and value is not default}
        content = asked.get("content", b"")
        plain = isinstance(url, str) and _PLAIN.fullmatch(url) and isinstance(content, (str, bytes))
        if not plain or not asked.keys() <= _COMMON:
            self.base_url = self.whole
            found: httpx.Response = super().request(method, url, **given)
            return found
        target = self.prefix + url.lstrip("/")
        if "params" in asked:
            target += f"?{httpx.QueryParams(asked['params'])}"
        if "json" in asked:  # as httpx writes it
            content = json.dumps(asked["json"], ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        body = content.encode() if isinstance(content, str) else content
        what = method.encode(), target.encode(), self._straight_headers(body, asked.keys() & {"content", "json"}), body
        status, headers, answer = self.link.ask(self.server, what, self.timeout.as_dict())
        response = httpx.Response(status, headers=headers, content=answer)
        if not response.is_success:
            self.base_url = self.whole
            response.request = self.build_request(method, url, **asked)  # which the hooks look at
            for each in self.event_hooks["response"]:
                each(response)
        return response

    def _straight_headers(self, body: bytes, sent: object) -> Headers:
        found = [
            (b"host", b"%s:%d" % (self.server[0].encode(), self.server[1])),
            (b"authorization", b"Bearer dagguard"),
        ]
        found += [each for each in self.headers.raw if each[0].lower() in (b"airflow-api-version", b"user-agent")]
        if sent:
            found += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        return found


def prepare() -> None:
    """Make a client for the forks to come. It has no connection, so that they share nothing but what it is made of."""
    if not _made:
        _made.append(_new())


def lend(link: Loopback) -> None:
    """Have the next client that is asked for use this link."""
    _made.append(_new(link))


def connect(url: str) -> Any:
    """A client that no other process uses.

    :param url: of the emulator
    """
    client = _made.pop() if _made else _new()
    client.whole = url + client.prefix  # httpx takes it apart when it is the first to need it
    parts = urlsplit(url)
    client.server = parts.hostname or "", parts.port or 80
    return client


def _new(link: Loopback | None = None) -> Straight:
    # Neither proxies nor certificates of the environment: it talks to the loopback. To read the certificates that it
    # will not need takes 20 ms.
    link = link or Loopback()
    client = Straight(base_url=_NOWHERE, token="dagguard", trust_env=False, transport=link)
    client.link = link
    return client
