"""Which proxies the environment names: asked several times by each client, of an environment of a hundred variables.

Python decodes all of them, twice, each time. What it makes of them depends on those that name a proxy.
"""

from __future__ import annotations

import os
from typing import Any
from urllib import request

_MARK = "dagguard"


def remember() -> None:
    """Have Python keep what it found. To be called before libraries are imported that take the function by name."""
    find: Any = getattr(request, "getproxies_environment", None)
    if find is None or hasattr(find, _MARK):
        return
    known: dict[tuple[Any, ...], dict[str, str]] = {}

    def getproxies_environment() -> dict[str, str]:
        raw: Any = getattr(os.environ, "_data", None)
        if type(raw) is not dict:  # somebody's own, or one that notes who asks
            found: dict[str, str] = find()
            return found
        named = tuple((name, value) for name, value in raw.items() if name[-6:].lower() == b"_proxy")
        key = (*named, b"REQUEST_METHOD" in raw)
        if key not in known:
            known[key] = find()
        return dict(known[key])

    setattr(getproxies_environment, _MARK, True)
    parts = vars(request)
    if parts["getproxies"] is find:  # on macOS and Windows it asks the system
        parts["getproxies"] = getproxies_environment
    parts["getproxies_environment"] = getproxies_environment
