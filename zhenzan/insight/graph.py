"""The core of a group as a graph: members, targets, their likes, and the pairs that hold it.

Places are computed here with a fixed seed, so that the page only draws. A graph comes last: it
convinces nobody alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zhenzan.groups.layout import layout
from zhenzan.insight.limits import (
    GRAPH_LIKES_MAX,
    GRAPH_MEMBERS_MAX,
    GRAPH_PAIRS_MAX,
    GRAPH_TARGETS_MAX,
)
from zhenzan.insight.outputs import Row

WIDTH, HEIGHT, MARGIN = 480, 340, 12
_PAIR_PULL = 2.0
"""A pair of members pulls as two likes of one target do."""

NODES: dict[str, str] = {
    "executor": "M{x} {y}h0",
    "distributor": "M{x} {y}m-5 -5h10v10h-10z",
    "supplier": "M{x} {y}m0 -7l7 12h-14z",
    "beneficiary": "M{x} {y}m0 -7l7 7l-7 7l-7 -7z",
    "camouflage": "M{x} {y}m0 -6l6 6l-6 6l-6 -6z",
}
"""The shape of each role, so that colour never says it alone."""


@dataclass(frozen=True, slots=True)
class Graph:
    """One drawing: lines for likes and pairs, and one path of shapes for each role present."""

    likes: str
    pairs: str
    nodes: Mapping[str, str]
    width: int
    height: int
    members: int
    targets: int
    pairs_shown: int


def draw_graph(
    members: Sequence[Row],
    targets: Sequence[Row],
    pairs: Sequence[Row],
    likes: Mapping[str, Sequence[Row]],
) -> Graph | None:
    """Draw the strongest members, targets and pairs; None where nothing ties them.

    Parameters
    ----------
    members, targets, pairs
        Rows of the output tables, strongest first.
    likes
        Likes of each account: ``item_id``.
    """
    people, goods = members[:GRAPH_MEMBERS_MAX], targets[:GRAPH_TARGETS_MAX]
    place = {row["account_id"]: at for at, row in enumerate(people)}
    target = {row["item_id"]: len(people) + at for at, row in enumerate(goods)}
    liked = sorted(
        {
            (place[account], target[like["item_id"]])
            for account in place
            for like in likes.get(account, [])
            if like["item_id"] in target
        }
    )
    held = [
        (place[row["account_a_id"]], place[row["account_b_id"]])
        for row in pairs
        if row["account_a_id"] in place and row["account_b_id"] in place
    ][:GRAPH_PAIRS_MAX]
    if not liked and not held:
        return None
    ends = np.array([*liked, *held], np.int64)
    pull = np.array([1.0] * len(liked) + [_PAIR_PULL] * len(held))
    at = layout(len(people) + len(goods), ends, pull)
    at = np.round(MARGIN + at * (WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN))
    return Graph(
        likes=_lines(liked[:: 1 + len(liked) // GRAPH_LIKES_MAX], at),
        pairs=_lines(held, at),
        nodes=_shapes([row["role"] for row in (*people, *goods)], at),
        width=WIDTH,
        height=HEIGHT,
        members=len(people),
        targets=len(goods),
        pairs_shown=len(held),
    )


def _lines(ties: Sequence[tuple[int, int]], at: NDArray[np.float64]) -> str:
    return "".join(f"M{at[a, 0]:g} {at[a, 1]:g}L{at[b, 0]:g} {at[b, 1]:g}" for a, b in ties)


def _shapes(roles: Sequence[str], at: NDArray[np.float64]) -> dict[str, str]:
    found: dict[str, str] = {}
    for role, (x, y) in zip(roles, at, strict=True):
        if role in NODES:
            found[role] = found.get(role, "") + NODES[role].format(x=f"{x:g}", y=f"{y:g}")
    return {role: found[role] for role in NODES if role in found}
