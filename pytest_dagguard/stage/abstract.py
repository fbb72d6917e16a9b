"""What abstract base classes have been asked of other classes, asked before the forks.

``isinstance(None, Collection)`` walks through all that is derived from ``Collection``, hundreds of classes where
Airflow and its providers are imported, unless the class has been asked the same before: it keeps the answer
(:pep:`3119`). A fork that is the first to ask pays for the walk, and has the kernel copy each page that it comes past.
Forks say what they were the first to ask of classes that are here as well; asked here too, those that follow have the
answer. To import something may void answers (``ABCMeta.register``): then all is asked again.
"""

from __future__ import annotations

import abc
import builtins
import contextlib
import sys
import types
from collections.abc import Iterable, Iterator
from typing import Any

Question = tuple[str, str, str, str]
"""Is it a subclass: module and qualified name of the abstract class, then of the other."""

_unnamed: dict[str, type] = {}
"""The interpreter's own classes that say to be in ``builtins`` and are not: that of None, those of views, ..."""
_known: dict[Question, None] = {}
_asked: dict[tuple[int, int], tuple[Any, Any]] = {}


def listen() -> None:
    """Note from now on what is asked and not known, here and in all forks.

    To be called where this process is there for nothing but its forks: it changes :class:`abc.ABCMeta`.
    """
    _unnamed.update((each.__qualname__, each) for each in _own(object))
    answer = vars(abc).get("_abc_subclasscheck")
    if answer is not None:
        # of the module abc: a typing.Protocol looks who asks, and answers that one alone (its _proto_hook)
        within = {"__name__": abc.__name__, "_asked": _asked, "_answer": answer}
        noting = types.FunctionType(_note.__code__, within, "__subclasscheck__")
        abc.ABCMeta.__subclasscheck__ = noting  # type: ignore[method-assign]


def _own(cls: type) -> Iterator[type]:
    each: type
    for each in type.__subclasses__(cls):
        if each.__module__ == builtins.__name__:
            yield each
            yield from _own(each)


def _note(cls: Any, subclass: Any) -> bool:
    # a class may be gone, and its name another's, before anybody looks; and it may not be hashable
    _asked[id(cls), id(subclass)] = cls, subclass
    return _answer(cls, subclass)  # type: ignore[name-defined,no-any-return]  # noqa: F821 - see listen


def begin() -> None:
    """In a fork: what was asked before is its parent's."""
    _asked.clear()


def asked() -> tuple[Question, ...]:
    """What this process was the first to ask, of classes that can be found by their names.

    Not of protocols: one with attributes refuses the question, unless it has the answer already.
    """
    classes = [each for each in _asked.values() if not getattr(each[0], "_is_protocol", False)]
    found = [(*_name(cls), *_name(other)) for cls, other in classes if _named(cls) and _named(other)]
    return tuple(each for each in found if each not in _known)


def ask(questions: Iterable[Question]) -> None:
    """Ask that here, for the forks to come; nothing where one of the classes is not here."""
    for each in questions:
        _known[each] = None
        cls, other = _find(*each[:2]), _find(*each[2:])
        if cls is not None and other is not None:
            with contextlib.suppress(Exception):  # a class may have an opinion of its own on what it may be asked
                issubclass(other, cls)
    _asked.clear()


def again() -> None:
    """Ask everything once more, as an import may have voided the answers."""
    ask(tuple(_known))


def _name(cls: Any) -> tuple[str, str]:
    return cls.__module__, cls.__qualname__


def _named(cls: Any) -> bool:
    with contextlib.suppress(Exception):
        return _find(*_name(cls)) is cls
    return False


def _find(module: str, name: str) -> Any:
    found: Any = sys.modules.get(module)
    if found is builtins and name not in vars(builtins):
        return _unnamed.get(name)
    for part in name.split("."):
        # not getattr, which may run somebody's code and import what nobody has asked for
        found = getattr(found, "__dict__", {}).get(part)
    return found if isinstance(found, type) else None
