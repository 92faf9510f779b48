"""The interpreter's own pauses while the service runs."""

from __future__ import annotations

import gc

from zhenzan.live.pauses import YOUNG, short_pauses


def test_what_was_there_before_is_looked_at_no_more_and_all_holds_again_afterwards() -> None:
    before = gc.get_threshold()
    known = len(gc.get_objects())
    with short_pauses():
        assert gc.get_threshold() == YOUNG
        assert gc.get_freeze_count() > known // 2
        assert len(gc.get_objects()) < known // 2
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)


def test_cycles_that_come_later_are_still_collected() -> None:
    class Node:
        other: Node

    with short_pauses():
        one, two = Node(), Node()
        one.other, two.other = two, one
        del one, two
        assert gc.collect() >= 2
