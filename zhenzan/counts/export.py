"""Whole tables of the ledger as Arrow batches, of one moment, with memory for one batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlalchemy import Select, select

from zhenzan.store.tables.counts import COUNTERS, GROUPS, LIKES, STATES, UNLIKES

if TYPE_CHECKING:
    from zhenzan.store.engine import Store

BATCH_ROWS = 16_384

_TS = pa.timestamp("us", tz="UTC")
_WORD = pa.string()
_TALLY = tuple(
    f"{prefix}{name}"
    for prefix in ("", "campaign_")
    for name in ("counted", "held", "excluded", "withdrawn")
)


@dataclass(frozen=True, slots=True)
class ExportTable:
    """A table on offer: its schema, and the statement that gives its columns in that order."""

    schema: pa.Schema
    statement: Select[Any]


def _table(*columns: tuple[str, pa.DataType, bool], statement: Select[Any]) -> ExportTable:
    fields = [pa.field(name, kind, nullable=nullable) for name, kind, nullable in columns]
    return ExportTable(pa.schema(fields), statement)


def _counters(subject: str) -> ExportTable:
    of = select(COUNTERS.c.key, *(COUNTERS.c[name] for name in _TALLY))
    return _table(
        (f"{subject}_id", _WORD, False),
        *((f"likes_{name}", pa.int64(), False) for name in _TALLY),
        statement=of.where(COUNTERS.c.subject == subject).order_by(COUNTERS.c.key),
    )


_FIRST = STATES.alias("first")

TABLES: dict[str, ExportTable] = {
    "likes": _table(
        ("event_id", _WORD, False),
        ("ts", _TS, False),
        ("account_id", _WORD, False),
        ("item_id", _WORD, True),
        ("merchant_id", _WORD, True),
        ("score", pa.float64(), False),
        ("score_at_once", pa.float64(), False),
        ("count_state", _WORD, False),
        ("count_state_at_once", _WORD, False),
        ("campaign", pa.bool_(), False),
        ("withdrawn", pa.bool_(), False),
        ("group_id", _WORD, True),
        ("as_of", _TS, False),
        ("cause", _WORD, False),
        ("revision", pa.int64(), False),
        statement=select(
            LIKES.c.event_id,
            LIKES.c.ts_us,
            LIKES.c.account_id,
            LIKES.c.item_id,
            LIKES.c.merchant_id,
            LIKES.c.score,
            _FIRST.c.score,
            LIKES.c.state,
            _FIRST.c.state,
            LIKES.c.campaign,
            LIKES.c.withdrawn,
            LIKES.c.group_id,
            LIKES.c.as_of_us,
            LIKES.c.cause,
            LIKES.c.revision,
        )
        .join(_FIRST, (_FIRST.c.event_id == LIKES.c.event_id) & (_FIRST.c.seq == 1))
        .order_by(LIKES.c.event_id),
    ),
    "states": _table(
        ("revision", pa.int64(), False),
        ("event_id", _WORD, False),
        ("seq", pa.int32(), False),
        ("from_state", _WORD, True),
        ("count_state", _WORD, False),
        ("withdrawn", pa.bool_(), False),
        ("score", pa.float64(), False),
        ("cause", _WORD, False),
        ("as_of", _TS, False),
        ("group_id", _WORD, True),
        ("rule_version", _WORD, True),
        ("model_version", _WORD, True),
        ("reasons", _WORD, False),
        statement=select(
            STATES.c.revision,
            STATES.c.event_id,
            STATES.c.seq,
            STATES.c.state_before,
            STATES.c.state,
            STATES.c.withdrawn,
            STATES.c.score,
            STATES.c.cause,
            STATES.c.as_of_us,
            STATES.c.group_id,
            STATES.c.rule_version,
            STATES.c.model_version,
            STATES.c.reasons,
        ).order_by(STATES.c.revision),
    ),
    "unlikes": _table(
        ("event_id", _WORD, False),
        ("ts", _TS, False),
        ("account_id", _WORD, False),
        ("item_id", _WORD, False),
        statement=select(
            UNLIKES.c.event_id, UNLIKES.c.ts_us, UNLIKES.c.account_id, UNLIKES.c.item_id
        ).order_by(UNLIKES.c.event_id),
    ),
    "items": _counters("item"),
    "accounts": _counters("account"),
    "merchants": _counters("merchant"),
    "groups": _table(
        ("group_id", _WORD, False),
        ("kind", _WORD, False),
        ("size", pa.int32(), False),
        ("as_of", _TS, False),
        ("detail", _WORD, False),
        statement=select(
            GROUPS.c.group_id, GROUPS.c.kind, GROUPS.c.size, GROUPS.c.as_of_us, GROUPS.c.detail
        ).order_by(GROUPS.c.group_id),
    ),
}
"""What may be exported; ``reasons`` and ``detail`` are JSON, as the ledger keeps them."""


def batches(store: Store, name: str) -> Iterator[pa.RecordBatch]:
    """Give a table of `TABLES` in batches; all of them are of one moment.

    The moment lasts until the iterator ends or is closed.
    """
    table = TABLES[name]
    with store.reading() as connection:
        streamed = connection.execution_options(stream_results=True, max_row_buffer=BATCH_ROWS)
        for rows in streamed.execute(table.statement).partitions(BATCH_ROWS):
            columns = [list(column) for column in zip(*rows, strict=True)]
            yield pa.record_batch(
                [
                    pa.array(column, field.type)
                    for column, field in zip(columns, table.schema, strict=True)
                ],
                schema=table.schema,
            )
