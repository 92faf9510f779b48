"""The body of a journal group: its rows as one Arrow record batch, in their order."""

from __future__ import annotations

import pyarrow as pa

from zhenzan.errors import JournalError
from zhenzan.events.canonical import CANONICAL
from zhenzan.live.journal import JournalGroup

RECORD = pa.schema([field for field in CANONICAL if field.name not in ("file", "row")])
"""What the journal keeps of a row: all that it says, without the file that it never stood in."""


def pack(rows: pa.Table) -> bytes:
    """Write canonical rows as the body of a group."""
    batch = rows.select(RECORD.names).combine_chunks().to_batches()[0]
    return bytes(batch.serialize())


def unpack(group: JournalGroup) -> pa.Table:
    """Read the rows of a group.

    Raises
    ------
    JournalError
        The body was written by a version of the package that kept other columns.
    """
    try:
        batch = pa.ipc.read_record_batch(pa.py_buffer(group.body), RECORD)
    except (pa.ArrowException, OSError) as error:
        raise JournalError(f"the records at position {group.position:,} cannot be read") from error
    if batch.num_rows != group.count:
        raise JournalError(f"the group at position {group.position:,} holds other rows than told")
    return pa.Table.from_batches([batch], RECORD)
