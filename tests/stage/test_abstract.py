"""What abstract classes were asked in a fork is asked before the next one, and answered as it would have been."""

from __future__ import annotations

import abc
import collections
import sys
import types
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

import pytest

from pytest_dagguard.stage import abstract


@runtime_checkable
class Named(Protocol):
    """A protocol with an attribute, which answers abc alone."""

    name: str

    def call(self) -> None: ...


@runtime_checkable
class Titled(Protocol):
    """Another."""

    title: str


class Base(abc.ABC): ...


class Derived(Base): ...


class Other: ...


class Outer:
    class Inner(abc.ABC): ...


class Meta(abc.ABCMeta):
    """Its classes cannot be hashed."""

    def __eq__(cls, other: object) -> bool:
        return cls is other

    __hash__ = None  # type: ignore[assignment]


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = abc.ABCMeta.__subclasscheck__
    monkeypatch.setattr(abstract, "_known", {})
    abstract.listen()
    abstract.begin()
    yield
    abc.ABCMeta.__subclasscheck__ = before  # type: ignore[method-assign]
    abstract.begin()


def walks(cls: type, other: type) -> int:
    """How many classes were asked for one answer."""
    abstract.begin()
    issubclass(other, cls)
    return len(abstract._asked)


@pytest.mark.usefixtures("listening")
@pytest.mark.parametrize(
    ("asks", "wanted"),
    [
        (lambda: isinstance(Other(), Base), (__name__, "Base", __name__, "Other")),
        (lambda: isinstance(Other(), Outer.Inner), (__name__, "Outer.Inner", __name__, "Other")),
        (lambda: issubclass(type(None), Base), (__name__, "Base", "builtins", "NoneType")),
        (lambda: issubclass(type({}.values()), Base), (__name__, "Base", "builtins", "dict_values")),
        (
            lambda: issubclass(type(collections.OrderedDict().values()), Base),
            (__name__, "Base", "builtins", "odict_values"),
        ),
        (lambda: issubclass(types.FunctionType, Base), (__name__, "Base", "builtins", "function")),
        (lambda: issubclass(dict, Base), (__name__, "Base", "builtins", "dict")),
    ],
)
def test_a_question_is_told_by_the_names_of_its_classes(asks: Any, wanted: Any) -> None:
    asks()
    assert wanted in abstract.asked()


@pytest.mark.usefixtures("listening")
def test_what_is_asked_before_a_fork_is_not_walked_in_it() -> None:
    class Fresh(Base):
        """Makes the answers of its bases unknown again: none has been asked of it."""

    first = walks(Base, int)
    assert first > 1
    questions = abstract.asked()
    Fresh.register(bytearray)  # voids what is known not to be
    assert walks(Base, int) == first
    Fresh.register(memoryview)
    abstract.ask(questions)
    assert walks(Base, int) == 1
    Fresh.register(frozenset)
    abstract.again()
    assert walks(Base, int) == 1
    assert abstract.asked() == ()


@pytest.mark.usefixtures("listening")
def test_answers_are_those_of_abc() -> None:
    local = type("local", (Base,), {})
    named = types.SimpleNamespace(name="a", call=lambda: None)
    questions = [(Derived, Base), (Other, Base), (dict, Mapping), (local, Base), (str, Collection)]
    found = [issubclass(*each) for each in questions], isinstance(named, Named), isinstance(1, Named)
    abstract.ask(abstract.asked())
    again = [issubclass(*each) for each in questions], isinstance(named, Named), isinstance(1, Named)
    assert found == again == ([True, False, True, True, True], True, False)


@pytest.mark.usefixtures("listening")
def test_protocols_refuse_whom_they_would_refuse_without_us() -> None:
    with pytest.raises(TypeError, match="issubclass"):
        issubclass(int, Titled)  # type: ignore[misc]
    assert not isinstance(1, Titled)  # from here on it has the answer
    assert abstract.asked() == ()


@pytest.mark.usefixtures("listening")
def test_classes_that_nobody_finds_or_that_are_strange_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    local = type("local", (), {})
    issubclass(local, Base)
    strange = Meta("strange", (), {})
    with pytest.raises(TypeError, match="unhashable"):
        issubclass(strange, Base)
    odd = type("odd", (), {"__module__": property(lambda _: 1 / 0)})
    issubclass(odd, Base)
    imposter = type("Other", (), {"__module__": __name__})
    issubclass(imposter, Base)
    assert [each for each in abstract.asked() if each[:2] == (__name__, "Base")] == []
    abstract.ask([("no.such.module", "A", __name__, "Other"), (__name__, "Base", __name__, "Gone.Away")])
    monkeypatch.delitem(sys.modules, __name__)
    abstract.again()


@pytest.mark.usefixtures("listening")
def test_a_class_that_objects_to_be_asked_is_nobodys_failure() -> None:
    class Objects(abc.ABC):
        @classmethod
        def __subclasshook__(cls, other: type) -> bool:
            raise RuntimeError

    setattr(sys.modules[__name__], "Objects", Objects)
    Objects.__qualname__ = "Objects"
    abstract.ask([(__name__, "Objects", "builtins", "int")])


def test_nothing_is_noted_where_nobody_listens() -> None:
    abstract.begin()
    issubclass(int, Base)
    assert abstract.asked() == ()
