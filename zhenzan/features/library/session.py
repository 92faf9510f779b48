"""What happens inside one session.

Browse depth before a like (S0-13), like-and-leave (S1-14), thin sessions (S1-17).
"""

from __future__ import annotations

from zhenzan.events.schema import Kind
from zhenzan.features.spec import Feature

_ROWS: tuple[tuple[str, tuple[Kind, ...]], ...] = (
    ("events", ()),
    ("views", (Kind.VIEW,)),
    ("likes", (Kind.LIKE,)),
)

SESSION: tuple[Feature, ...] = (
    *(
        Feature(
            name=f"session_{words}_1h",
            key=("session",),
            agg="count",
            kinds=kinds,
            window="1h",
            sentence=f"{words.capitalize()} of the session in the last hour.",
        )
        for words, kinds in _ROWS
    ),
    Feature(
        "session_age_seen",
        ("session",),
        "since_first",
        sentence="Time since the session was first seen.",
    ),
)
"""Counts and age of a session."""
