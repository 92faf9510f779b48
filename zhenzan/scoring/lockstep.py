"""What the groups of a log say about each like, for the settled answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhenzan.groups.evidence import strongest
from zhenzan.groups.find import find_groups
from zhenzan.groups.schema import MISSING, Groups
from zhenzan.scoring.spill import LikeSpill

_COLUMNS = (
    "ts", "account", "item", "merchant", "category", "device", "block", "channel", "registered_us",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lockstep:
    """The groups of a log, and the one that each like is judged by.

    Attributes
    ----------
    groups
        As `find_groups` answered; ``row`` is the place of the like in the log.
    nats
        Evidence of the group about the like; 0 without a group, and for a benign one.
    likely
        Odds that the like is a group's, proven or not, in nats; 0 without a candidate.
    benign
        True where the like's lockstep is explained: by a benign group or by a campaign.
    group_id
        Null without a group.
    """

    groups: Groups
    nats: NDArray[np.float64]
    likely: NDArray[np.float64]
    benign: NDArray[np.bool_]
    group_id: pa.Array


def find_lockstep(spill: LikeSpill, *, authors: NDArray[np.int32] | None = None) -> Lockstep:
    """Find the groups among the likes of a log.

    Parameters
    ----------
    authors
        The account that made the item of each like, -1 where it is unknown; None: of no like.
    """
    columns = {name: spill.key(name) for name in _COLUMNS}
    likes = pa.table(
        {
            "row": np.arange(spill.count),
            **columns,
            "campaign": spill.key("campaign").astype(np.int8),
        }
    )
    if authors is not None:
        likes = likes.append_column("author", pa.array(authors))
    told = likes.filter((likes["account"].to_numpy() >= 0) & (likes["item"].to_numpy() >= 0))
    groups = find_groups(told)
    judged = strongest(groups)
    row = judged["row"].to_numpy()
    nats, benign = np.zeros(spill.count), np.zeros(spill.count, np.bool_)
    place = np.full(spill.count, MISSING, np.int64)
    # People who work through the tasks of a campaign meet there by its design.
    inside = spill.key("campaign").astype(np.bool_)
    benign[row] = judged["benign"].to_numpy(zero_copy_only=False)
    benign |= inside
    nats[row] = np.where(benign[row], 0.0, judged["nats"].to_numpy())
    place[row] = np.arange(len(row))
    indices = pa.array(np.maximum(place, 0), mask=place < 0)
    names = judged["group_id"].combine_chunks()
    group_id = names.take(indices) if len(row) else pa.nulls(spill.count, pa.string())
    likely = np.zeros(spill.count)
    likely[groups.scores["row"].to_numpy()] = groups.scores["nats"].to_numpy()
    return Lockstep(groups, nats, likely, benign, group_id)
