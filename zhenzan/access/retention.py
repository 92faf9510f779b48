"""How long each kind of record is kept, and the job that strips and deletes what is over.

The job goes over a folder of history: Parquet files with a column ``ts``. Identifiers go as soon
as the detection window is over while the record stays; whole rows go when the class of the
history is over. Legal holds override both (requirements, section 6, "Retention rule").
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhenzan.access.identifiers import PERIOD_US, Hider, raw_left
from zhenzan.clock import DAY_US
from zhenzan.files import whole_file

if TYPE_CHECKING:
    from zhenzan.access.audit import AuditLog

HIDDEN_COLUMNS: tuple[str, ...] = ("ip", "device_id", "session_id")
"""Columns of the contract that name a place or a machine."""

DETECTION_DAYS = 30
"""How long detectors and groups may see raw identifiers: the longest window is 7 days, and the
audit of groups goes over four weeks."""


@dataclass(frozen=True, slots=True)
class Class:
    """One class of records.

    Attributes
    ----------
    days
        How long records are kept, from the moment that they tell of.
    ground
        The row of the requirements that says so.
    what
        What belongs to it.
    """

    days: int
    ground: str
    what: str


CLASSES: dict[str, Class] = {
    "identifiers_raw": Class(DETECTION_DAYS, "C7-05", "addresses, device and session ids"),
    "network_log_6m": Class(183, "C10-23", "access log and network logs"),
    "promo_2y": Class(731, "C4-19", "promotion rules and results"),
    "transaction_3y": Class(1096, "C2-31", "purchases and refunds"),
    "ucl_action_3y": Class(1096, "C3-06", "count states, revisions, audit log"),
    "live_3y": Class(1096, "C12-16", "interactions"),
}
"""Longest statutory minimum by class; the interactions of a log are `live_3y`, the strictest that
may apply to them."""


@dataclass(slots=True)
class Stripped:
    """What one run of the job did."""

    files: int = 0
    files_changed: int = 0
    files_removed: int = 0
    identifiers_hidden: int = 0
    rows_deleted: int = 0
    rows_on_hold: int = 0


def strip_history(
    folder: Path,
    hider: Hider,
    now_us: int,
    *,
    held_accounts: frozenset[str] = frozenset(),
    log: AuditLog | None = None,
) -> Stripped:
    """Hide identifiers past the detection window, and delete rows past their class.

    Each file is replaced whole or not at all, so a run that is cut off is run again.

    Parameters
    ----------
    held_accounts
        Accounts under legal hold: their rows are neither stripped nor deleted.
    log
        Where the run is taken down.
    """
    done = Stripped()
    for path in sorted(folder.rglob("*.parquet")):
        done.files += 1
        _strip_file(path, hider, now_us, held_accounts, done)
    destroyed = hider.rotate()
    if log is not None:
        told = {name: getattr(done, name) for name in Stripped.__dataclass_fields__}
        log.note("retention", "strip history", folder.name, **told, secrets_destroyed=destroyed)
    return done


def _strip_file(
    path: Path, hider: Hider, now_us: int, held_accounts: frozenset[str], done: Stripped
) -> None:
    table = pq.read_table(path)
    ts = table["ts"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_numpy()
    held = pc.fill_null(
        pc.is_in(table["account_id"], pa.array(sorted(held_accounts), table["account_id"].type)),
        False,
    ).to_numpy()
    over = (ts < now_us - CLASSES["live_3y"].days * DAY_US) & ~held
    old = (ts < now_us - CLASSES["identifiers_raw"].days * DAY_US) & ~held
    done.rows_on_hold += int((held & (ts < now_us - DETECTION_DAYS * DAY_US)).sum())
    hidden = 0
    for name in HIDDEN_COLUMNS:
        if name in table.column_names:
            column, number = _hidden(table[name], ts, old, hider)
            hidden += number
            if number:
                place = table.schema.get_field_index(name)
                table = table.set_column(place, table.schema.field(name), column)
    if not hidden and not over.any():
        return
    done.files_changed += 1
    done.identifiers_hidden += hidden
    done.rows_deleted += int(over.sum())
    table = table.filter(pa.array(~over))
    if not len(table):
        path.unlink()
        done.files_removed += 1
        return
    with whole_file(path) as unfinished:
        pq.write_table(table, unfinished, compression="zstd")


def _hidden(
    column: pa.ChunkedArray, ts: np.ndarray, old: np.ndarray, hider: Hider
) -> tuple[pa.ChunkedArray, int]:
    """Hide the identifiers of old rows, each under the secret of its period."""
    number = raw_left(column.filter(pa.array(old)))
    if not number:
        return column, 0
    kind = column.type
    values = column.cast(pa.string()).combine_chunks()
    for period in np.unique(ts[old] // PERIOD_US).tolist():
        rows = np.flatnonzero(old & (ts // PERIOD_US == period))
        hashed = hider.hide(values.take(pa.array(rows)), period * PERIOD_US)
        place = np.arange(len(values))
        place[rows] = len(values) + np.arange(len(rows))
        values = pa.concat_arrays([values, hashed]).take(pa.array(place))
    whole = values.dictionary_encode() if pa.types.is_dictionary(kind) else values
    return pa.chunked_array([whole.cast(kind)]), number
