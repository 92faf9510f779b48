"""Whatever is done to the audit log behind its back shows."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, text, update

from zhenzan.access.access import Access
from zhenzan.access.audit import Anchor, AuditLog, looks_at
from zhenzan.store.tables.access import AUDIT_LOG


@pytest.fixture
def log(store, hands) -> AuditLog:
    made = AuditLog(store, clock=hands)
    for number in range(9):
        hands.now += 1
        made.note("ana", "make key", f"k{number}", days=number, text="真赞 \u2028")
    return made


def test_a_log_that_nobody_touched_is_whole(log):
    assert log.verify() == []
    assert log.verify((log.anchor(), Anchor(0, "0" * 64))) == []


@pytest.mark.parametrize("column", ["at_us", "actor", "action", "object", "detail", "hash",
                                    "previous"])  # fmt: skip
@pytest.mark.parametrize("seq", [1, 5, 9])
def test_every_edit_shows(log, store, column, seq):
    with store.writing() as connection:
        old = connection.scalar(select(AUDIT_LOG.c[column]).where(AUDIT_LOG.c.seq == seq))
        new = old + 1 if column == "at_us" else f"{old} "
        connection.execute(update(AUDIT_LOG).where(AUDIT_LOG.c.seq == seq).values({column: new}))
    assert log.verify()


@pytest.mark.parametrize("seq", [1, 5])
def test_every_deletion_inside_shows(log, store, seq):
    with store.writing() as connection:
        connection.execute(delete(AUDIT_LOG).where(AUDIT_LOG.c.seq == seq))
    assert log.verify()


def test_a_deletion_that_numbers_the_rest_anew_shows(log, store):
    with store.writing() as connection:
        connection.execute(delete(AUDIT_LOG).where(AUDIT_LOG.c.seq == 5))
        for seq in range(6, 10):
            connection.execute(update(AUDIT_LOG).where(AUDIT_LOG.c.seq == seq).values(seq=seq - 1))
    assert log.verify()


def test_two_entries_that_change_places_show(log, store):
    with store.writing() as connection:
        for old, new in ((3, 100), (4, 3), (100, 4)):
            connection.execute(update(AUDIT_LOG).where(AUDIT_LOG.c.seq == old).values(seq=new))
    assert log.verify()


def test_a_cut_off_end_shows_against_an_anchor(log, store):
    anchor = log.anchor()
    with store.writing() as connection:
        connection.execute(delete(AUDIT_LOG).where(AUDIT_LOG.c.seq > 7))
    assert log.verify() == []
    assert log.verify((anchor,)) == ["entry 9 of an anchor is missing"]


def test_a_past_that_was_written_anew_shows_against_an_anchor(log, store, hands):
    anchor = log.anchor()
    with store.writing() as connection:
        connection.execute(text("DELETE FROM audit_log"))
    other = AuditLog(store, clock=hands)
    for number in range(9):
        other.note("ana", "make key", f"other {number}")
    assert other.verify() == []
    assert other.verify((anchor,)) == ["entry 9 is not the one of the anchor"]


def test_an_entry_stands_only_with_what_it_tells_of(log, store):
    with pytest.raises(RuntimeError), store.writing() as connection:
        log.note_in(connection, "ana", "make key", "x", {})
        raise RuntimeError("what was done failed")
    assert len(list(log.entries())) == 9


def test_looks_at_personal_data_are_written_with_who_and_whose(store, hands):
    access = Access(store, clock=hands, steady=hands)
    assert access.look("user ana", "/v1/accounts/{account_id}", "a1")
    assert access.look("user ana", "/v1/accounts/{account_id}", "a2")
    assert looks_at(store, "a1") == []
    access.tick()
    access.tick()
    (look,) = looks_at(store, "a1")
    assert (look.actor, look.route, look.at_us) == (
        "user ana", "/v1/accounts/{account_id}", 1_700_000_000_000_000,
    )  # fmt: skip


def test_looks_wait_while_the_database_is_away(store, hands, monkeypatch):
    access = Access(store, clock=hands, steady=hands)
    access.look("user ana", "r", "a1")
    with store.writing() as connection:
        connection.execute(text("ALTER TABLE access_log RENAME TO away"))
    with pytest.raises(Exception, match="access_log"):
        access.tick()
    with store.writing() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO access_log"))
    access.tick()
    assert len(looks_at(store, "a1")) == 1
