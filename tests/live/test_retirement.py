"""A journal that lost its beginning answers as one that did not, or says what it cannot do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import zhenzan
from zhenzan.access.identifiers import Hider
from zhenzan.access.retention.history import strip_history
from zhenzan.access.retention.run import Retention, What
from zhenzan.cli.verify import _taken
from zhenzan.clock import DAY_US
from zhenzan.counts.interface import Revision
from zhenzan.counts.ledger import CountLedger
from zhenzan.counts.verify import verify
from zhenzan.errors import JournalError
from zhenzan.live import open_service
from zhenzan.live.checkpoint import kept, load, positions
from zhenzan.live.journal import read_groups, segment_path, segments
from zhenzan.live.pipeline import LiveService
from zhenzan.live.retirement import Retired, Retirement
from zhenzan.live.settler import settle
from zhenzan.settings import Settings
from zhenzan.store.engine import open_store
from zhenzan.testing.rows import START_US, client_rows

SETTINGS = replace(Settings(), ahead_s=10**8)
NOW_US = START_US + 42 * DAY_US
LONG_AGO_US = NOW_US - 1_096 * DAY_US
PART_ROWS = 150


def part(seed: int, day: int) -> list[dict[str, object]]:
    rows = client_rows(PART_ROWS, seed=seed, days=0.5)
    return [{**row, "ts": int(row["ts"]) + day * DAY_US} for row in rows]


OLD, LATER, YOUNG, NEXT = part(1, 0), part(2, 1), part(3, 40), part(4, 41)


@pytest.fixture(scope="module")
def lived(tmp_path_factory) -> Path:
    """Two old segments, a young one, and two checkpoints that need the young one alone."""
    data = tmp_path_factory.mktemp("lived")
    with opened(data) as service:
        for rows in (OLD, LATER):
            service.submit(rows).result(60)
            service.close_segment()
    with opened(data) as service:
        service.submit(YOUNG).result(60)
    assert segments(data / "live" / "journal") == [0, 150, 300]
    assert positions(data / "live" / "checkpoints") == [300, 450]
    return data


@pytest.fixture
def data(lived, tmp_path) -> Path:
    return copy_of(lived, tmp_path / "data")


def copy_of(lived: Path, place: Path) -> Path:
    shutil.copytree(lived, place)
    return place


@contextmanager
def ledger_of(data: Path) -> Iterator[CountLedger]:
    store = open_store(data / "counts.db")
    try:
        yield CountLedger(store)
    finally:
        store.close()


@contextmanager
def opened(data: Path, *, from_rest: bool = False) -> Iterator[LiveService]:
    with ledger_of(data) as ledger:
        service = open_service(data / "live", SETTINGS, ledger, from_rest=from_rest)
        try:
            yield service
        finally:
            service.close()


def retire(data: Path, *, dry: bool = False, held: frozenset[str] = frozenset()) -> Retired:
    with ledger_of(data) as ledger:
        retirement = Retirement(data / "live", ledger, days=30)
        if not dry:
            retirement.complete_history()
        return retirement.retire(NOW_US, held, rows_over_us=LONG_AGO_US, dry=dry)


def answers_and_counts(data: Path) -> tuple[list[object], list[object], int]:
    """What a service says to new rows, to repeats and to a conflict, and what verify finds."""
    with opened(data) as service:
        told: list[object] = list(service.submit(NEXT).result(60))
        told += [(a.event_id, a.status, a.score) for a in service.submit(OLD + LATER).result(60)]
        other = {**OLD[0], "account_id": "somebody else"}
        told += [service.submit([other]).result(60)[0].status]
    return told, *compared(data)


def compared(data: Path) -> tuple[list[object], int]:
    store = open_store(data / "counts.db")
    found = verify(store, _taken(data / "live"))
    store.close()
    return list(found.differences), found.unread


def journal_of(data: Path) -> list[int]:
    return segments(data / "live" / "journal")


def test_a_service_answers_and_counts_as_if_nothing_had_gone(lived, data, tmp_path):
    assert retire(data) == Retired(300, 0, 300)
    assert journal_of(data) == [300]
    told = answers_and_counts(data)
    assert told == answers_and_counts(copy_of(lived, tmp_path / "whole"))
    assert {status for _, status, _ in told[0][150:450]} == {"repeated"}
    assert (told[0][450], told[1], told[2]) == ("refused", [], 0)
    # Nothing is left to do, until what has come meanwhile is old as well.
    assert retire(data) == Retired(0, 0, 0)


@pytest.mark.parametrize("gone", [1, 2])
def test_a_removal_that_was_cut_off_leaves_a_service_that_opens(lived, data, tmp_path, gone):
    with ledger_of(data) as ledger:
        Retirement(data / "live", ledger, days=30).complete_history()
    for start in journal_of(data)[:gone]:
        segment_path(data / "live" / "journal", start).unlink()
    assert answers_and_counts(data) == answers_and_counts(copy_of(lived, tmp_path / "whole"))
    assert retire(data).removed == (2 - gone) * PART_ROWS


def test_the_older_checkpoint_is_enough_after_a_retirement(lived, data, tmp_path):
    retire(data)
    damage(max((data / "live" / "checkpoints").iterdir()))
    assert answers_and_counts(data) == answers_and_counts(copy_of(lived, tmp_path / "whole"))


def test_likes_settle_as_if_nothing_had_gone(lived, data, tmp_path):
    whole = copy_of(lived, tmp_path / "whole")
    retire(data)
    like = next(str(row["event_id"]) for row in OLD if row["kind"] == "like")
    found = []
    for folder in (data, whole):
        with opened(folder) as service:
            service.submit(NEXT).result(60)
            service.close_segment()
        with ledger_of(folder) as ledger:
            # What a settling is to find: an old like that stands otherwise.
            wrong = Revision(like, "excluded", 0.9, NOW_US, "rule")
            ledger.revise([wrong])
            report = settle(folder / "live", replace(SETTINGS, settle_days=60), ledger)
            found.append((report, ledger.revisions(0, limit=1_000)))
    assert found[0] == found[1]
    assert found[0][0].likes > 3 * PART_ROWS // 2
    assert sum(found[0][0].moves.values()) == 1


def test_a_dry_run_says_what_would_go_and_changes_nothing(data):
    before = sorted(path for path in data.rglob("*"))
    assert retire(data, dry=True) == Retired(300, 0, 0)
    assert sorted(path for path in data.rglob("*")) == before


def test_what_is_needed_or_young_stays(data):
    with ledger_of(data) as ledger:
        young = Retirement(data / "live", ledger, days=41)
        told = young.retire(NOW_US, frozenset(), rows_over_us=LONG_AGO_US, dry=True)
    assert told.due == 150
    (data / "live" / "version").write_text("another")
    assert retire(data) == Retired(0, 0, 0)


def test_nothing_goes_while_a_checkpoint_is_damaged_or_alone(data):
    damage(max((data / "live" / "checkpoints").iterdir()))
    assert retire(data) == Retired(0, 0, 0)
    max((data / "live" / "checkpoints").iterdir()).unlink()
    assert retire(data) == Retired(0, 0, 0)


def test_nothing_goes_that_the_ledger_does_not_hold(data, tmp_path):
    (data / "counts.db").unlink()
    assert retire(data) == Retired(0, 0, 0)


def test_a_segment_whose_history_lacks_a_record_stays(data):
    with ledger_of(data) as ledger:
        Retirement(data / "live", ledger, days=30).complete_history()
    path = data / "live" / "history" / f"{150:020d}.parquet"
    pq.write_table(pq.read_table(path).slice(1), path)
    with pytest.raises(JournalError, match="other records"):
        retire(data)
    assert journal_of(data) == [150, 300]


def test_what_is_on_hold_stays_raw_in_history(data):
    held = frozenset({"account 3"})
    raw = [row for row in OLD if row["account_id"] == "account 3" and "ip" in row]
    assert retire(data, held=held) == Retired(300, 0, 300)
    with ledger_of(data) as ledger:
        strip_history(data / "live" / "history", Hider(ledger.store), NOW_US, held_accounts=held)
    told = pq.read_table(data / "live" / "history" / f"{0:020d}.parquet").to_pylist()
    kept = {row["event_id"]: row["ip"] for row in told if row["account_id"] == "account 3"}
    assert raw
    assert all(kept[row["event_id"]] == row["ip"] for row in raw)


def test_a_segment_on_hold_that_history_says_less_of_stays_and_all_behind_it(data):
    with ledger_of(data) as ledger:
        Retirement(data / "live", ledger, days=30).complete_history()
        strip_history(data / "live" / "history", Hider(ledger.store), NOW_US)
    assert retire(data, held=frozenset({"account 3"})) == Retired(300, 300, 0)
    assert journal_of(data) == [0, 150, 300]
    assert retire(data) == Retired(300, 0, 300)


def test_what_needs_the_beginning_of_the_journal_says_so(data, monkeypatch):
    retire(data)
    database = (data / "counts.db").read_bytes()
    (data / "counts.db").unlink()
    # The database was lost: no replay can fill it again.
    for from_rest in (False, True):
        with (
            pytest.raises(JournalError, match="the journal begins at 300"),
            opened(data, from_rest=from_rest),
        ):
            pass
    (data / "counts.db").write_bytes(database)
    # The package is another, and so are its states.
    monkeypatch.setattr(zhenzan, "__version__", "0.0.0")
    with pytest.raises(JournalError, match="belongs to version") as told, opened(data):
        pass
    assert "--from-rest" in str(told.value)
    with opened(data, from_rest=True) as service:
        assert service.health()["replayed_rows"] == PART_ROWS
        again = service.submit(OLD + LATER + YOUNG).result(60)
        assert {answer.status for answer in again} == {"repeated"}
        service.submit(NEXT).result(60)
    assert compared(data) == ([], 0)
    shutil.rmtree(data / "live" / "checkpoints")
    with (
        pytest.raises(JournalError, match="no checkpoint can be read"),
        opened(data, from_rest=True),
    ):
        pass


def test_history_that_lost_rows_to_their_age_is_not_compared(data):
    retire(data)
    path = data / "live" / "history" / f"{0:020d}.parquet"
    pq.write_table(pq.read_table(path).slice(1), path)
    assert compared(data) == ([], PART_ROWS)
    path.unlink()
    with pytest.raises(JournalError, match="neither in the journal nor in history"):
        compared(data)


def test_verify_still_finds_what_the_ledger_lost_of_retired_records(data):
    retire(data)
    with ledger_of(data) as ledger, ledger.store.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE likes SET account_id = 'another' WHERE position = "
            "(SELECT min(position) FROM likes)"
        )
    assert "interactions" in {difference.check for difference in compared(data)[0]}


def test_a_run_of_retention_retires_the_journal(data):
    with ledger_of(data) as ledger:
        journal = Retirement(data / "live", ledger, days=30)
        what = What(data / "live" / "history", None, journal)
        retention = Retention(ledger.store, what, by="tests", clock=lambda: NOW_US / 1e6)
        for dry, removed in ((True, 0), (False, 300)):
            told = {removal.what: removal for removal in retention.run(dry=dry)}
            assert told["records of the journal"].due == 300
            assert told["records of the journal"].removed == removed
    assert journal_of(data) == [300]
    assert sum(group.count for group in read_groups(data / "live" / "journal", 300)) == PART_ROWS


def test_a_service_to_which_little_comes_retires_while_it_runs(lived, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    with ledger_of(data) as ledger:
        service = open_service(data / "live", SETTINGS, ledger)
        retirement = Retirement(data / "live", ledger, days=30, prepare=service.prepare_retirement)
        service.submit(OLD).result(60)
        retirement.complete_history()
        assert service.health()["checkpoint_position"] == PART_ROWS
        for _ in range(2):  # nothing has come: the state is saved once more, and then no more
            retirement.complete_history()
            assert positions(data / "live" / "checkpoints") == [PART_ROWS, PART_ROWS]
        for rows in (LATER, YOUNG):
            service.submit(rows).result(60)
            retirement.complete_history()
        told = retirement.retire(NOW_US, frozenset(), rows_over_us=LONG_AGO_US, dry=False)
        assert told == Retired(300, 0, 300)
        service.abandon()
        service.save()  # returns at once: there is nobody to write it
    assert answers_and_counts(data) == answers_and_counts(copy_of(lived, tmp_path / "whole"))


def test_a_service_to_which_nothing_comes_any_more_retires_all_of_its_journal(lived, tmp_path):
    data = copy_of(lived, tmp_path / "data")
    later_us = NOW_US + 40 * DAY_US
    with ledger_of(data) as ledger:
        service = open_service(data / "live", SETTINGS, ledger)
        retirement = Retirement(data / "live", ledger, days=30, prepare=service.prepare_retirement)
        retirement.complete_history()
        told = retirement.retire(later_us, frozenset(), rows_over_us=LONG_AGO_US, dry=False)
        assert told == Retired(450, 0, 450)
        service.abandon()
    assert journal_of(data) == [450]
    # Either state will do, should the other be damaged.
    for newest in (True, False):
        one = copy_of(data, tmp_path / f"damaged {newest}")
        damage(kept(one / "live" / "checkpoints")[-1 if newest else 0])
        told = answers_and_counts(one)
        assert told == answers_and_counts(copy_of(lived, tmp_path / f"whole {newest}"))


def test_a_damaged_state_is_replaced_by_one_of_its_position(lived, tmp_path):
    data = copy_of(lived, tmp_path / "data")
    damage(kept(data / "live" / "checkpoints")[-1])
    with opened(data):
        pass
    assert positions(data / "live" / "checkpoints") == [300, 450]
    assert load(kept(data / "live" / "checkpoints")[-1]).position == 450


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
