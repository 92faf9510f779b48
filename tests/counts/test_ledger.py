"""What the ledger does with single likes, unlikes and revisions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zhenzan.counts.interface import Group, LikeState, Revision, Tally, Unlike
from zhenzan.counts.ledger import CountLedger
from zhenzan.errors import LedgerError
from zhenzan.store.engine import Store

LIKE = LikeState("e0", 0, 1_000, "ann", "item", "shop", False, "counted", 0.1, 1_000)
REASON = {"code": "BEH001", "value": 3.5, "text": "liked 30 items", "text_zh": "点赞了30个条目"}


@pytest.fixture
def ledger(store: Store) -> CountLedger:
    return CountLedger(store)


def _tally(ledger: CountLedger, key: str = "item") -> Tally:
    found = ledger.counters("item", key)
    assert found is not None
    return found.likes


def _like(position: int, **changes: object) -> LikeState:
    return replace(LIKE, event_id=f"e{position}", position=position, **changes)  # type: ignore[arg-type]


def test_a_new_ledger_has_applied_nothing(ledger: CountLedger):
    assert ledger.applied_position() == -1
    assert ledger.last_revision() == 0
    assert ledger.counters("item", "item") is None
    assert ledger.like("e0") is None
    assert ledger.revisions(0, 10) == ([], 0)


def test_a_like_is_counted_under_its_item_account_and_merchant(ledger: CountLedger):
    ledger.apply(0, 5, [replace(LIKE, reasons=[REASON])])
    for subject, key in (("item", "item"), ("account", "ann"), ("merchant", "shop")):
        found = ledger.counters(subject, key)  # type: ignore[arg-type]
        assert found is not None
        assert (found.likes, found.campaign) == (Tally(counted=1), Tally())
    assert ledger.applied_position() == 5
    row, history = ledger.like("e0") or pytest.fail("no like")
    assert (row.state, row.seq, row.cause) == ("counted", 1, "at_once")
    assert history[0].reasons == (REASON,)
    assert history[0].state_before is None


def test_likes_of_a_campaign_are_counted_apart(ledger: CountLedger):
    ledger.apply(0, 1, [LIKE, _like(1, campaign=True, state="held")])
    found = ledger.counters("item", "item")
    assert found is not None
    assert (found.likes, found.campaign) == (Tally(counted=1), Tally(held=1))


def test_the_same_records_again_change_nothing(ledger: CountLedger):
    likes = [_like(0), _like(1), _like(2)]
    ledger.apply(0, 2, likes)
    again = ledger.apply(1, 3, [*likes[1:], _like(3)])
    assert (again.states, again.repeated) == (1, 2)
    assert ledger.apply(0, 3, likes).states == 0
    assert _tally(ledger) == Tally(counted=4)


def test_an_id_that_comes_back_at_a_later_position_is_not_counted_twice(ledger: CountLedger):
    ledger.apply(0, 0, [LIKE])
    again = ledger.apply(1, 1, [replace(LIKE, position=1, state="excluded")])
    assert (again.states, again.repeated) == (0, 1)
    assert _tally(ledger) == Tally(counted=1)


def test_a_gap_in_the_journal_is_refused(ledger: CountLedger):
    ledger.apply(0, 0, [LIKE])
    with pytest.raises(LedgerError, match="leave a gap after 0"):
        ledger.apply(2, 2, [_like(2)])
    with pytest.raises(LedgerError, match="outside"):
        ledger.apply(1, 1, [_like(2)])
    assert ledger.applied_position() == 0


@pytest.mark.parametrize("unlike_first", [False, True])
@pytest.mark.parametrize("apart", [False, True])
def test_an_unlike_takes_back_every_earlier_like_whatever_came_first(
    ledger: CountLedger, unlike_first: bool, apart: bool
):
    at = 1 if unlike_first else 4
    places = [p for p in range(5) if p != at]
    likes = [
        _like(places[0]),
        _like(places[1], ts_us=2_000),
        _like(places[2], ts_us=2_001),
        _like(places[3], account_id="bob"),
    ]
    unlike = Unlike("u", at, 2_000, "ann", "item")
    if apart:
        for position in range(5):
            here = [like for like in likes if like.position == position]
            ledger.apply(position, position, here, [unlike] if position == at else [])
    else:
        ledger.apply(0, 4, likes, [unlike])
    assert _tally(ledger) == Tally(counted=2, withdrawn=2)


def test_a_like_that_was_taken_back_keeps_its_answer_and_may_be_revised(ledger: CountLedger):
    ledger.apply(0, 1, [LIKE], [Unlike("u", 1, 3_000, "ann", "item")])
    ledger.revise([Revision("e0", "excluded", 0.9, 9_000, "settled")])
    row, history = ledger.like("e0") or pytest.fail("no like")
    assert (row.state, row.withdrawn) == ("excluded", True)
    assert [(s.cause, s.state, s.withdrawn, s.as_of_us) for s in history] == [
        ("at_once", "counted", False, 1_000),
        ("unlike", "counted", True, 3_000),
        ("settled", "excluded", True, 9_000),
    ]
    assert _tally(ledger) == Tally(withdrawn=1)


def test_a_revision_moves_every_counter_and_may_be_taken_back(ledger: CountLedger):
    ledger.apply(0, 0, [LIKE])
    ledger.revise([Revision("e0", "excluded", 0.9, 9_000, "group", group_id="g")])
    assert _tally(ledger) == Tally(excluded=1)
    ledger.revise([Revision("e0", "counted", 0.1, 9_500, "group")])
    assert _tally(ledger) == Tally(counted=1)
    row, history = ledger.like("e0") or pytest.fail("no like")
    assert [state.state_before for state in history] == [None, "counted", "excluded"]
    assert (row.group_id, row.seq) == (None, 3)


def test_a_revision_that_says_what_stands_adds_nothing(ledger: CountLedger):
    ledger.apply(0, 0, [LIKE])
    settled = Revision("e0", "counted", 0.1, 9_000, "settled")
    assert ledger.revise([settled]).states == 1
    again = ledger.revise([settled, Revision("nobody", "held", 0.5, 0, "settled")])
    assert (again.states, again.unchanged, again.unknown) == (0, 1, 1)


def test_an_answer_of_a_person_stands_against_automatic_ones(ledger: CountLedger):
    ledger.apply(0, 0, [LIKE])
    ledger.revise([Revision("e0", "counted", 0.1, 2_000, "review")])
    assert ledger.revise([Revision("e0", "excluded", 0.9, 3_000, "settled")]).kept == 1
    assert _tally(ledger) == Tally(counted=1)
    ledger.revise([Revision("e0", "excluded", 0.9, 4_000, "review")])
    assert _tally(ledger) == Tally(excluded=1)


def test_a_call_that_fails_leaves_no_trace(ledger: CountLedger):
    ledger.apply(0, 0, [LIKE])
    bad = Revision("e0", "excluded", 1.5, 9_000, "settled")
    with pytest.raises(LedgerError, match=r"score 1\.5"):
        ledger.revise([Revision("e0", "held", 0.5, 9_000, "settled"), bad])
    assert _tally(ledger) == Tally(counted=1)
    assert ledger.last_revision() == 1


def test_the_feed_gives_every_state_once_and_a_cursor_that_misses_none(ledger: CountLedger):
    ledger.apply(0, 4, [_like(p) for p in range(5)])
    ledger.revise([Revision(f"e{p}", "held", 0.5, 9_000, "settled") for p in (3, 1)])
    cursor, seen = 0, []
    while True:
        rows, cursor = ledger.revisions(cursor, 3)
        if not rows:
            break
        seen += rows
    assert [row.revision for row in seen] == list(range(1, 8))
    assert [row.event_id for row in seen[5:]] == ["e3", "e1"]
    changes, after = ledger.revisions(0, 10, first=False)
    assert ([row.event_id for row in changes], after) == (["e3", "e1"], 7)


def test_a_group_is_told_with_the_likes_that_name_it(ledger: CountLedger):
    ledger.apply(0, 1, [_like(0, group_id="g"), _like(1, group_id="g", account_id="bob")])
    assert ledger.group("g") == (None, Tally(counted=2), 2)
    group = Group("g", "paid_crowd", 2, 5_000, {"confidence": 0.9})
    ledger.revise([], groups=[group], progress={"settled": 5_000})
    assert ledger.group("g") == (group, Tally(counted=2), 2)
    assert ledger.progress("settled") == 5_000
    assert ledger.group("none") is None


def test_reasons_hold_no_number_that_json_lacks(ledger: CountLedger):
    ledger.apply(0, 0, [replace(LIKE, reasons=[{"code": "X", "value": float("nan")}])])
    _, history = ledger.like("e0") or pytest.fail("no like")
    assert history[0].reasons == ({"code": "X", "value": None},)


def test_the_first_answers_are_found_by_id(ledger: CountLedger):
    ledger.apply(0, 1, [_like(0), _like(1, state="held")])
    ledger.revise([Revision("e1", "counted", 0.0, 9_000, "settled")])
    found = ledger.first_answers(["e1", "e0", "none"])
    assert {name: row.state for name, row in found.items()} == {"e0": "counted", "e1": "held"}
