"""Messages arrive whole and in order, however the socket cuts them."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from pytest_dagguard.model.wire import Decoder, encode, write_all

MESSAGES = st.lists(st.tuples(st.text(max_size=4), st.integers(), st.binary(max_size=40)), max_size=5)


@given(MESSAGES, st.lists(st.integers(1, 30), min_size=1))
def test_any_cut_gives_the_messages(messages: list[tuple[object, ...]], sizes: list[int]) -> None:
    stream = b"".join(encode(each) for each in messages)
    decoder = Decoder()
    found: list[tuple[object, ...]] = []
    turn = 0
    while stream:
        size = sizes[turn % len(sizes)]
        turn += 1
        found += decoder.feed(stream[:size])
        stream = stream[size:]
    assert found == messages


def test_a_message_that_is_not_whole_waits() -> None:
    decoder = Decoder()
    whole = encode(("returned", 1, "x" * 100))
    assert decoder.feed(whole[:-1]) == []
    assert decoder.feed(whole[-1:]) == [("returned", 1, "x" * 100)]


def test_all_is_written_where_the_pipe_takes_little() -> None:
    source, sink = os.pipe()
    data = os.urandom(1 << 20)
    pid = os.fork()
    if pid == 0:
        os.close(source)
        write_all(sink, data)
        os._exit(0)
    os.close(sink)
    with open(source, "rb") as pipe:
        assert pipe.read() == data
    os.waitpid(pid, 0)
