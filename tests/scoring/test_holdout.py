"""The hold-out is the same in every run, of the named share, and secret without its key."""

from __future__ import annotations

from zhenzan.scoring.holdout import held_out

IDS = [f"like{number}" for number in range(20_000)]


def test_the_same_likes_are_held_out_whatever_their_order():
    chosen = held_out(IDS, share=0.01, key="a")
    again = held_out(IDS[::-1], share=0.01, key="a")[::-1]
    assert (chosen == again).all()


def test_the_share_is_the_one_that_was_named():
    assert 0.008 < held_out(IDS, share=0.01, key="a").mean() < 0.012
    assert not held_out(IDS, share=0.0, key="a").any()


def test_another_key_holds_out_others():
    assert (held_out(IDS, share=0.01, key="a") != held_out(IDS, share=0.01, key="b")).any()
