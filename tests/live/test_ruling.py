"""Rules of analysts take part in answers at once, from the next group after a change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zhenzan.events.state import CountState
from zhenzan.live import open_service
from zhenzan.live.scorer import Facts, LiveScorer
from zhenzan.rules.book import RuleBook
from zhenzan.settings import Settings
from zhenzan.testing.published import busy_item, go_live, go_shadow
from zhenzan.testing.rows import canonical, client_rows

SETTINGS = replace(Settings(), ahead_s=10**8)
BUSY = busy_item()


@pytest.fixture
def book(tmp_path) -> RuleBook:
    return RuleBook(tmp_path / "book")


def test_a_live_rule_holds_likes_and_is_named_and_no_state_depends_on_it(book, tmp_path):
    rows = canonical(client_rows(1_200, seed=5))
    plain = LiveScorer(SETTINGS).answer(rows)
    go_shadow(book, BUSY)
    go_live(book, BUSY)
    ruled = LiveScorer(SETTINGS, Facts(rules=tmp_path / "book")).answer(rows)
    assert ruled.score.tolist() == plain.score.tolist()
    fired = [place for place, keys in enumerate(ruled.rules) if keys == "busy_item@1"]
    assert 0 < len(fired) < len(ruled.rules)
    for place in range(len(ruled.rules)):
        held = place in fired and plain.states[place] == CountState.COUNTED
        assert ruled.states[place] == (CountState.HELD if held else plain.states[place])


def test_a_rule_is_in_force_from_the_group_after_it_went_live_until_it_is_stopped(
    book, tmp_path, ledger
):
    go_shadow(book, BUSY)
    facts = Facts(rules=tmp_path / "book")
    service = open_service(tmp_path / "live", SETTINGS, ledger, facts=facts)
    template = next(row for row in client_rows(20, seed=5) if row["kind"] == "like")

    def like(number: int) -> str | None:
        ts = int(str(template["ts"])) + number
        row = {**template, "event_id": f"e{number}", "ts": ts, "account_id": f"a{number}"}
        return service.submit([row]).result(30)[0].count_state

    assert [like(0), like(1), like(2)] == ["counted"] * 3
    go_live(book, BUSY)
    assert like(3) == "held"
    assert ledger.like("e3")[1][0].rule_version == "busy_item@1"
    book.stop("busy_item", author="cy")
    assert like(4) == "counted"
    service.close()
