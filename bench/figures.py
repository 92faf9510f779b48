"""One measured number, what it is, and what others reached."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured number; a count is an int.

    ``beside`` is the figure that the README of the data set names, with where it comes from;
    empty where there is none.
    """

    what: str
    value: float
    beside: str = ""

    @property
    def text(self) -> str:
        """Write a count as it is, CPU seconds with one place, a share with four."""
        if isinstance(self.value, int):
            return f"{self.value:,}"
        return f"{self.value:,.1f}" if abs(self.value) > 1 else f"{self.value:.4f}"
