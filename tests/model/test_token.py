from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_dagguard.model import plan
from pytest_dagguard.model import token as tokens
from pytest_dagguard.model.errors import ConfigurationError
from pytest_dagguard.model.operation import Selector
from pytest_dagguard.model.plan import FATES, Befall, Drift, Elapse, Endless, Kill, Onward, Order, Run, Terminate
from pytest_dagguard.model.token import Bad, Go, More, Queue, Stop, Token, Told

ATTEMPT = st.integers(1, 20)
INDEX = st.integers(0, 2**24 - 1)
ELEMENT = st.one_of(
    st.builds(Stop, ATTEMPT, INDEX, st.binary(min_size=4, max_size=4)),
    st.builds(Go, ATTEMPT, st.integers(0, 9)),
    st.builds(Kill, ATTEMPT),
    st.builds(Terminate, ATTEMPT),
    st.builds(More, ATTEMPT),
    st.builds(Told, st.binary(min_size=4, max_size=4)),
    st.builds(Queue, ATTEMPT, st.lists(st.integers(0, 65535), max_size=20).map(tuple)),
    st.sampled_from([Drift(), Elapse(), Endless(), Onward()]),
    st.builds(Befall, st.sampled_from(FATES), INDEX, st.integers(0, 9000).map(float)),
    st.builds(Bad, ATTEMPT, INDEX, st.sampled_from(tokens.KINDS)),
)
MARK = st.binary(min_size=4, max_size=4)


@given(st.builds(Token, MARK, MARK, st.lists(ELEMENT, max_size=12).map(tuple)))
def test_what_is_encoded_is_decoded(token: Token) -> None:
    assert tokens.decode(tokens.encode(token)) == token


@given(st.text(max_size=60))
def test_what_is_no_token_is_refused_with_the_text_in_the_message(text: str) -> None:
    try:
        tokens.decode(text)
    except ConfigurationError as wrong:
        assert "--dagguard-replay" in str(wrong)


@pytest.mark.parametrize("cut", [1, 2, 5])
def test_a_part_of_a_token_is_refused(cut: int) -> None:
    whole = tokens.encode(Token(b"item", b"cln.", (Stop(1, 3, b"chck"), Go(2, 1))))
    with pytest.raises(ConfigurationError, match="copy the whole"):
        tokens.decode(whole[:-cut])


def test_the_usual_token_fits_into_80_letters() -> None:
    steps = (Stop(1, 999, b"chck"), Kill(1), Stop(2, 999, b"chck"), Kill(2), Go(3, 2), Told(b"chck"))
    assert len(tokens.encode(Token(b"item", b"cln.", steps))) <= 80


def test_stops_of_one_attempt_are_counted_from_where_it_was_let_go_on() -> None:
    token = Token(b"item", b"cln.", (Stop(1, 2, b"...."), Stop(1, 5, b"...."), Go(1)))
    first, second, last = tokens.schedule(token)
    assert isinstance(first, Run)
    assert isinstance(second, Run)
    assert first.until is not None
    assert second.until is not None
    assert (first.until.occurrence, second.until.occurrence) == (3, 3)
    assert last == Run(1)


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (0, 3, 1, 2, 4), (4, 0, 1, 2, 3), (0, 1, 4, 2, 3), (0, 1, 3, 2, 4)])
def test_an_order_in_which_one_comes_ahead_of_others_is_the_same_after_a_token(order: tuple[int, ...]) -> None:
    clean = [Selector("s3", "PutObject", str(each), 1) for each in range(5)]
    token = tokens.decode(tokens.encode(Token(b"item", b"cln.", (tokens.queue(1, order), Go(1)))))
    assert tokens.schedule(token, clean)[0] == Order(1, tuple(clean[each] for each in order))


def test_what_goes_wrong_with_a_message_is_in_a_token() -> None:
    for kind in plan.DELIVERIES:
        token = tokens.Token(b"item", b"clea", (plan.Deliver(kind), tokens.Stop(1, 2, b"mark")))
        assert tokens.decode(tokens.encode(token)) == token
        assert tokens.schedule(token)[0] == plan.Deliver(kind)
