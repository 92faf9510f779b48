"""Finds the groups of a log: the one entry point of this folder."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from zhenzan.groups.answer import assemble
from zhenzan.groups.cluster import cluster_ties
from zhenzan.groups.exchange import find_exchanges
from zhenzan.groups.flash import find_flashes
from zhenzan.groups.judge import judge_groups
from zhenzan.groups.meetings import find_meetings
from zhenzan.groups.member import settle_members
from zhenzan.groups.relations import Relations
from zhenzan.groups.schema import Groups, complete, no_groups
from zhenzan.groups.strata import with_strata
from zhenzan.groups.ties import find_ties
from zhenzan.groups.walks import find_walks

_OWNER = """
SELECT item, max(merchant) AS merchant, max(author) AS author FROM likes WHERE item >= 0
GROUP BY item
"""


@dataclass(frozen=True, slots=True)
class GroupOptions:
    """Limits of a search.

    ``false_discovery_max`` bounds the expected share of false groups among those reported.
    ``memory_limit`` is DuckDB's; beyond it the joins spill to ``spill_folder`` (its default when
    empty). ``pairs_per_like_max`` bounds the rows of every self-join, so that cost grows with the
    likes and not with the square of the most liked item.
    """

    false_discovery_max: float = 0.01
    memory_limit: str = "1GB"
    threads: int = 2
    spill_folder: str = ""
    pairs_per_like_max: float = 20.0


def find_groups(likes: pa.Table, *, options: GroupOptions | None = None) -> Groups:
    """Find the accounts that act together, and the likes they gave together.

    Parameters
    ----------
    likes
        Likes with the columns of `schema.LIKES`; those of `schema.OPTIONAL` may be absent. With
        ``author`` reciprocal likes (my item, your like; your item, my like) are seen.
    options
        Limits; the defaults fit a million likes into one gibibyte.

    Raises
    ------
    SchemaError
        A required column is absent.
    """
    options = options or GroupOptions()
    likes = complete(likes)
    if not len(likes):
        return no_groups()
    with Relations(
        memory_limit=options.memory_limit,
        threads=options.threads,
        spill_folder=options.spill_folder,
    ) as relations:
        return search(relations, likes, options=options)


def search(relations: Relations, likes: pa.Table, *, options: GroupOptions) -> Groups:
    """Find the groups among likes with all columns of `schema.LIKES`, on a given engine of SQL."""
    relations.give("likes", likes)
    likes = with_strata(relations, likes)
    relations.give("likes", likes)
    relations.keep("item_owner", _OWNER)
    find_ties(
        relations,
        pairs_per_like_max=options.pairs_per_like_max,
        false_discovery=options.false_discovery_max,
    )
    find_flashes(relations)
    cluster_ties(relations)
    find_meetings(relations, pairs_per_like_max=options.pairs_per_like_max)
    find_exchanges(relations)
    find_walks(relations, false_discovery=options.false_discovery_max)
    settle_members(relations)
    looks = judge_groups(relations)
    return assemble(relations, likes, looks, false_discovery_max=options.false_discovery_max)
