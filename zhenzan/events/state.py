"""The count state of a like: counted, held or excluded."""

from __future__ import annotations

import enum


class CountState(enum.IntEnum):
    """Whether a like counts; the only answer that counters, ranking and reports may read.

    ``COUNTED``: it counts. ``HELD``: not yet known, it waits for the follow-up window and does
    not count meanwhile (S0-12). ``EXCLUDED``: it does not count; the row and its reason stay
    (S1-15). Every state may change again while the reason is kept.
    """

    COUNTED = 0
    HELD = 1
    EXCLUDED = 2

    @property
    def word(self) -> str:
        """The word used in outputs, reports and rules."""
        return self.name.lower()


COUNT_STATES: tuple[str, ...] = tuple(state.word for state in CountState)
