"""Which group of this run is which of an earlier one, though members come and go.

Rule. Two groups are *linked* when they share half of the members of the smaller one, or a fifth
of its members and half of the targets of the one with fewer. Links are taken from the strongest
down, each group once; strength is the Jaccard overlap of the members, and half that of the
targets. A group that is taken keeps the id of its predecessor. One that is linked but left over
has split off: its parents are the groups it is linked to. An earlier group that is linked but
left over has merged into the one it is linked to most strongly, and becomes a parent of that one.

Members are those of the last time the group was found, so that it may turn over slowly and stay
itself: what counts is the step, not the distance travelled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

MEMBERS_SHARED_MIN = 0.5
"""Part of the smaller group's members that links two groups by itself."""

MEMBERS_KEPT_MIN = 0.2
TARGETS_SHARED_MIN = 0.5
"""Parts of members and targets that link two groups together: a customer whose hired accounts
are replaced. Targets alone never do, since one shop may buy twice."""

_SHARED = """
WITH size_old AS (SELECT group_id, CAST(count(*) AS DOUBLE) AS n FROM old GROUP BY group_id),
size_new AS (SELECT group_id, CAST(count(*) AS DOUBLE) AS n FROM new GROUP BY group_id)
SELECT o.group_id AS before, n.group_id AS found, CAST(count(*) AS DOUBLE) AS shared,
       any_value(a.n) AS n_old, any_value(b.n) AS n_new
FROM old o JOIN new n USING ({key})
JOIN size_old a ON a.group_id = o.group_id JOIN size_new b ON b.group_id = n.group_id
GROUP BY o.group_id, n.group_id ORDER BY o.group_id, n.group_id
"""


@dataclass(frozen=True, slots=True)
class Lineage:
    """What became of the groups between two runs.

    ``ids`` gives each found group the id it is kept under, ``parents`` the earlier groups that a
    kept id descends from besides itself, ``merged`` the kept id into which an earlier group went.
    """

    ids: dict[str, str] = field(default_factory=dict)
    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)


def trace(
    before: tuple[pa.Table, pa.Table],
    found: tuple[pa.Table, pa.Table],
    *,
    first_seen_us: Mapping[str, int],
) -> Lineage:
    """Link the groups found now to those found before.

    Parameters
    ----------
    before, found
        Members (columns ``group_id``, ``account``) and targets (``group_id``, ``item``), one row
        each; codes must mean the same in both.
    first_seen_us
        When each earlier group was first found: the older one wins where strengths are equal.
    """
    links = [
        (-strength, first_seen_us[old], old, new) for old, new, strength in _links(before, found)
    ]
    return _lineage(sorted(links), found[0]["group_id"].unique().to_pylist(), first_seen_us)


def linked(
    before: tuple[pa.Table, pa.Table], found: tuple[pa.Table, pa.Table]
) -> list[tuple[str, str]]:
    """Give every pair of linked groups, the one found now first; tables as in `trace`."""
    return [(new, old) for old, new, _ in _links(before, found)]


def _links(
    before: tuple[pa.Table, pa.Table], found: tuple[pa.Table, pa.Table]
) -> list[tuple[str, str, float]]:
    members = _shared(before[0], found[0], "account")
    targets = _shared(before[1], found[1], "item")
    links = []
    for pair, (shared, n_old, n_new) in members.items():
        contained = shared / min(n_old, n_new)
        aims, aims_old, aims_new = targets.get(pair, (0.0, 1.0, 1.0))
        aimed = aims / min(aims_old, aims_new)
        if contained >= MEMBERS_SHARED_MIN or (
            contained >= MEMBERS_KEPT_MIN and aimed >= TARGETS_SHARED_MIN
        ):
            strength = shared / (n_old + n_new - shared)
            strength += 0.5 * aims / (aims_old + aims_new - aims)
            links.append((*pair, strength))
    return links


def _lineage(
    links: list[tuple[float, int, str, str]], found: list[str], first_seen_us: Mapping[str, int]
) -> Lineage:
    lineage = Lineage()
    taken: set[str] = set()
    for _, _, old, new in links:
        if new not in lineage.ids and old not in taken:
            lineage.ids[new] = old
            taken.add(old)
    used = set(first_seen_us)
    for new in sorted(set(found) - set(lineage.ids)):
        lineage.ids[new] = _fresh(new, used)
        used.add(lineage.ids[new])
    parents: dict[str, set[str]] = {}
    for _, _, old, new in links:
        kept = lineage.ids[new]
        if kept not in first_seen_us:
            parents.setdefault(kept, set()).add(old)
        elif old not in taken and old not in lineage.merged:
            lineage.merged[old] = kept
            parents.setdefault(kept, set()).add(old)
    lineage.parents.update({kept: tuple(sorted(olds)) for kept, olds in parents.items()})
    return lineage


def _fresh(found: str, used: set[str]) -> str:
    """Keep an id free for ever: the same likes found again later are a group of their own."""
    name, number = found, 2
    while name in used:
        name, number = f"{found}-{number}", number + 1
    return name


def _shared(
    old: pa.Table, new: pa.Table, key: str
) -> dict[tuple[str, str], tuple[float, float, float]]:
    with duckdb.connect() as connection:
        connection.register("old", old.select(["group_id", key]))
        connection.register("new", new.select(["group_id", key]))
        rows = connection.execute(_SHARED.format(key=key)).fetchall()
    return {(row[0], row[1]): (row[2], row[3], row[4]) for row in rows}
