"""Counts what became of every row that was read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class IngestCounts:
    """Where the rows of a log went: ``rows_read`` is the sum of the next four.

    ``late_rows`` came after the lateness bound: those of files were merged in, those of a
    stream stand in batches marked late.
    """

    rows_read: int = 0
    interactions: int = 0
    duplicates: int = 0
    left_out: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    late_rows: int = 0
    bad_addresses: int = 0
    unread_columns: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def rejected_rows(self) -> int:
        """Count the rows set aside, whatever the reason."""
        return sum(self.rejected.values())

    def keys(self) -> tuple[str, ...]:
        """Name the counts, so that ``**counts`` unpacks them."""
        return tuple(self.as_dict())

    def __getitem__(self, name: str) -> object:
        """Give one count by name."""
        return self.as_dict()[name]

    def as_dict(self) -> dict[str, object]:
        """Give the counts as they stand in the summary."""
        return {
            "rows_read": self.rows_read,
            "interactions": self.interactions,
            "duplicates": self.duplicates,
            "left_out": self.left_out,
            "rejected_rows": self.rejected_rows,
            "rejected": dict(sorted(self.rejected.items())),
            "late_rows": self.late_rows,
            "bad_addresses": self.bad_addresses,
            "unread_columns": list(self.unread_columns),
            "files": list(self.files),
        }
