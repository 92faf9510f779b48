"""Brings the scorer, the duplicate memory and the ledger to the end of the journal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from zhenzan.counts.interface import LikeState, Unlike
from zhenzan.errors import CheckpointError, JournalError
from zhenzan.events.schema import Kind
from zhenzan.events.state import COUNT_STATES
from zhenzan.live.checkpoint import LiveState, kept, load, newest_sound
from zhenzan.live.counting import Counted, Ledger
from zhenzan.live.intake import Intake
from zhenzan.live.journal import Journal
from zhenzan.live.scorer import Judged, LiveScorer
from zhenzan.live.wire import unpack

REPLAY_ROWS = 16_384
"""Rows replayed in one step; no answer depends on it."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What it took to come back.

    ``checkpoint`` is the position it went on from, 0 for the whole journal; ``passed_over`` says
    why newer checkpoints were not used.
    """

    checkpoint: int
    replayed: int
    passed_over: tuple[str, ...]


def recover(
    folder: Path,
    journal: Journal,
    scorer: LiveScorer,
    intake: Intake,
    ledger: Ledger,
    *,
    from_rest: bool = False,
) -> Recovered:
    """Restore the newest sound checkpoint and replay what the journal holds after it.

    The ledger gets the records that it does not hold yet, with the answers that the interrupted
    run gave or would have given: they are a function of the journal alone.

    Parameters
    ----------
    from_rest
        Where no checkpoint fits and the journal has lost its beginning, build the state from what
        is left of it. Later answers then know nothing of what came before.

    Raises
    ------
    JournalError
        The ledger holds records that the journal does not, or lacks some that the journal has lost
        since: the two are not of one time. Or the journal has lost records that are needed.
    """
    applied = ledger.applied_position()
    if applied >= journal.end:
        raise JournalError(
            f"the ledger has record {applied:,} and the journal ends at {journal.end:,}",
            hint="journal and database belong together; restore both from one time",
        )
    passed_over: list[str] = []
    start = 0
    for found in newest_sound(folder, version=scorer.version, position_max=applied + 1):
        if isinstance(found, CheckpointError):
            passed_over.append(str(found))
            continue
        scorer.restore(found.scorer)
        _remember(intake, found)
        start = found.position
        break
    if start < journal.first:
        if not from_rest:
            raise _lost(journal.first, passed_over)
        start = _begin_at_rest(folder, journal, intake, applied)
    for position, rows in _chunks(journal, start):
        intake.remember(rows)
        end = position + rows.num_rows - 1
        judged = scorer.answer(rows, explain=end > applied)
        counted = count(rows, position, judged, version=scorer.version)
        if end > applied:
            ledger.apply(position, end, counted.likes, counted.unlikes)
    return Recovered(start, journal.end - start, tuple(passed_over))


def _lost(first: int, passed_over: list[str]) -> JournalError:
    why = passed_over[0] if passed_over else "there is no checkpoint"
    return JournalError(
        f"the state cannot be built: the journal begins at {first:,}, and {why}",
        hint="restore checkpoints or database from a copy, start the version that wrote them, or "
        "start with `--from-rest`: answers then know only what is left of the journal",
    )


def _begin_at_rest(folder: Path, journal: Journal, intake: Intake, applied: int) -> int:
    """Take the known ids from a checkpoint of whatever version; give where the journal begins.

    Raises
    ------
    JournalError
        The ledger lacks records that the journal has lost, or no checkpoint can be read: without
        its ids a repeat would count twice.
    """
    if applied + 1 < journal.first:
        raise JournalError(
            f"the ledger ends at {applied:,}, and the journal begins at {journal.first:,}",
            hint="restore the database from a copy: the records between are in history alone",
        )
    for path in reversed(kept(folder)):
        try:
            _remember(intake, load(path))
        except CheckpointError:
            continue
        return journal.first
    raise JournalError(
        "no checkpoint can be read, and with them the ids of the records that were removed",
        hint="restore a checkpoint from a copy: without it a repeat would count twice",
    )


def _remember(intake: Intake, state: LiveState) -> None:
    intake.duplicates.put_back(state.ids, state.put_away)
    intake.newest_us = state.newest_us


def _chunks(journal: Journal, start: int) -> Iterator[tuple[int, pa.Table]]:
    held: list[pa.Table] = []
    position, rows = start, 0
    for group in journal.read(start):
        table = unpack(group)
        if group.position < start:
            table = table.slice(start - group.position)
        held.append(table)
        rows += table.num_rows
        if rows >= REPLAY_ROWS:
            yield position, pa.concat_tables(held)
            position, held, rows = position + rows, [], 0
    if held:
        yield position, pa.concat_tables(held)


def count(rows: pa.Table, position: int, judged: Judged, *, version: str) -> Counted:
    """Say what records mean for the counts.

    Parameters
    ----------
    rows
        Canonical rows, of which the first has the given position.
    """
    effect = Counted(position, position + rows.num_rows - 1)
    likes = rows.select(_LIKE).take(pa.array(judged.likes)).to_pydict()
    owners = judged.merchants or likes["merchant_id"]
    as_of = judged.as_of_us[judged.likes].tolist()
    score, states = judged.score.tolist(), judged.states.tolist()
    for place, at in enumerate(judged.likes.tolist()):
        effect.likes.append(
            LikeState(
                event_id=likes["event_id"][place],
                position=position + at,
                ts_us=likes["ts"][place],
                account_id=likes["account_id"][place],
                item_id=likes["item_id"][place] or None,
                merchant_id=likes["merchant_id"][place] or owners[place] or None,
                campaign=bool(likes["campaign_id"][place]),
                state=COUNT_STATES[states[place]],
                score=score[place],
                as_of_us=as_of[place],
                reasons=judged.reasons[place],
                rule_version=judged.rules[place],
                model_version=version,
            )
        )
    kinds = rows.column("kind").to_pylist()
    for at in (at for at, kind in enumerate(kinds) if kind == Kind.UNLIKE):
        told = {name: rows.column(name)[at].as_py() for name in _LIKE}
        if told["item_id"]:
            effect.unlikes.append(
                Unlike(
                    event_id=told["event_id"],
                    position=position + at,
                    ts_us=told["ts"],
                    account_id=told["account_id"],
                    item_id=told["item_id"],
                )
            )
    return effect


_LIKE = ["event_id", "ts", "account_id", "item_id", "merchant_id", "campaign_id"]
