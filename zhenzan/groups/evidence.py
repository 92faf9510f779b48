"""The one group that a like is judged by, where it carries evidence of several."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhenzan.groups.schema import Groups

STRONGEST = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("group_id", pa.string(), nullable=False),
        pa.field("nats", pa.float64(), nullable=False),
        pa.field("benign", pa.bool_(), nullable=False),
    ]
)


def strongest(groups: Groups) -> pa.Table:
    """Give each like that has evidence the group it is judged by, in the order of ``row``.

    A hired account that belongs to a fan club as well is judged by who hired it, so benign groups
    come last; then most nats, then the more significant group. Columns of `STRONGEST`.
    """
    evidence = groups.evidence
    place = pc.index_in(evidence["group_id"], groups.groups["group_id"].combine_chunks())
    places = place.to_numpy()
    row, nats = evidence["row"].to_numpy(), evidence["nats"].to_numpy()
    benign = groups.groups["benign"].to_numpy()[places]
    order = np.lexsort((places, -nats, benign, row))
    _, first = np.unique(row[order], return_index=True)
    chosen = evidence.take(pa.array(order[first]))
    chosen = chosen.append_column("benign", pa.array(benign[order[first]]))
    return chosen.select(STRONGEST.names).cast(STRONGEST)
