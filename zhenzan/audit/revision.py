"""Revises what was counted: every change of an answer is an event, and every figure follows."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from zhenzan.audit.standing import Window
from zhenzan.settings import Settings


@dataclass(frozen=True, slots=True)
class Revised:
    """The events of a revision, and how many there are by reason."""

    revisions: pa.Table
    counts: dict[str, int] = field(default_factory=dict)


def revise(
    changes: list[tuple[Window, pa.Table]], likes: Path | None, out: Path, settings: Settings
) -> Revised:
    """Nothing."""
    del changes, likes, out, settings
    return Revised(pa.table({"revision_id": pa.array([], pa.string())}))
