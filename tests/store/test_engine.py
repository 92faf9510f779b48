"""Opening a store, and what its transactions promise."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text

from zhenzan.errors import StoreError
from zhenzan.store.engine import Store, open_store
from zhenzan.store.tables.counts import PROGRESS

MARK = {"name": "mark", "value": 1}


def _marks(store: Store) -> int:
    with store.reading() as connection:
        return int(connection.scalar(select(func.count()).select_from(PROGRESS)) or 0)


def test_an_error_undoes_the_whole_transaction(store: Store):
    with pytest.raises(RuntimeError), store.writing() as connection:
        connection.execute(insert(PROGRESS), MARK)
        raise RuntimeError
    assert _marks(store) == 0


@pytest.mark.parametrize("durable", [True, False])
def test_a_reader_sees_one_moment_while_a_writer_commits(store: Store, durable: bool):
    with store.reading() as reader:
        count = select(func.count()).select_from(PROGRESS)
        before = reader.scalar(count)
        with store.writing(durable=durable) as writer:
            writer.execute(insert(PROGRESS), MARK)
        assert (before, reader.scalar(count)) == (0, 0)
    assert _marks(store) == 1


def test_a_second_writer_waits_for_the_first(store: Store):
    seen: list[int] = []
    started = threading.Event()

    def second() -> None:
        started.set()
        with store.writing() as connection:
            seen.append(int(connection.scalar(select(func.count()).select_from(PROGRESS)) or 0))

    thread = threading.Thread(target=second)
    with store.writing() as connection:
        connection.execute(insert(PROGRESS), MARK)
        thread.start()
        started.wait()
        thread.join(0.1)
        assert thread.is_alive()
    thread.join()
    assert seen == [1]


def test_foreign_keys_are_kept(store: Store):
    row = text(
        "INSERT INTO like_states (revision, event_id, seq, state, withdrawn, score, reasons,"
        " cause, as_of_us) VALUES (1, 'nobody', 1, 'held', :no, 0.5, '[]', 'at_once', 0)"
    )
    with pytest.raises(Exception, match=r"(?i)foreign key"), store.writing() as connection:
        connection.execute(row, {"no": False})


def test_sqlite_runs_with_a_write_ahead_log_and_full_syncs(tmp_path: Path):
    store = open_store(tmp_path / "a.db")
    with store.writing() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA synchronous")) == 2
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
    store.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://host/name", "no database that this package knows"),
        ("sqlite://", "needs a file"),
        ("://", "no address"),
        ("postgresql://nobody:secret@127.0.0.1:1/none", "cannot be opened"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused_with_a_reason(url: str, words: str):
    with pytest.raises(StoreError, match=words) as caught:
        open_store(url)
    assert "secret" not in str(caught.value)


def test_tables_of_a_newer_version_are_refused(tmp_path: Path):
    store = open_store(tmp_path / "a.db")
    with store.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(StoreError, match="does not know"):
        open_store(tmp_path / "a.db")
