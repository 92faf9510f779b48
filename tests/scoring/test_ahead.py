from __future__ import annotations

import threading

import pytest

from zhenzan.errors import SourceError
from zhenzan.scoring.ahead import DEPTH, ahead


def test_items_keep_their_order():
    assert list(ahead(range(1_000))) == list(range(1_000))


def test_an_error_is_raised_after_the_items_before_it():
    def broken():
        yield 1
        raise SourceError("the file ends in the middle")

    taken = []
    with pytest.raises(SourceError, match="in the middle"):
        taken.extend(ahead(broken()))
    assert taken == [1]


def test_the_reader_never_runs_far_ahead():
    given = []

    def source():
        for number in range(100):
            given.append(number)
            yield number

    for item in ahead(source()):
        assert len(given) <= item + DEPTH + 3


def test_a_consumer_that_stops_ends_the_reader():
    stream = ahead(iter(range(10**9)))
    assert next(stream) == 0
    stream.close()
    assert not [t for t in threading.enumerate() if t.name == "zhenzan-reader"]
