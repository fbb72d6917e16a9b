"""What botocore works out for each session and each client, worked out once in the stage instead of in each attempt.

What a client does is not touched. What is kept is the content of files that ship with the library, and the results of
functions that depend on nothing but their arguments.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
from collections.abc import Callable, Iterator
from types import FunctionType, MethodType
from typing import Any

from pytest_dagguard.stage import boto_parts

_MARK = "dagguard"
_refill: list[Callable[[], None]] = []


def remember() -> None:
    """Keep what is found out from now on, and find out what every S3 client needs. Again: nothing happens."""
    from botocore import client, endpoint_provider, handlers, hooks, httpsession, loaders, session

    if hasattr(loaders.JSONFileLoader.load_file, _MARK):
        return
    kept = _remember_files(loaders)
    with contextlib.suppress(AttributeError):  # a version of botocore that has other parts does without
        boto_parts.remember_rules(endpoint_provider, kept)
        boto_parts.remember_methods(client, kept)
        _refill.append(boto_parts.remember_contexts(httpsession))
        _refill.append(boto_parts.remember_sessions(session, handlers))
    _remember_event_names(hooks)
    hooks.accepts_kwargs = _quick_accepts_kwargs(hooks.accepts_kwargs)
    with contextlib.suppress(Exception):
        _rehearse()
    refill()


def refill() -> None:
    """Have at hand again what forks take one by one. Before each fork that follows a use of botocore here."""
    for each in _refill:
        each()


def _remember_files(loaders: Any) -> Callable[[Any], bool]:
    """Keep decoded description files and folder listings, of those that ship with the libraries.

    :returns: says whether something is the content, or a part of the content, of a file that is kept
    """
    read = loaders.JSONFileLoader.load_file
    kept: dict[str, Any] = {}
    parts: set[int] = set()

    def load_file(self: Any, file_path: str) -> Any:
        if file_path not in kept:
            found = read(self, file_path)
            if found is None or not _ships(file_path):
                return found
            kept[file_path] = found
            parts.update(map(id, (found, *found.values())))
        return kept[file_path]

    setattr(load_file, _MARK, True)
    loaders.JSONFileLoader.load_file = load_file
    listings = loaders.Loader.list_available_services
    listed: dict[tuple[Any, ...], list[str]] = {}

    def list_available_services(self: Any, type_name: str) -> list[str]:
        key = (type_name, *filter(os.path.isdir, self.search_paths))
        if not all(map(_ships, key[1:])):
            found: list[str] = listings(self, type_name)
            return found
        if key not in listed:
            listed[key] = listings(self, type_name)
        return list(listed[key])

    loaders.Loader.list_available_services = list_available_services
    exists = loaders.JSONFileLoader.exists
    there: dict[str, bool] = {}

    def quick_exists(self: Any, file_path: str) -> bool:
        if not _ships(file_path):
            return bool(exists(self, file_path))
        if file_path not in there:
            there[file_path] = exists(self, file_path)
        return there[file_path]

    loaders.JSONFileLoader.exists = quick_exists
    return lambda some: id(some) in parts


def _ships(path: str) -> bool:
    """Say whether a path lies in a library: what is in the user's own may come and change while an attempt runs."""
    return path.startswith(_libraries())


@functools.cache
def _libraries() -> tuple[str, ...]:
    import boto3
    import botocore

    return tuple(os.path.dirname(each.__file__) + os.sep for each in (botocore, boto3))


def _remember_event_names(hooks: Any) -> None:
    """Share between sessions and clients what each of them finds out by itself: the present names of its events."""
    names: dict[str, str] = {}
    initialise = hooks.EventAliaser.__init__

    def __init__(self: Any, event_emitter: Any, event_aliases: Any = None) -> None:
        initialise(self, event_emitter, event_aliases)
        if hasattr(self, "_alias_name_cache") and (event_aliases is None or event_aliases == hooks.EVENT_ALIASES):
            self._alias_name_cache = names

    hooks.EventAliaser.__init__ = __init__


def _quick_accepts_kwargs(slow: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The name of a function's ``**`` parameter, which botocore asks of each of a hundred handlers of each session.

    :param slow: gives it in general, by way of a signature object
    """

    def accepts_kwargs(function: Any) -> Any:
        plain = function.__func__ if type(function) is MethodType else function
        if type(plain) is not FunctionType or plain.__dict__:  # decorators leave traces there that count
            return slow(function)
        code = plain.__code__
        if not code.co_flags & inspect.CO_VARKEYWORDS:
            return None
        before = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & inspect.CO_VARARGS)
        return code.co_varnames[before]

    return accepts_kwargs


class _Empty:
    """The body of an answer."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        return iter((b"",))


def _rehearse() -> None:
    """Make the usual clients and let one go through a request that nobody sends."""
    import boto3
    from botocore.awsrequest import AWSResponse

    session = boto3.session.Session(aws_access_key_id="warm", aws_secret_access_key="warm", region_name="us-east-1")
    nowhere = "http://127.0.0.1:1"
    session.client("sts", endpoint_url=nowhere).close()
    session.resource("s3", endpoint_url=nowhere)
    client = session.client("s3", endpoint_url=nowhere)

    def answer(request: Any, **_: Any) -> Any:
        response: Any = AWSResponse
        return response(request.url, 200, {"ETag": '"0"'}, _Empty())

    client.meta.events.register_first("before-send.s3", answer)
    for call in ("put_object", "head_object", "get_object"):
        with contextlib.suppress(Exception):
            getattr(client, call)(Bucket="warm", Key="warm")
    client.close()
