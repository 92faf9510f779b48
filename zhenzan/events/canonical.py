"""The form that validated rows have between validation and encoding."""

from __future__ import annotations

import pyarrow as pa

STRINGS: tuple[str, ...] = (
    "account_id",
    "item_id",
    "merchant_id",
    "category",
    "device_id",
    "ip",
    "session_id",
    "channel",
    "campaign_id",
    "task_id",
    "text",
)

NUMBERS: tuple[str, ...] = ("ts", "kind", "dwell_ms", "completion_permille", "amount_cents")

CANONICAL = pa.schema(
    [
        pa.field("event_id", pa.string()),
        pa.field("ts", pa.int64()),
        pa.field("kind", pa.int8()),
        *(pa.field(name, pa.string()) for name in STRINGS),
        pa.field("dwell_ms", pa.int32()),
        pa.field("completion_permille", pa.int16()),
        pa.field("amount_cents", pa.int64()),
        pa.field("file", pa.int32()),
        pa.field("row", pa.int64()),
    ]
)
"""Contract columns ready for kernels, with the place each row came from.

``ts`` is in microseconds; missing numbers carry the marks of ``Batch``; no number is null.
"""
