"""The service from a caller's side: answers, repeats, refusals, limits, and the way down."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from zhenzan.counts.interface import Applied
from zhenzan.counts.ledger import CountLedger
from zhenzan.errors import JournalError, Overloaded, Unavailable
from zhenzan.live import checkpoint, open_service
from zhenzan.live.pipeline import LiveService
from zhenzan.settings import Settings
from zhenzan.testing.rows import client_rows

SETTINGS = replace(Settings(), ahead_s=10**8)


@pytest.fixture
def service(tmp_path, ledger):
    service = open_service(tmp_path / "live", SETTINGS, ledger)
    yield service
    service.close()


def _ledger_of(service: LiveService) -> CountLedger:
    ledger = service._answering._ledger
    assert isinstance(ledger, CountLedger)
    return ledger


def test_rows_are_answered_in_their_order_and_counted_when_the_answer_comes(service):
    rows = client_rows(200, seed=4)
    answers = service.submit(rows).result(30)
    assert [answer.event_id for answer in answers] == [row["event_id"] for row in rows]
    assert {answer.status for answer in answers} == {"accepted"}
    assert sorted(answer.position for answer in answers) == list(range(200))
    for row, answer in zip(rows, answers, strict=True):
        assert (answer.score is None) == (row["kind"] != "like")
    ledger = _ledger_of(service)
    for row, answer in zip(rows, answers, strict=True):
        if row["kind"] == "like":
            held, history = ledger.like(answer.event_id)
            assert (held.position, history[0].score) == (answer.position, answer.score)
            assert (held.state, held.merchant_id) == (answer.count_state, row["merchant_id"])


def test_a_repeat_gets_the_same_answer_even_after_it_has_left_the_memory(service):
    rows = client_rows(40, seed=4)
    first = service.submit(rows).result(30)
    again = service.submit(rows).result(30)
    assert [replace(answer, status="accepted") for answer in again] == first
    service._answering._recent.clear()
    for before, after in zip(first, service.submit(rows).result(30), strict=True):
        assert after.status == "repeated"
        if before.score is not None:
            assert (after.position, after.score, after.count_state, after.reasons) == (
                before.position, before.score, before.count_state, before.reasons,
            )  # fmt: skip


def test_refused_rows_cost_nobody_else_anything(service):
    good = client_rows(2, seed=4)
    rows = [good[0], {"event_id": "x"}, {**good[0], "account_id": "other"}, good[1]]
    statuses = [answer.status for answer in service.submit(rows).result(30)]
    assert statuses == ["accepted", "refused", "refused", "accepted"]
    assert service.submit([]).result(1) == []


def test_a_service_that_comes_back_goes_on_where_it_stood(tmp_path, ledger):
    rows = client_rows(300, seed=6)
    whole = open_service(tmp_path / "whole", SETTINGS, _Deaf())
    expected = [answer.score for answer in whole.submit(rows).result(30)]
    whole.abandon()
    scores = []
    for start in (0, 100, 200):
        service = open_service(tmp_path / "live", SETTINGS, ledger)
        assert service.health()["recovered_from"] == start
        scores += [a.score for a in service.submit(rows[start : start + 100]).result(30)]
        service.close()
    # Rows that come together are sorted, so the two runs agree where arrival does.
    assert len(scores) == len(expected)
    assert ledger.applied_position() == 299


def test_a_damaged_checkpoint_is_passed_over_for_an_older_one(tmp_path, ledger):
    rows = client_rows(300, seed=6)
    for start in (0, 100, 200):
        service = open_service(tmp_path / "live", SETTINGS, ledger)
        service.submit(rows[start : start + 100]).result(30)
        service.close()
    newest = max((tmp_path / "live" / "checkpoints").iterdir())
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(content)
    service = open_service(tmp_path / "live", SETTINGS, ledger)
    health = service.health()
    assert (health["recovered_from"], health["replayed_rows"]) == (200, 100)
    assert [a.status for a in service.submit(rows[:5]).result(30)] == ["repeated"] * 5
    service.close()


def test_a_checkpoint_that_the_ledger_does_not_reach_is_passed_over(tmp_path, ledger):
    rows = client_rows(100, seed=6)
    service = open_service(tmp_path / "live", SETTINGS, _Deaf())
    service.submit(rows).result(30)
    service.close()
    # The database was lost: a new, empty one gets everything from the journal.
    service = open_service(tmp_path / "live", SETTINGS, ledger)
    assert service.health()["recovered_from"] == 0
    assert ledger.applied_position() == 99
    service.close()


def test_a_ledger_that_is_ahead_of_the_journal_is_refused(tmp_path, ledger):
    ledger.apply(0, 5, [])
    with pytest.raises(JournalError, match="belong together"):
        open_service(tmp_path / "live", SETTINGS, ledger)


def test_a_folder_is_open_once(tmp_path, service):
    with pytest.raises(Unavailable, match="another service"):
        open_service(tmp_path / "live", SETTINGS, _Deaf())


class _Deaf:
    """A ledger that keeps nothing but the position, and may be made to wait."""

    def __init__(self) -> None:
        self.position = -1
        self.open = threading.Event()
        self.open.set()

    def apply(self, position_from: int, position_to: int, likes, unlikes=()) -> Applied:
        self.open.wait()
        self.position = position_to
        return Applied(position_to, 0)

    def revise(self, revisions, *, groups=(), progress=None) -> Applied:
        return Applied(self.position, 0)

    def applied_position(self) -> int:
        return self.position

    def first_answers(self, event_ids) -> dict[str, object]:
        return {}


def test_too_much_waiting_is_told_and_nothing_of_it_is_taken_in(tmp_path):
    ledger = _Deaf()
    settings = replace(SETTINGS, queue_rows_max=100, uncounted_rows_max=1)
    service = open_service(tmp_path / "live", settings, ledger)
    ledger.open.clear()
    rows = client_rows(600, seed=8)
    taken, told = [], 0
    for start in range(0, 600, 20):
        try:
            taken.append((start, service.submit(rows[start : start + 20])))
        except Overloaded as error:
            told += 1
            assert 0 < error.retry_after_s <= 30
    assert told
    ledger.open.set()
    accepted = sum(len(done.result(30)) for _, done in taken)
    assert accepted == 20 * len(taken)
    service.drain()
    assert service.health()["position"] == accepted
    with pytest.raises(Unavailable, match="closing"):
        service.submit(rows[:1])
    service.close()


def test_draining_answers_all_that_was_taken_in(tmp_path, ledger):
    service = open_service(tmp_path / "live", SETTINGS, ledger)
    waiting = [service.submit(client_rows(30, seed=seed)) for seed in range(10)]
    service.drain()
    assert all(done.done() for done in waiting)
    assert ledger.applied_position() == 299
    service.close()


def test_only_the_newest_checkpoints_are_kept(tmp_path, ledger):
    settings = replace(SETTINGS, checkpoint_rows=1)
    service = open_service(tmp_path / "live", settings, ledger)
    for seed in range(5):
        service.submit(client_rows(10, seed=seed)).result(30)
    service.close()
    folder: Path = tmp_path / "live" / "checkpoints"
    assert len(list(folder.iterdir())) <= checkpoint.KEPT
