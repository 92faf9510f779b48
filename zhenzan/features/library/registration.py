"""Where and when accounts are registered.

Registration batches from one device or network (S0-04), account age (S1-07).
"""

from __future__ import annotations

from zhenzan.events.schema import Kind
from zhenzan.features.spec import Feature

_REGISTER = (Kind.REGISTER,)

REGISTRATION: tuple[Feature, ...] = (
    *(
        Feature(
            name=f"{subject}_registers_{window}",
            key=(subject,),
            agg="count",
            kinds=_REGISTER,
            window=window,
            sentence=f"Accounts registered from the {words} in the last {window}.",
        )
        for subject, words, window in (
            ("device", "device", "24h"),
            ("block", "address block", "1h"),
            ("block", "address block", "24h"),
        )
    ),
    Feature(
        "account_since_register",
        ("account",),
        "since_last",
        _REGISTER,
        sentence="Time since the account registered, where that was seen.",
    ),
)
"""Registrations nearby, and time since the account's own."""
