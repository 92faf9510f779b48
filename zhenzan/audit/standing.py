"""What stands after a window: every group ever found, and the evidence that its likes carry."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zhenzan.groups import schema
from zhenzan.groups.evidence import strongest
from zhenzan.groups.identity import Lineage, trace
from zhenzan.groups.schema import Groups

NATS_STEP = 0.5
"""Change of evidence, in nats, below which what was said about a like stays as it is: less than
any family needs to speak, and a revision is an event that somebody reads."""

_SEEN = [
    pa.field("first_seen_us", pa.int64(), nullable=False),
    pa.field("last_seen_us", pa.int64(), nullable=False),
]

GROUPS = pa.schema(
    [
        *schema.GROUPS,
        *_SEEN,
        pa.field("runs", pa.int64(), nullable=False),
        pa.field("parents", pa.list_(pa.string()), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("merged_into", pa.string()),
    ]
)
"""``schema.GROUPS`` as last found, with the group's life.

``runs`` counts the windows that found it. ``status`` is ``active`` (found by the last window),
``ended`` (not found again after its likes left the window), ``withdrawn`` (not found although
the window holds all its likes) or ``merged``.
"""

MEMBERS = pa.schema([*schema.MEMBERS, *_SEEN])
TARGETS = pa.schema([*schema.TARGETS, *_SEEN])

EVIDENCE = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("ts", pa.int64(), nullable=False),
        pa.field("group_id", pa.string(), nullable=False),
        pa.field("nats", pa.float64(), nullable=False),
        pa.field("benign", pa.bool_(), nullable=False),
    ]
)
"""The group each like is held to belong to, in the order of ``row``; one row a like."""

CHANGES = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("group_id", pa.string()),
        pa.field("nats", pa.float64(), nullable=False),
        pa.field("benign", pa.bool_(), nullable=False),
        pa.field("size", pa.int64(), nullable=False),
        pa.field("before", pa.string()),
    ]
)
"""What one window changed about likes; ``group_id`` is null where a group was withdrawn, and
``before`` is the group that the like belonged to until then."""


@dataclass(frozen=True, slots=True)
class Window:
    """One rolling window [start, end) of event time; its answer is as of ``end_us``."""

    index: int
    start_us: int
    end_us: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Groups, members, targets, pairs and evidence as of the last window."""

    groups: pa.Table
    members: pa.Table
    targets: pa.Table
    pairs: pa.Table
    evidence: pa.Table

    @classmethod
    def empty(cls) -> Standing:
        """Give what stands before the first window."""
        return cls(**{name: kind.empty_table() for name, kind in _SCHEMAS.items()})

    @classmethod
    def read(cls, folder: Path) -> Standing:
        """Read what `write` wrote."""
        return cls(**{f.name: pq.read_table(folder / f"{f.name}.parquet") for f in fields(cls)})

    def write(self, folder: Path) -> None:
        """Write every table into a folder."""
        for name in _SCHEMAS:
            pq.write_table(getattr(self, name), folder / f"{name}.parquet", compression="zstd")

    @staticmethod
    def remove(folder: Path) -> None:
        """Remove the tables from the folder of a window that a later one has followed."""
        for name in _SCHEMAS:
            (folder / f"{name}.parquet").unlink(missing_ok=True)


_SCHEMAS: dict[str, pa.Schema] = {
    "groups": GROUPS,
    "members": MEMBERS,
    "targets": TARGETS,
    "pairs": schema.PAIRS,
    "evidence": EVIDENCE,
}


def advance(
    standing: Standing, window: Window, found: Groups, ts: NDArray[np.int64], first_row: int
) -> tuple[Standing, pa.Table]:
    """Take in what one window found.

    Parameters
    ----------
    ts
        Times of the window's likes, which are numbered from ``first_row``.

    Returns
    -------
    tuple
        What stands now, and the changes without ``event_id``, in the order of ``row``.
    """
    before = (_current(standing, "members"), _current(standing, "targets"))
    first_seen = dict(
        zip(
            standing.groups["group_id"].to_pylist(),
            standing.groups["first_seen_us"].to_pylist(),
            strict=True,
        )
    )
    lineage = trace(before, (found.members, found.targets), first_seen_us=first_seen)
    kept = {name: _under(getattr(found, name), lineage) for name in ("groups", "pairs")}
    with duckdb.connect() as connection:
        members = _merged(connection, standing.members, _under(found.members, lineage), window)
        targets = _merged(connection, standing.targets, _under(found.targets, lineage), window)
    evidence, changes = _evidence(standing, window, _renamed(found, lineage), ts, first_row)
    pairs = _others(standing.pairs, kept["groups"]["group_id"])
    after = Standing(
        groups=_groups(standing, kept["groups"], lineage, window, evidence),
        members=members,
        targets=targets,
        pairs=pa.concat_tables([pairs, kept["pairs"]]).cast(schema.PAIRS),
        evidence=evidence,
    )
    return after, _sized(changes, after.groups)


def _sized(changes: pa.Table, groups: pa.Table) -> pa.Table:
    """Add the size of the group that each change names."""
    named = pc.coalesce(changes["group_id"], changes["before"])
    size = groups["size"].take(pc.index_in(named, groups["group_id"].combine_chunks()))
    return changes.append_column("size", size)


def _current(standing: Standing, table: str) -> pa.Table:
    """Those seen when their group was last found, groups that merged into others left out."""
    groups = standing.groups.select(["group_id", "last_seen_us", "status"])
    living = groups.filter(pc.not_equal(groups["status"], "merged"))
    rows = getattr(standing, table)
    place = pc.index_in(rows["group_id"], living["group_id"].combine_chunks())
    last = living["last_seen_us"].take(place)
    return rows.filter(pc.fill_null(pc.equal(rows["last_seen_us"], last), False))


def _under(table: pa.Table, lineage: Lineage) -> pa.Table:
    """Give rows of found groups the ids they are kept under."""
    names = table["group_id"].to_pylist()
    kept = pa.array([lineage.ids[name] for name in names], pa.string())
    return table.set_column(0, table.schema.field(0), kept)


def _renamed(found: Groups, lineage: Lineage) -> Groups:
    rows = found.evidence
    kept = pa.array([lineage.ids[name] for name in rows["group_id"].to_pylist()], pa.string())
    place = rows.column_names.index("group_id")
    return replace(
        found,
        groups=_under(found.groups, lineage),
        evidence=rows.set_column(place, rows.schema.field(place), kept),
    )


def _others(table: pa.Table, groups: pa.ChunkedArray) -> pa.Table:
    return table.filter(pc.invert(pc.is_in(table["group_id"], groups.combine_chunks())))


def _merged(
    connection: duckdb.DuckDBPyConnection, old: pa.Table, new: pa.Table, window: Window
) -> pa.Table:
    """Join the rows of a group over its runs: the latest values, first and last time seen."""
    seen = pa.array(np.full(len(new), window.end_us))
    new = new.append_column(_SEEN[0], seen).append_column(_SEEN[1], seen)
    key = new.column_names[1]
    latest = ", ".join(
        f"arg_max({name}, last_seen_us) AS {name}"
        for name in new.column_names
        if name not in ("group_id", key, "first_seen_us", "last_seen_us")
    )
    connection.register("new_rows", new)
    connection.register("old_rows", old)
    result = connection.sql(
        f"SELECT group_id, {key}, {latest}, min(first_seen_us) AS first_seen_us, "
        "max(last_seen_us) AS last_seen_us "
        "FROM (SELECT * FROM old_rows UNION ALL BY NAME SELECT * FROM new_rows) "
        f"GROUP BY group_id, {key} ORDER BY group_id, {key}"
    ).to_arrow_table()
    return result.select(old.column_names).cast(old.schema)


def _groups(
    standing: Standing, found: pa.Table, lineage: Lineage, window: Window, evidence: pa.Table
) -> pa.Table:
    known = {row["group_id"]: row for row in standing.groups.to_pylist()}
    held = set(pc.unique(evidence["group_id"]).to_pylist())
    for row in known.values():
        if row["status"] == "active":
            # Evidence outlives a group unless a window that holds all of it finds it no longer.
            row["status"] = "ended" if row["group_id"] in held else "withdrawn"
    for row in found.to_pylist():
        name = row["group_id"]
        was = known.get(name, {"first_seen_us": window.end_us, "runs": 0, "parents": []})
        parents = sorted({*was["parents"], *lineage.parents.get(name, ())})
        known[name] = {
            **row,
            "first_seen_us": was["first_seen_us"],
            "last_seen_us": window.end_us,
            "runs": was["runs"] + 1,
            "parents": parents,
            "status": "active",
            "merged_into": None,
        }
    for name, into in lineage.merged.items():
        known[name] |= {"status": "merged", "merged_into": into}
    order = sorted(known.values(), key=lambda row: (row["first_seen_us"], row["group_id"]))
    return pa.Table.from_pylist(order, schema=GROUPS)


def _evidence(
    standing: Standing, window: Window, found: Groups, ts: NDArray[np.int64], first_row: int
) -> tuple[pa.Table, pa.Table]:
    """Join the evidence of a window to what stood before; give it and the changes.

    A like keeps what was said about it while the window holds its group only in part. A window
    that holds all likes of the group may take it back.
    """
    now = strongest(found)
    rows = now["row"].to_numpy()
    now = now.add_column(1, EVIDENCE.field("ts"), pa.array(ts[rows - first_row])).cast(EVIDENCE)
    old = standing.evidence
    refound = pc.is_in(old["row"], pa.array(rows))
    gone = pc.and_(pc.invert(refound), _whole(old, window))
    # A like that is new to the evidence has nulls for what stood before.
    before = old.take(pc.index_in(now["row"], old["row"].combine_chunks()))
    near = np.abs(now["nats"].to_numpy() - before["nats"].to_numpy()) < NATS_STEP
    same = near & _equal(now, before, "group_id") & _equal(now, before, "benign")
    now = _keep(now, before, same)
    changed = now.append_column("before", before["group_id"])
    changed = changed.filter(pa.array(~same)).drop_columns("ts")
    withdrawn = old.filter(gone)
    empty = {
        "row": withdrawn["row"],
        "group_id": pa.nulls(len(withdrawn), pa.string()),
        "nats": pa.array(np.zeros(len(withdrawn))),
        "benign": pa.array(np.zeros(len(withdrawn), np.bool_)),
        "before": withdrawn["group_id"],
    }
    changes = pa.concat_tables([changed, pa.table(empty)], promote_options="permissive")
    stays = pc.invert(pc.or_(gone, refound))
    evidence = pa.concat_tables([old.filter(stays), now]).sort_by("row").cast(EVIDENCE)
    return evidence.combine_chunks(), changes.sort_by("row")


def _whole(old: pa.Table, window: Window) -> pa.Array:
    """Say of each like whether the window holds all likes of its group."""
    first = old.group_by("group_id").aggregate([("ts", "min")])
    whole = first.filter(pc.greater_equal(first["ts_min"], window.start_us))
    return pc.is_in(old["group_id"], whole["group_id"].combine_chunks())


def _equal(now: pa.Table, before: pa.Table, name: str) -> NDArray[np.bool_]:
    same: NDArray[np.bool_] = pc.fill_null(pc.equal(now[name], before[name]), False).to_numpy()
    return same


def _keep(now: pa.Table, before: pa.Table, same: NDArray[np.bool_]) -> pa.Table:
    """Leave the evidence of likes as it was where it has hardly moved."""
    nats = np.where(same, before["nats"].to_numpy(), now["nats"].to_numpy())
    return now.set_column(now.column_names.index("nats"), EVIDENCE.field("nats"), pa.array(nats))
