"""What is over goes class by class, what is on hold stays, and the audit log stays checkable."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import delete, func, select, update

from zhenzan.access.audit import CUT, AuditLog, Look, write_looks
from zhenzan.access.first import FirstTokens
from zhenzan.access.keys import KeyRing
from zhenzan.access.rate import RateLimits
from zhenzan.access.retention import records, schedule
from zhenzan.access.retention.classes import CLASSES
from zhenzan.access.retention.hold import Hold, read_hold
from zhenzan.access.retention.records import Removal
from zhenzan.access.retention.run import Retention, What
from zhenzan.access.users import UserBook
from zhenzan.clock import DAY_US
from zhenzan.counts.interface import LikeState, Revision, Unlike
from zhenzan.counts.ledger import CountLedger
from zhenzan.counts.verify import verify
from zhenzan.errors import AccessError
from zhenzan.store import migrate
from zhenzan.store.tables.access import ACCESS_LOG, API_KEYS, AUDIT_LOG, SESSIONS, USERS
from zhenzan.store.tables.counts import STATES

PASSWORD = "correct horse battery"
DAY_S = 86_400
THREE_YEARS_S = CLASSES["ucl_action_3y"].days * DAY_S


def run(store, hands, *, dry: bool = False, hold: Path | None = None) -> dict[str, Removal]:
    done = Retention(store, What(hold=hold), by="tests", clock=hands).run(dry=dry)
    return {removal.what: removal for removal in done}


def number_of(store, table) -> int:
    with store.reading() as connection:
        return connection.scalar(select(func.count()).select_from(table))


@pytest.fixture
def book(store, hands) -> UserBook:
    made = UserBook(store, RateLimits(hands), clock=hands)
    for name in ("ana", "ben", "eve"):
        made.add(name, PASSWORD, ["analyst"], by="tests")
    return made


@pytest.fixture
def looks(store, hands) -> None:
    """A look each day, of 200 days."""
    now_us = int(hands.now * 1e6)
    write_looks(store, [Look(now_us - day * DAY_US, "key x (0a)", "r", f"a{day}")
                        for day in range(199, -1, -1)])  # fmt: skip


def test_looks_go_when_their_class_is_over_and_not_before(store, hands, looks, monkeypatch):
    monkeypatch.setattr(records, "PAGE_ROWS", 5)  # several pages, each in a transaction
    assert run(store, hands)["access log"] == Removal("network_log_6m", "access log", 16, 0, 16)
    with store.reading() as connection:
        oldest = connection.scalar(select(func.min(ACCESS_LOG.c.at_us)))
    assert oldest == int(hands.now * 1e6) - 183 * DAY_US
    assert run(store, hands)["access log"].due == 0


def test_a_dry_run_says_what_would_go_and_changes_nothing(store, hands, looks, book):
    book.sign_in("ana", PASSWORD)
    KeyRing(store, clock=hands).make("x", ["viewer"], by="tests")
    hands.now += THREE_YEARS_S + 400 * DAY_S
    before = list(AuditLog(store).entries())
    told = run(store, hands, dry=True)
    assert (told["access log"].due, told["sessions"].due, told["ended keys"].due) == (200, 1, 1)
    assert told["audit log"].due == len(before)
    assert not [removal for removal in told.values() if removal.removed]
    assert number_of(store, ACCESS_LOG) == 200
    assert list(AuditLog(store).entries()) == before
    done = run(store, hands)
    assert {w: r.due for w, r in done.items() if w != "audit log"} == {
        w: r.due for w, r in told.items() if w != "audit log"
    }
    assert [number_of(store, table) for table in (ACCESS_LOG, SESSIONS, API_KEYS)] == [0, 0, 0]


def test_a_closed_user_goes_three_years_after_the_closing_and_an_open_one_never(store, hands, book):
    hands.now += 2 * THREE_YEARS_S
    book.close_account("ana", by="tests")
    hands.now += THREE_YEARS_S
    book.close_account("ana", by="tests")  # closing again does not begin the time anew
    assert run(store, hands)["closed users"].due == 0
    hands.now += 1
    assert run(store, hands)["closed users"].removed == 1
    book.refresh()
    assert book.sign_in("ana", PASSWORD) is None
    assert book.sign_in("ben", PASSWORD) is not None


def test_users_that_were_closed_before_are_dated_by_the_audit_log(store, hands, book):
    closed_us = int(hands.now * 1e6)
    book.close_account("ana", by="tests")
    migrate.downgrade(store, "0004")
    migrate.upgrade(store)
    assert migrate.drift(store) == []
    with store.reading() as connection:
        rows = connection.execute(select(USERS.c.name, USERS.c.closed_us)).all()
    assert dict(map(tuple, rows)) == {"ana": closed_us, "ben": None, "eve": None}


def test_keys_go_three_years_after_they_ended_however_that_was(store, hands):
    ring = KeyRing(store, clock=hands)
    expired, revoked = (ring.make(n, ["viewer"], by="tests", days=90) for n in ("x", "y"))
    ring.revoke(revoked.split("_")[1], by="tests")
    hands.now += THREE_YEARS_S + 1
    assert run(store, hands)["ended keys"].removed == 1
    with store.reading() as connection:
        assert connection.scalar(select(API_KEYS.c.prefix)) == expired.split("_")[1]
    hands.now += 90 * DAY_S
    assert run(store, hands)["ended keys"].removed == 1


def test_sessions_and_first_tokens_go_a_day_after_their_end(store, hands):
    FirstTokens(store, clock=hands).make()
    book = UserBook(store, RateLimits(hands), clock=hands)
    book.add("ana", PASSWORD, ["analyst"], by="tests")
    book.sign_in("ana", PASSWORD)
    hands.now += 1.4 * DAY_S
    told = run(store, hands)
    assert (told["sessions"].removed, told["first tokens"].removed) == (1, 0)
    hands.now += DAY_S
    assert run(store, hands)["first tokens"].removed == 1


def test_what_a_hold_names_stays_and_is_counted(store, hands, looks, book, tmp_path):
    key = KeyRing(store, clock=hands).make("x", ["viewer"], by="tests").split("_")[1]
    for name in ("ana", "ben"):
        book.close_account(name, by="tests")
    hands.now += THREE_YEARS_S + 400 * DAY_S
    hold = tmp_path / "hold.txt"
    hold.write_text(f"ana\r\n\na3\n{key}\n", "utf-8")
    told = run(store, hands, hold=hold)
    assert told["closed users"] == Removal("ucl_action_3y", "closed users", 2, 1, 1)
    assert told["ended keys"] == Removal("ucl_action_3y", "ended keys", 1, 1, 0)
    assert told["access log"] == Removal("network_log_6m", "access log", 200, 1, 199)
    with store.reading() as connection:
        assert connection.scalar(select(ACCESS_LOG.c.subject)) == "a3"
    # The entry about ana is the first on hold, and a chain loses its beginning alone.
    first = next(AuditLog(store).entries())
    assert (first.action, first.object) == ("add user", "ana")
    assert told["audit log"].removed == 0 < told["audit log"].held
    hold.write_text("", "utf-8")
    told = run(store, hands, hold=hold)
    assert [told[w].removed for w in ("closed users", "ended keys", "access log")] == [1, 1, 1]
    assert AuditLog(store).verify() == []


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_without_a_list_that_can_be_read_nothing_goes(store, hands, looks, tmp_path, content):
    if content is not None:
        (tmp_path / "hold.txt").write_bytes(content)
    with pytest.raises(AccessError, match="legal holds"):
        run(store, hands, hold=tmp_path / "hold.txt")
    assert number_of(store, ACCESS_LOG) == 200


def test_a_hold_names_actors_by_their_names(tmp_path):
    hold = Hold(frozenset({"ana", "0a1b", "a (b)"}))
    assert hold.covers("user ana") and hold.covers("key x (0a1b)") and hold.covers("key a (b) (c)")
    assert not hold.covers("user anabel") and not hold.covers("key 0a (1b)")
    (tmp_path / "hold").write_bytes("\ufeffana\n真 赞\n".encode())
    assert read_hold(tmp_path / "hold").names == {"ana", "真 赞"}
    assert read_hold(None).names == frozenset()


@pytest.fixture
def cut(store, hands) -> AuditLog:
    """A log of five entries of which the first three were cut off, with the cut and the run."""
    log = AuditLog(store, clock=hands)
    for number in range(3):
        log.note("ana", "make key", f"k{number}")
    hands.now += THREE_YEARS_S + 1
    for number in range(3, 5):
        log.note("ana", "make key", f"k{number}")
    assert run(store, hands)["audit log"] == Removal("ucl_action_3y", "audit log", 3, 0, 3)
    return log


def test_a_log_whose_beginning_was_cut_is_whole_and_goes_on(cut, store, hands):
    assert [e.action for e in cut.entries()] == ["make key", "make key", CUT, "retention"]
    assert cut.verify() == []
    hands.now += THREE_YEARS_S + 1
    run(store, hands)
    # Everything was over, the entry of the first cut as well: the new one carries the chain on.
    assert [(e.seq, e.action) for e in cut.entries()] == [(8, CUT), (9, "retention")]
    assert cut.verify() == []


def test_a_beginning_that_went_without_a_cut_shows(cut, store):
    with store.writing() as connection:
        connection.execute(delete(AUDIT_LOG).where(AUDIT_LOG.c.seq == 4))
    assert cut.verify() == ["entries up to 4 are missing, and no cut tells of them"]


def test_a_cut_that_was_changed_shows(cut, store):
    with store.writing() as connection:
        told = json.dumps({"seq": 3, "hash": "0" * 64})
        connection.execute(update(AUDIT_LOG).where(AUDIT_LOG.c.action == CUT).values(detail=told))
    assert cut.verify() == [
        "entry 6 was changed", "entries up to 3 are missing, and no cut tells of them",
    ]  # fmt: skip
    with store.writing() as connection:
        connection.execute(update(AUDIT_LOG).where(AUDIT_LOG.c.action == CUT).values(detail="x"))
    assert "entry 6 was changed" in cut.verify()


def test_anchors_from_the_cut_on_are_checked_and_older_ones_are_named(store, hands):
    log = AuditLog(store, clock=hands)
    anchors = []
    for number in range(3):
        log.note("ana", "make key", f"k{number}")
        anchors.append(log.anchor())
    hands.now += THREE_YEARS_S + 1
    run(store, hands)
    assert log.verify((anchors[2], log.anchor())) == []
    (wrong,) = log.verify((anchors[0],))
    assert wrong == "entry 1 of an anchor went with a cut; give an anchor from 3 on"
    other = type(anchors[2])(3, "f" * 64)
    assert log.verify((other,)) == ["entry 3 that was cut off is not the one of the anchor"]


def test_an_entry_dated_before_a_younger_one_stays_with_it(store, hands):
    log = AuditLog(store, clock=hands)
    log.note("ana", "make key", "old")
    hands.now += THREE_YEARS_S
    log.note("ana", "make key", "young")
    hands.now -= THREE_YEARS_S  # the clock was set back
    log.note("ana", "make key", "dated wrongly")
    hands.now += THREE_YEARS_S + 1
    assert run(store, hands)["audit log"].removed == 1
    assert log.verify() == []


def test_each_run_is_in_the_audit_log_with_what_went(store, hands, looks):
    run(store, hands)
    removal, whole = AuditLog(store).entries()
    assert (removal.actor, removal.action, removal.object) == (
        "tests", "remove records", "access log",
    )  # fmt: skip
    assert json.loads(removal.detail)["removed"] == 16
    told = json.loads(whole.detail)
    assert whole.action == "retention"
    assert told["over"] == [{"class_name": "network_log_6m", "what": "access log", "due": 16,
                             "held": 0, "removed": 16}]  # fmt: skip
    run(store, hands)
    assert [e.action for e in AuditLog(store).entries()][2:] == ["retention"]


def test_history_is_gone_over_and_an_emptied_file_keeps_its_place(store, hands, tmp_path):
    now_us = int(hands.now * 1e6)
    rows = pa.table({
        "ts": pa.array([now_us - 2_000 * DAY_US, now_us - 40 * DAY_US, now_us - 40 * DAY_US],
                       pa.timestamp("us", "UTC")),
        "account_id": ["a1", "a2", "held"],
        "ip": ["203.0.113.1", "203.0.113.2", "203.0.113.3"],
    })  # fmt: skip
    pq.write_table(rows, tmp_path / "part.parquet")
    pq.write_table(rows.slice(0, 1), tmp_path / "old.parquet")
    (tmp_path / "hold.txt").write_text("held", "utf-8")
    what = What(tmp_path, tmp_path / "hold.txt")
    retention = Retention(store, what, by="tests", clock=hands)
    for dry, removed in ((True, 0), (False, 2)):
        told = {removal.what: removal for removal in retention.run(dry=dry)}
        assert told["rows of history"] == Removal("live_3y", "rows of history", 2, 0, removed)
        assert (told["identifiers in history"].due, told["identifiers in history"].held) == (4, 1)
    assert pq.read_table(tmp_path / "part.parquet")["account_id"].to_pylist() == ["a2", "held"]
    assert pq.read_table(tmp_path / "old.parquet").num_rows == 0
    assert pq.read_table(tmp_path / "part.parquet")["ip"][1].as_py() == "203.0.113.3"


def test_the_schedule_runs_counts_and_goes_on_after_a_failure(
    store, hands, looks, monkeypatch, caplog
):
    retention = Retention(store, What(), by="retention", clock=hands)
    planned = schedule.Schedule(retention, 0.01)
    real, failed, ran = retention.run, threading.Event(), threading.Event()

    def once_away() -> list[Removal]:
        if not failed.is_set():
            failed.set()
            raise ConnectionError("secret address")
        done = real()
        ran.set()
        return done

    monkeypatch.setattr(retention, "run", once_away)
    with caplog.at_level(logging.ERROR, logger="zhenzan.retention"):
        planned.start()
        assert ran.wait(20)
        planned.stop()
    figures = planned.figures()
    assert (figures["failures"], figures["failing"], figures["removed"]) == (1, 0, 16)
    assert "ConnectionError" in caplog.text and "secret" not in caplog.text


def test_a_session_that_is_seen_again_meanwhile_stays(store, hands, book):
    book.sign_in("ana", PASSWORD)
    hands.now += 3 * DAY_S
    kind = next(kind for kind in records.KINDS if kind.what == "sessions")
    before_us = CLASSES[kind.class_name].before_us(int(hands.now * 1e6))
    with store.reading() as connection:
        keys = list(connection.scalars(select(SESSIONS.c.sha256)))
    with store.writing() as connection:
        now_us = int(hands.now * 1e6)
        connection.execute(update(SESSIONS).values(seen_us=now_us, created_us=now_us))
    log = AuditLog(store, clock=hands)
    assert records._remove(store, log, kind, keys, before_us, by="tests") == 0
    assert number_of(store, SESSIONS) == 1


def test_no_run_removes_the_states_that_counts_are_made_of(store, hands):
    ledger, at_us = CountLedger(store), int(hands.now * 1e6)
    likes = [
        LikeState(f"e{at}", at, at_us, f"a{at % 3}", "mug", "shop", False, "counted", 0.1, at_us)
        for at in range(20)
    ]
    ledger.apply(0, 20, likes, [Unlike("u", 20, at_us, "a0", "mug")])
    ledger.revise([Revision("e1", "excluded", 0.9, at_us, "review")])
    before = (ledger.counters("item", "mug"), ledger.revisions(0, limit=100))
    hands.now += 20 * THREE_YEARS_S
    run(store, hands)
    assert (ledger.counters("item", "mug"), ledger.revisions(0, limit=100)) == before
    assert verify(store).is_sound
    assert number_of(store, STATES) == 28
