"""The classes of records: how long each is kept, and on what ground."""

from __future__ import annotations

from dataclasses import dataclass

from zhenzan.clock import DAY_US

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

    def before_us(self, now_us: int) -> int:
        """Give the moment before which records of the class are over, in microseconds."""
        return now_us - self.days * DAY_US


CLASSES: dict[str, Class] = {
    "session_1d": Class(1, "section 6", "sessions and first tokens, from their end"),
    "identifiers_raw": Class(DETECTION_DAYS, "C7-05", "addresses, device and session ids"),
    "network_log_6m": Class(183, "C10-23", "access log and network logs"),
    "promo_2y": Class(731, "C4-19", "promotion rules and results"),
    "transaction_3y": Class(1096, "C2-31", "purchases and refunds"),
    "ucl_action_3y": Class(
        1096, "C3-06",
        "audit log; users from their closing, keys from their end; count states and revisions at "
        "least, and then as long as their like is part of a count",
    ),
    "live_3y": Class(1096, "C12-16", "interactions"),
}  # fmt: skip
"""Longest statutory minimum by class. The interactions of a log are `live_3y`, the strictest that
may apply to them; users and keys stay as long as the audit log that names them."""
