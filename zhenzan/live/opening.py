"""Opens the live service on a folder: recovers what was there, then takes interactions in."""

from __future__ import annotations

import fcntl
import os
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa

from zhenzan.clock import Clock, system
from zhenzan.errors import Unavailable
from zhenzan.events.schema import Kind
from zhenzan.live.answering import CountsLedger
from zhenzan.live.checkpoint import note_version
from zhenzan.live.disk import Disk
from zhenzan.live.folders import CHECKPOINTS, IDS, JOURNAL
from zhenzan.live.intake import Intake
from zhenzan.live.journal import SEGMENT_BYTES, Journal
from zhenzan.live.pipeline import LiveService
from zhenzan.live.recovery import recover
from zhenzan.live.scorer import Facts, LiveScorer
from zhenzan.live.settler import SettledLedger, Settling
from zhenzan.live.wire import RECORD
from zhenzan.settings import Settings


class FullLedger(CountsLedger, SettledLedger, Protocol):
    """A ledger that the service and its settler both use."""


_LOCK = "lock"
_A_TIME_US = 1_700_000_000_000_000


def open_service(  # noqa: PLR0913  one parameter per thing that may be another
    folder: Path,
    settings: Settings,
    ledger: FullLedger,
    *,
    facts: Facts | None = None,
    clock: Clock = system,
    disk: Disk | None = None,
    segment_bytes: int = SEGMENT_BYTES,
    settle_every_s: float | None = None,
    from_rest: bool = False,
) -> LiveService:
    """Open the service whose journal, checkpoints and history lie in a folder.

    It comes back where it stood, however it ended: from the newest sound checkpoint and a replay
    of the journal behind it. The first call on an empty folder begins a new service.

    Parameters
    ----------
    ledger
        The ledger that belongs to the folder: it must not have records that the journal lacks.
    facts
        The optional side tables of the contract.
    clock
        The service's own clock, which only says which rows come from the future.
    settle_every_s
        How long to wait between two runs of the settler; None to leave settling to somebody else.
    from_rest
        Begin with what is left of the journal where that is all there is; see `recovery.recover`.

    Raises
    ------
    Unavailable
        Another service has the folder open.
    JournalError
        The journal is damaged, it and the ledger do not belong together, or records are needed
        that were removed from it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = _locked(folder)
    try:
        journal = Journal(folder / JOURNAL, disk=disk, segment_bytes=segment_bytes)
        intake = Intake(folder / IDS, settings, clock=clock)
        scorer = LiveScorer(settings, facts)
        recovered = recover(
            folder / CHECKPOINTS, journal, scorer, intake, ledger, from_rest=from_rest
        )
        note_version(folder, scorer.version)
        _warm_up()
    except BaseException:
        os.close(lock)
        raise
    service = LiveService(
        folder,
        settings,
        journal=journal,
        intake=intake,
        scorer=scorer,
        ledger=ledger,
        recovered=recovered,
        lock=lock,
    )
    if settle_every_s is not None:
        ends = service.close_segment
        service.attach(
            Settling(
                folder, settings, ledger, facts=facts, close_segment=ends, every_s=settle_every_s
            )
        )
    return service


def _locked(folder: Path) -> int:
    handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o640)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise Unavailable(f"another service has `{folder}` open") from error
    return handle


@cache
def _warm_up() -> None:
    """Load every kernel with a like that no state sees, so that the first caller does not wait."""
    row = {"event_id": "0", "ts": _A_TIME_US, "account_id": "0", "item_id": "0", "text": "0"}
    blank = {"kind": int(Kind.LIKE), "dwell_ms": -1, "completion_permille": -1, "amount_cents": 0}
    columns = [
        pa.array([row.get(field.name, blank.get(field.name))], field.type) for field in RECORD
    ]
    rows = pa.table(columns, schema=RECORD)
    judged = LiveScorer(Settings()).answer(rows)
    assert np.isfinite(judged.score).all()
