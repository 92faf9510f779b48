"""What speaks for the honest: evidence families behind each state, rises that kept their likes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhenzan.insight.limits import BURST_LIKES_MIN, BURST_RATIO_MIN, KEPT_SHARE_MIN
from zhenzan.insight.outputs import Outputs, Row

FAMILY = "reasons.list.element.family"
SIDE = "reasons.list.element.side"


@dataclass(frozen=True, slots=True)
class FamilyCount:
    """Likes held and excluded to which one evidence family contributed."""

    family: str
    held: int
    excluded: int


def families(outputs: Outputs) -> list[FamilyCount]:
    """Count the likes that do not count by evidence family; a like may have several.

    Reads two leaf columns of the reasons and nothing else of them.
    """
    if not outputs.has("likes", "reasons"):
        return []
    counts: dict[tuple[str, str], int] = {}
    with pq.ParquetFile(outputs.path("likes")) as file:
        # One row group at a time: nested dictionaries cannot be read across their bounds.
        for place in range(file.num_row_groups):
            group = file.read_row_group(place, columns=["count_state", FAMILY, SIDE])
            for batch in group.combine_chunks().to_batches():
                _add(batch, counts)
    names = sorted({family for family, _ in counts})
    found = [
        FamilyCount(name, counts.get((name, "held"), 0), counts.get((name, "excluded"), 0))
        for name in names
    ]
    return sorted(found, key=lambda row: (-row.excluded - row.held, row.family))


def _add(batch: pa.RecordBatch, counts: dict[tuple[str, str], int]) -> None:
    """Add one batch: each like counts once for each family that speaks for inauthenticity."""
    state = batch.column("count_state").cast(pa.string())
    batch = batch.filter(pc.not_equal(state, "counted"))
    if not batch.num_rows:
        return
    state = batch.column("count_state").cast(pa.string()).to_numpy(zero_copy_only=False)
    reasons = batch.column("reasons")
    parent = pc.list_parent_indices(reasons).to_numpy()
    flat = reasons.flatten()
    family = pc.struct_field(flat, "family").cast(pa.string()).dictionary_encode()
    side = pc.struct_field(flat, "side").cast(pa.string())
    speaks = pc.fill_null(pc.equal(side, "for"), False).to_numpy(zero_copy_only=False)
    speaks &= family.indices.is_valid().to_numpy(zero_copy_only=False)
    codes = pc.fill_null(family.indices, 0).to_numpy(zero_copy_only=False)
    pairs = np.unique(np.stack([parent[speaks], codes[speaks]]), axis=1)
    names = family.dictionary.to_pylist()
    for held_or_not in ("held", "excluded"):
        of_state = pairs[1][state[pairs[0]] == held_or_not]
        for code, count in zip(*np.unique(of_state, return_counts=True), strict=True):
            key = (names[code], held_or_not)
            counts[key] = counts.get(key, 0) + int(count)


@dataclass(frozen=True, slots=True)
class Rises:
    """Items whose likes rose suddenly, and those of them that kept their likes (T19)."""

    all: int
    kept: int
    examples: tuple[Row, ...]


def rises(outputs: Outputs) -> Rises:
    """Find sudden rises in likes; a rise is never a verdict, so most honest ones are kept."""
    rows = outputs.ask(
        f"""
        WITH hourly AS (
            SELECT item_id, epoch_us(ts) // 3600000000 AS hour, count(*) AS n,
                   count(*) FILTER (count_state = 'counted') AS c
            FROM likes WHERE item_id IS NOT NULL GROUP BY ALL
        ), of_item AS (
            SELECT item_id, max(n) AS peak, sum(n)::BIGINT AS claimed, sum(c)::BIGINT AS counted,
                   arg_max(c, n) AS peak_counted, max(hour) - min(hour) + 1 AS hours
            FROM hourly GROUP BY item_id
        )
        SELECT *, (claimed - peak) / greatest(hours - 1, 1) AS other
        FROM of_item
        WHERE peak >= {BURST_LIKES_MIN}
          AND peak >= {BURST_RATIO_MIN} * (claimed - peak) / greatest(hours - 1, 1)
        ORDER BY peak DESC, item_id
        """
    )
    kept = [row for row in rows if row["peak_counted"] >= KEPT_SHARE_MIN * row["peak"]]
    return Rises(len(rows), len(kept), tuple(kept[:5]))
