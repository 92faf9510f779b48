"""A rule is taken back in the ledger: exactly the likes it moved, by events, and once."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zhenzan.cli.verify import _taken
from zhenzan.clock import DAY_US
from zhenzan.counts.interface import LikeState, Revision
from zhenzan.counts.ledger import CountLedger
from zhenzan.counts.verify import verify
from zhenzan.detectors.interface import Family
from zhenzan.errors import RuleError, SourceError
from zhenzan.live import open_service
from zhenzan.live.retirement import Retirement
from zhenzan.live.scorer import Facts
from zhenzan.live.settler import settle
from zhenzan.live.undoing import undo_in_ledger, undo_in_service
from zhenzan.rules.batch import FILE, RECORDS
from zhenzan.rules.book import RuleBook
from zhenzan.rules.load import load_shipped
from zhenzan.settings import Settings
from zhenzan.store.engine import open_store
from zhenzan.testing.published import busy_item, publish
from zhenzan.testing.rows import START_US, client_rows

SETTINGS = Settings()


def record(event_id: str, *, rule: str = "bad", nats: float = 3.0, mode: str = "live",
           **evidence: float) -> dict[str, object]:  # fmt: skip
    own = {family.word: evidence.get(family.word, 0.0) for family in Family}
    return {
        "event_id": event_id, "rule": rule, "version": 1, "mode": mode, "family": "account",
        "nats": nats, "owned": True, "new_account": False, "score_without": 0.1,
        "evidence_without": own, "state_without": "counted", "state": "held",
        "state_with_shadow": "held",
    }  # fmt: skip


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    rows = [
        record("moved"),
        record("reviewed"),
        record("unmoved", nats=0.1),
        record("both"),
        record("both", rule="good"),
        record("excluded", network=2.5) | {"score_without": 0.2},
        record("unknown"),
        record("shadow", mode="shadow"),
    ]
    folder = tmp_path / "live" / "settled"
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=RECORDS), folder / FILE)
    return folder


@pytest.fixture
def ledger(tmp_path: Path) -> Generator[CountLedger]:
    store = open_store(tmp_path / "counts.db")
    made = CountLedger(store)
    states = {
        "moved": ("held", "bad@1"), "reviewed": ("held", "bad@1"), "unmoved": ("counted", "bad@1"),
        "both": ("held", "bad@1,good@1"), "excluded": ("excluded", None), "shadow": ("held", None),
        "late": ("held", "bad@1"), "other": ("held", "very_bad@1"),
    }  # fmt: skip
    likes = [
        LikeState(name, at, at, f"a{at}", "mug", "shop", False, state, 0.5, at, (),
                  rule_version=rule)  # type: ignore[arg-type]
        for at, (name, (state, rule)) in enumerate(states.items())
    ]  # fmt: skip
    made.apply(0, len(likes) - 1, likes, [])
    made.revise([Revision("reviewed", "held", 0.5, 9, "review")])
    yield made
    store.close()


def test_what_a_rule_moved_is_revised_and_nothing_else(ledger, outputs):
    done = undo_in_ledger(outputs.parent, ledger, ("bad", 1), SETTINGS)
    assert done == {"revised": 2, "waiting": 1, "gone": 0}
    rows = ledger.standing(["moved", "reviewed", "unmoved", "both", "excluded", "shadow", "late",
                            "other"])  # fmt: skip
    states = {name: row.state for name, row in rows.items()}
    assert states == {
        "moved": "counted",  # nothing else speaks against it
        "reviewed": "held",  # a person said so
        "unmoved": "counted",
        "both": "held",  # the other rule says the same
        "excluded": "counted",
        "shadow": "held",  # a shadow rule moved nothing
        "late": "held",  # came after the last settling
        "other": "held",
    }
    assert rows["moved"].cause == "rule"
    assert rows["moved"].rule_version is None
    counters = ledger.counters("item", "mug")
    assert counters is not None


def test_a_second_undo_finds_nothing(ledger, outputs):
    undo_in_ledger(outputs.parent, ledger, ("bad", 1), SETTINGS)
    last = ledger.last_revision()
    assert undo_in_ledger(outputs.parent, ledger, ("bad", 1), SETTINGS)["revised"] == 0
    assert ledger.last_revision() == last


def test_the_reason_names_the_rule_in_both_languages(ledger, outputs):
    undo_in_ledger(outputs.parent, ledger, ("bad", 1), SETTINGS)
    _, history = ledger.like("moved")
    (reason,) = history[-1].reasons
    assert "(rule bad@1)" in str(reason["text"])
    assert "bad@1" in str(reason["text_zh"])
    assert len(history) == 2


def test_a_live_version_is_stopped_before_it_is_undone(ledger, outputs, tmp_path):
    book, rule = RuleBook(tmp_path / "book"), load_shipped().rules["phone_wall"]
    publish(book, rule)
    with pytest.raises(RuleError, match="RL031"):
        undo_in_service(tmp_path, None, book, ("phone_wall", 1), SETTINGS)
    assert undo_in_service(tmp_path, None, book, ("bad", 1), SETTINGS)["revised"] == 2


def test_before_the_first_settling_there_is_nothing_to_go_by(ledger, tmp_path):
    with pytest.raises(SourceError, match="settler"):
        undo_in_ledger(tmp_path, ledger, ("bad", 1), SETTINGS)


def _lived_under_a_rule(data: Path) -> RuleBook:
    """A service whose likes of 40 days ago a rule held; it settled, and retired its journal."""
    book, facts = RuleBook(data / "book"), Facts(rules=data / "book")
    settings = replace(SETTINGS, ahead_s=10**8)
    publish(book, busy_item())
    store = open_store(data / "counts.db")
    ledger = CountLedger(store)
    service = open_service(data / "live", settings, ledger, facts=facts)
    for seed, day in ((5, 0), (6, 40), (7, 41)):
        rows = client_rows(150, seed=seed, days=0.5)
        service.submit([{**r, "ts": int(r["ts"]) + day * DAY_US} for r in rows]).result(60)
        service.close_segment()
        service.save()
    service.close()
    settle(data / "live", settings, ledger, facts=facts)
    retirement = Retirement(data / "live", ledger, days=30)
    retirement.complete_history()
    now_us = START_US + 42 * DAY_US
    told = retirement.retire(now_us, frozenset(), rows_over_us=0, dry=False)
    assert told.removed == 150
    store.close()
    return book


def test_likes_of_before_the_settlers_days_are_answered_again_from_history(tmp_path):
    book = _lived_under_a_rule(tmp_path)
    book.stop("busy_item", author="cy")
    store = open_store(tmp_path / "counts.db")
    ledger = CountLedger(store)
    with store.reading() as connection:
        held = connection.exec_driver_sql(
            "SELECT event_id, ts_us FROM likes WHERE rule_version = 'busy_item@1' "
            "AND state = 'held' AND cause = 'at_once'"
        ).all()
    old = {name for name, ts_us in held if ts_us < START_US + DAY_US}
    assert old
    done = undo_in_service(tmp_path, None, book, ("busy_item", 1), SETTINGS)
    assert (done["revised"] >= len(old), done["gone"]) == (True, 0)
    rows = ledger.standing(old)
    assert {(row.cause, row.rule_version) for row in rows.values()} == {("rule", None)}
    assert "counted" in {row.state for row in rows.values()}
    assert not list(verify(store, _taken(tmp_path / "live")).differences)
    again = undo_in_service(tmp_path, None, book, ("busy_item", 1), SETTINGS)
    assert again["revised"] == 0
    assert not (tmp_path / "live" / "rescored").exists()
    store.close()


def test_what_no_history_tells_of_any_more_is_counted_and_left(tmp_path):
    book = _lived_under_a_rule(tmp_path)
    book.stop("busy_item", author="cy")
    path = tmp_path / "live" / "history" / f"{0:020d}.parquet"
    pq.write_table(pq.read_table(path).slice(0, 0), path)
    before = undo_in_service(tmp_path, None, book, ("busy_item", 1), SETTINGS)
    assert before["gone"] > 0
    assert undo_in_service(tmp_path, None, book, ("busy_item", 1), SETTINGS)["gone"] > 0
