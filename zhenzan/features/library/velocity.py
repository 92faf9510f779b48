"""How fast likes come: per account, device, address block, item and shop.

Short-window surges (S0-07, S0-15, S2-05), likes per account (S2-08, S3-25), likes from one
device or address block in a short time (S2-13, S4-28).
"""

from __future__ import annotations

from zhenzan.events.schema import Kind
from zhenzan.features.spec import Feature


def _likes(subject: str, window: str) -> Feature:
    words = {"block": "address block"}.get(subject, subject)
    whose = "received by the" if subject in {"item", "merchant"} else "made by the"
    whose = "made from the" if subject in {"device", "block"} else whose
    return Feature(
        name=f"{subject}_likes_{window}",
        key=(subject,),
        agg="count",
        kinds=(Kind.LIKE,),
        window=window,
        sentence=f"Likes {whose} {words} in the last {window}.",
    )


VELOCITY: tuple[Feature, ...] = (
    *(_likes("account", window) for window in ("1m", "10m", "1h", "24h", "7d")),
    *(_likes("device", window) for window in ("1h", "24h")),
    *(_likes("block", window) for window in ("1h", "24h")),
    *(_likes("item", window) for window in ("10m", "1h", "24h", "7d")),
    _likes("merchant", "24h"),
    *(
        Feature(
            name=f"account_events_{window}",
            key=("account",),
            agg="count",
            window=window,
            sentence=f"Interactions of any kind by the account in the last {window}.",
        )
        for window in ("24h", "7d")
    ),
)
"""Counts of likes, and of all interactions of an account."""
