"""Whatever is wrong with what is stored, verifying names it; a sound ledger has no difference."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from zhenzan.counts.interface import LikeState, Revision, Unlike
from zhenzan.counts.ledger import CountLedger
from zhenzan.counts.verify import CHECKS, Taken, verify
from zhenzan.store.engine import Store

TAKEN = [
    Taken(0, "e0", "like", 1_000, "ann", "mug", "shop"),
    Taken(2, "e2", "like", 2_000, "bob", "mug", "shop", True),
    Taken(3, "e3", "like", 3_000, "cat", "cup", None),
    Taken(4, "u4", "unlike", 4_000, "ann", "mug"),
]


@pytest.fixture
def filled(store: Store) -> Store:
    """Three likes: one taken back, one of a campaign, one revised twice."""
    ledger = CountLedger(store)
    likes = [
        LikeState(
            t.event_id, t.position, t.ts_us, t.account_id, t.item_id, t.merchant_id, t.campaign,
            "held", 0.5, t.ts_us,
        )
        for t in TAKEN
        if t.kind == "like"
    ]  # fmt: skip
    ledger.apply(0, 5, likes, [Unlike("u4", 4, 4_000, "ann", "mug")])
    ledger.revise([Revision("e3", "excluded", 0.9, 9_000, "settled", group_id="g")])
    ledger.revise([Revision("e3", "counted", 0.1, 9_500, "review")])
    return store


def test_a_sound_ledger_has_no_difference(filled: Store):
    found = verify(filled, TAKEN)
    assert found.differences == []
    assert (found.likes, found.states, found.is_sound) == (3, 6, True)


def test_an_empty_ledger_is_sound(store: Store):
    assert verify(store, []).is_sound


def test_records_that_are_not_applied_yet_are_no_difference(filled: Store):
    later = Taken(6, "e6", "like", 9_000, "dan", "mug", None)
    assert verify(filled, [*TAKEN, later]).is_sound


@pytest.mark.parametrize(
    ("damage", "checks"),
    [
        ("UPDATE counters SET held = held + 1 WHERE key = 'mug'", {"counters"}),
        ("UPDATE counters SET campaign_held = 0 WHERE key = 'mug'", {"counters"}),
        ("DELETE FROM counters WHERE key = 'cat'", {"counters"}),
        ("INSERT INTO counters (subject, key, counted) VALUES ('item', 'x', 1)", {"counters"}),
        ("UPDATE likes SET state = 'held' WHERE event_id = 'e3'", {"standing"}),
        ("UPDATE likes SET group_id = 'g' WHERE event_id = 'e3'", {"standing"}),
        ("UPDATE likes SET score = 0.2 WHERE event_id = 'e3'", {"standing"}),
        (
            "UPDATE like_states SET state = 'excluded' WHERE revision = 6",
            {"standing", "counters"},
        ),
        ("UPDATE like_states SET state = 'counted' WHERE revision = 5", {"history"}),
        ("UPDATE like_states SET seq = 4 WHERE revision = 6", {"history", "standing"}),
        (
            "DELETE FROM like_states WHERE revision = 6",
            {"revisions", "standing", "counters"},
        ),
        ("DELETE FROM like_states WHERE revision = 5", {"revisions", "history"}),
        ("UPDATE progress SET value = 7 WHERE name = 'revision'", {"revisions"}),
        ("UPDATE progress SET value = 3 WHERE name = 'journal'", {"position", "interactions"}),
        ("DELETE FROM unlikes", {"withdrawn", "interactions"}),
        ("UPDATE unlikes SET ts_us = 999", {"withdrawn", "interactions"}),
        ("UPDATE likes SET item_id = 'cup' WHERE event_id = 'e2'", {"counters", "interactions"}),
        ("UPDATE likes SET campaign = NOT campaign", {"counters", "interactions"}),
        ("UPDATE likes SET ts_us = 2 WHERE event_id = 'e3'", {"interactions"}),
    ],
)
def test_every_damage_is_found_by_the_check_for_it(filled: Store, damage: str, checks: set[str]):
    with filled.writing() as connection:
        assert connection.execute(text(damage)).rowcount > 0
    found = verify(filled, TAKEN)
    assert set(found.counts) == checks
    assert set(found.counts) <= set(CHECKS)


def test_a_difference_names_what_is_stored_and_what_it_should_be(filled: Store):
    with filled.writing() as connection:
        connection.execute(text("UPDATE counters SET held = 8 WHERE key = 'mug'"))
    (difference,) = verify(filled).differences
    assert difference.key == "item mug"
    assert (difference.stored, difference.expected) == ("held 8", "held 0")


@pytest.mark.parametrize(
    ("taken", "key"),
    [
        (TAKEN[:3], "u4"),
        ([*TAKEN, Taken(5, "e5", "like", 1, "dan", None)], "e5"),
        ([TAKEN[0], replace(TAKEN[1], account_id="eve"), *TAKEN[2:]], "e2"),
    ],
)
def test_the_journal_and_the_ledger_are_compared_both_ways(
    filled: Store, taken: list[Taken], key: str
):
    assert [difference.key for difference in verify(filled, taken).differences] == [key]
