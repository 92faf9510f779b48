"""Sources of truth beside injection: labelled likes, reviewers' outcomes and appeals."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zhenzan.errors import SchemaError, SourceError, nearest
from zhenzan.training.measure import Likes, index_of

OUTCOMES: dict[str, bool] = {
    "inauthentic": True,
    "appeal_rejected": True,
    "authentic": False,
    "appeal_upheld": False,
}
"""What a reviewer or an appeal may say, and whether the like is then inauthentic."""

UNKNOWN, HONEST, BOUGHT = -1, 0, 1


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What people have said about likes; one row per like, the last word counts.

    ``decided_us`` is 0 where a set of labels says no time.
    """

    event_id: pa.Array
    bought: NDArray[np.bool_]
    decided_us: NDArray[np.int64]
    source: str

    def of(self, likes: Likes, *, before_us: int) -> NDArray[np.int8]:
        """Give the verdict on each like as far as it was known by a time."""
        verdict = np.full(len(likes), UNKNOWN, np.int8)
        place = index_of(likes.event_id, self.event_id)
        known = (place >= 0) & (self.decided_us < before_us)
        verdict[place[known]] = self.bought[known]
        return verdict


def read_labels(path: Path) -> Verdicts:
    """Read labels: ``event_id`` and ``is_inauthentic``; camouflage is left out.

    Raises
    ------
    SourceError
        The file cannot be read.
    SchemaError
        A column is missing.
    """
    table = _read(path, ("event_id", "is_inauthentic"))
    if "role" in table.column_names:
        camouflage = pc.fill_null(pc.equal(table["role"], "camouflage"), False)
        table = table.filter(pc.invert(camouflage))
    bought = table["is_inauthentic"].to_numpy(zero_copy_only=False).astype(np.bool_)
    ids = table["event_id"].cast(pa.string()).combine_chunks()
    return Verdicts(ids, bought, np.zeros(len(table), np.int64), "labels")


def read_outcomes(path: Path) -> Verdicts:
    """Read outcomes: ``event_id``, ``outcome`` (see `OUTCOMES`) and ``decided_at``.

    Raises
    ------
    SourceError
        The file cannot be read.
    SchemaError
        A column is missing or an outcome is unknown.
    """
    table = _read(path, ("event_id", "outcome", "decided_at"))
    table = table.sort_by([("decided_at", "ascending"), ("event_id", "ascending")])
    words = table["outcome"].cast(pa.string()).to_pylist()
    for word in set(words) - set(OUTCOMES):
        raise SchemaError(f"no outcome is named `{word}`", hint=nearest(str(word), OUTCOMES))
    decided = table["decided_at"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
    bought = np.array([OUTCOMES[word] for word in words], np.bool_)
    ids = table["event_id"].cast(pa.string()).combine_chunks()
    return Verdicts(ids, bought, decided.to_numpy(), "outcomes")


def _read(path: Path, columns: tuple[str, ...]) -> pa.Table:
    try:
        table = pq.read_table(path)
    except (OSError, ValueError) as error:
        raise SourceError(f"`{path}` cannot be read: {error}") from error
    for name in columns:
        if name not in table.column_names:
            raise SchemaError(f"`{path}` has no column `{name}`")
    return table
