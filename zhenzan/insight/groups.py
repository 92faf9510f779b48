"""The groups of a run: who acted together on what, and what an innocent reading would show.

A group is judged elsewhere. Here its rows are read, its likes are counted, and beside each
innocent explanation stands the number that would speak for it; the reader weighs them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from zhenzan.insight.graph import Graph, draw_graph
from zhenzan.insight.limits import (
    BENIGN_CARDS_MAX,
    GROUP_CARDS_MAX,
    GROUP_MEMBERS_DRAWN,
    GROUP_NAMES_SHOWN,
    GROUP_PAIRS_SHOWN,
    GROUP_ROWS_MAX,
    POOL_ROWS_MAX,
)
from zhenzan.insight.matrix import Matrix, draw_matrix
from zhenzan.insight.outputs import Outputs, Row
from zhenzan.insight.raster import Raster, draw, likes_of, time_window
from zhenzan.insight.tables import Listing

_COLUMNS = (
    "group_id", "kind", "confidence", "benign", "size", "items", "merchants", "likes", "first_ts",
    "last_ts", "cohesion", "log10_p", "q_value", "order_asymmetry", "supplier",
)  # fmt: skip
"""What ``groups.parquet`` holds when a run looked for groups (`zhenzan.groups.tables`)."""

_NO_COUNTS = {
    "elsewhere": 0, "elsewhere_counted": 0, "campaign": 0, "network": None, "by_others": 0,
    "own": 0, "own_counted": 0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class GroupCard:
    """One group with what is said and drawn of it.

    ``counts`` are likes: ``own`` by members on targets, ``own_counted`` of them counted,
    ``campaign`` of them inside the official channel, ``network`` of them with network evidence
    (None where no reasons were written), ``elsewhere`` by members on anything else,
    ``elsewhere_counted`` of those counted, ``by_others`` on the targets by anybody else between
    the first and the last like of the group.
    """

    row: Row
    number: int
    gap_s: float | None
    counts: Row
    pairs: tuple[Row, ...]
    members: tuple[Row, ...]
    targets: tuple[Row, ...]
    roles: tuple[tuple[str, int], ...]
    raster: Raster | None
    matrix: Matrix | None
    graph: Graph | None

    @property
    def chained(self) -> bool:
        """Say whether roles tell more than who liked and what was liked."""
        return bool({role for role, _ in self.roles} - {"executor", "beneficiary"})


@dataclass(frozen=True, slots=True)
class Side:
    """Groups of one side, strongest first: those that get a card, and the rows of the table."""

    cards: tuple[GroupCard, ...]
    listing: Listing


@dataclass(frozen=True, slots=True)
class Found:
    """All groups of a run. ``searched`` is False where the run did not look for any."""

    searched: bool
    suspected: Side
    benign: Side
    pools: tuple[Row, ...]

    @property
    def cards(self) -> tuple[GroupCard, ...]:
        """Every card of the page."""
        return self.suspected.cards + self.benign.cards

    @property
    def numbers(self) -> dict[str, int]:
        """The number of a drawn group's card, by its id."""
        return {card.row["group_id"]: card.number for card in self.cards}


def groups(outputs: Outputs) -> Found:
    """Read the groups of a run; an older or absent file means that nobody looked."""
    searched = outputs.has("groups", *_COLUMNS)
    if not searched:
        nothing = Side((), Listing((), 0))
        return Found(False, nothing, nothing, ())
    suspected, benign = _rows(outputs, benign=False), _rows(outputs, benign=True)
    drawn = suspected.rows[:GROUP_CARDS_MAX] + benign.rows[:BENIGN_CARDS_MAX]
    cards = _cards(outputs, drawn)
    return Found(
        True,
        Side(tuple(card for card in cards if not card.row["benign"]), suspected),
        Side(tuple(card for card in cards if card.row["benign"]), benign),
        _pools(outputs),
    )


def _rows(outputs: Outputs, *, benign: bool) -> Listing:
    stamps = ("first_ts", "last_ts")
    wanted = ", ".join(
        f"epoch_us({name}) AS {name}" if name in stamps else name for name in _COLUMNS
    )
    rows = outputs.ask(
        f"""
        SELECT {wanted}, count(*) OVER () AS of_all,
               count(*) OVER (PARTITION BY supplier) AS of_supplier
        FROM groups WHERE benign = {benign}
        ORDER BY log10_p, q_value, likes DESC, group_id LIMIT {GROUP_ROWS_MAX}
        """
    )
    return Listing(tuple(rows), rows[0]["of_all"] if rows else 0)


def _pools(outputs: Outputs) -> tuple[Row, ...]:
    """Give the pools that serve several groups: how many accounts, and for how many merchants."""
    if not outputs.has("group_members", "role") or not outputs.has("group_targets", "role"):
        return ()
    rows = outputs.ask(
        f"""
        WITH served AS (SELECT supplier, group_id FROM groups WHERE supplier IS NOT NULL),
        people AS (
            SELECT supplier, count(DISTINCT account_id) AS accounts,
                   count(DISTINCT account_id) FILTER (role = 'supplier') AS suppliers,
                   count(DISTINCT account_id) FILTER (role = 'distributor') AS distributors
            FROM served JOIN group_members USING (group_id) GROUP BY supplier
        ), gained AS (
            SELECT supplier, count(DISTINCT item_id) AS items,
                   count(DISTINCT merchant_id) AS merchants
            FROM served JOIN group_targets USING (group_id)
            WHERE role = 'beneficiary' GROUP BY supplier
        )
        SELECT supplier, count(*) AS groups, list(group_id ORDER BY group_id) AS group_ids,
               any_value(accounts) AS accounts, any_value(suppliers) AS suppliers,
               any_value(distributors) AS distributors,
               coalesce(any_value(items), 0) AS items,
               coalesce(any_value(merchants), 0) AS merchants
        FROM served LEFT JOIN people USING (supplier) LEFT JOIN gained USING (supplier)
        GROUP BY supplier HAVING count(*) > 1
        ORDER BY groups DESC, accounts DESC, supplier LIMIT {POOL_ROWS_MAX}
        """
    )
    return tuple(rows)


def _cards(outputs: Outputs, rows: Sequence[Row]) -> list[GroupCard]:
    files = ("group_members", "group_targets", "group_pairs")
    if not rows or not all(outputs.has(name, "group_id") for name in files):
        return []
    stamps = pa.timestamp("us", tz="UTC")
    outputs.keep(
        "drawn_groups",
        pa.table(
            {
                "group_id": [row["group_id"] for row in rows],
                "since": pa.array([row["first_ts"] for row in rows], stamps),
                "until": pa.array([row["last_ts"] for row in rows], stamps),
            }
        ),
    )
    members = _by_group(outputs, _MEMBERS)
    targets = _by_group(outputs, _TARGETS)
    pairs = _by_group(outputs, _PAIRS)
    gaps = {row["group_id"]: row["gap_s"] for row in outputs.ask(_GAPS)}
    counts = _counts(outputs)
    likes = _likes(outputs)
    cards = []
    for number, row in enumerate(rows, start=1):
        name = row["group_id"]
        people, goods = members.get(name, []), targets.get(name, [])
        cards.append(
            GroupCard(
                row=row,
                number=number,
                gap_s=gaps.get(name),
                counts=_NO_COUNTS | counts.get(name, {}),
                pairs=tuple(pairs.get(name, [])[:GROUP_PAIRS_SHOWN]),
                members=tuple(people[:GROUP_NAMES_SHOWN]),
                targets=tuple(goods[:GROUP_NAMES_SHOWN]),
                roles=_roles(people, goods),
                raster=_raster(row, people, goods, likes, number),
                matrix=draw_matrix(people, goods, likes),
                graph=draw_graph(people, goods, pairs.get(name, []), likes),
            )
        )
    return cards


_MEMBERS = f"""
    SELECT group_id, account_id, strength, likes, role,
           count(*) OVER (PARTITION BY group_id, role) AS of_role
    FROM group_members SEMI JOIN drawn_groups USING (group_id)
    WINDOW strongest AS (PARTITION BY group_id ORDER BY strength DESC, likes DESC, account_id)
    QUALIFY row_number() OVER strongest <= {GROUP_MEMBERS_DRAWN}
    ORDER BY group_id, strength DESC, likes DESC, account_id
"""
_TARGETS = f"""
    SELECT group_id, item_id, merchant_id, likes, role,
           count(*) OVER (PARTITION BY group_id, role) AS of_role
    FROM group_targets SEMI JOIN drawn_groups USING (group_id)
    QUALIFY row_number() OVER (PARTITION BY group_id ORDER BY likes DESC, item_id)
        <= {GROUP_MEMBERS_DRAWN}
    ORDER BY group_id, likes DESC, item_id
"""
_PAIRS = f"""
    SELECT group_id, account_a_id, account_b_id, shared, expected, surprise, gap_s
    FROM group_pairs SEMI JOIN drawn_groups USING (group_id)
    WINDOW strongest AS (
        PARTITION BY group_id ORDER BY surprise DESC, gap_s, account_a_id, account_b_id)
    QUALIFY row_number() OVER strongest <= {2 * GROUP_MEMBERS_DRAWN}
    ORDER BY group_id, surprise DESC, gap_s, account_a_id, account_b_id
"""
_GAPS = """
    SELECT group_id, median(gap_s) AS gap_s
    FROM group_pairs SEMI JOIN drawn_groups USING (group_id) GROUP BY group_id
"""


def _by_group(outputs: Outputs, sql: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in outputs.ask(sql):
        found.setdefault(row["group_id"], []).append(row)
    return found


def _counts(outputs: Outputs) -> dict[str, Row]:
    """Count the likes of each drawn group's members, on its targets and elsewhere."""
    campaign = outputs.column("likes", "campaign", otherwise="false")
    network = (
        "len([x FOR x IN reasons IF x.family = 'network' AND x.side = 'for']) > 0"
        if outputs.has("likes", "reasons")
        else "NULL"
    )
    rows = outputs.ask(
        f"""
        WITH people AS (
            SELECT group_id, account_id FROM group_members SEMI JOIN drawn_groups USING (group_id)
        ), goods AS (
            SELECT group_id, item_id, since, until
            FROM group_targets JOIN drawn_groups USING (group_id)
        ), theirs AS (
            SELECT m.group_id, t.item_id IS NOT NULL AS own, count_state AS s,
                   {campaign} AS campaign, {network} AS network
            FROM likes l
            JOIN people m ON l.account_id = m.account_id
            LEFT JOIN goods t ON t.group_id = m.group_id AND t.item_id = l.item_id
        ), others AS (
            SELECT t.group_id, count(*) AS by_others
            FROM likes l
            JOIN goods t ON l.item_id = t.item_id AND l.ts BETWEEN t.since AND t.until
            ANTI JOIN people m ON m.group_id = t.group_id AND m.account_id = l.account_id
            GROUP BY t.group_id
        )
        SELECT group_id, count(*) FILTER (own) AS own,
               count(*) FILTER (own AND s = 'counted') AS own_counted,
               count(*) FILTER (own AND campaign) AS campaign,
               CASE WHEN count(network) > 0 THEN count(*) FILTER (own AND network) END AS network,
               count(*) FILTER (NOT own) AS elsewhere,
               count(*) FILTER (NOT own AND s = 'counted') AS elsewhere_counted,
               coalesce(any_value(by_others), 0) AS by_others
        FROM theirs LEFT JOIN others USING (group_id) GROUP BY group_id
        """
    )
    return {row["group_id"]: row for row in rows}


def _likes(outputs: Outputs) -> dict[str, list[Row]]:
    """Read the likes that the pictures may show: those of the members in the groups' time."""
    outputs.ask(
        "CREATE OR REPLACE TEMP TABLE group_rows AS "
        f"SELECT account_id, since, until FROM ({_MEMBERS}) JOIN drawn_groups USING (group_id)"
    )
    return likes_of(outputs, "group_rows", when="l.ts BETWEEN r.since AND r.until")


def _roles(members: Sequence[Row], targets: Sequence[Row]) -> tuple[tuple[str, int], ...]:
    """Count each role of a group, in the order of the chain."""
    held = {row["role"]: row["of_role"] for row in (*members, *targets)}
    chain = ("supplier", "distributor", "executor", "beneficiary", "camouflage")
    return tuple((role, held[role]) for role in chain if role in held)


def _raster(
    row: Row,
    members: Sequence[Row],
    targets: Sequence[Row],
    likes: dict[str, list[Row]],
    number: int,
) -> Raster | None:
    """Draw the members over time, those who came first on top."""
    items = {target["item_id"] for target in targets}
    first: dict[str, int] = {}
    moments: list[int] = []
    for member in members:
        own = [
            like["t"] for like in likes.get(member["account_id"], []) if like["item_id"] in items
        ]
        if own:
            first[member["account_id"]] = min(own)
            moments += own
    if not moments:
        return None
    return draw(
        sorted(first, key=lambda account: (first[account], account)),
        likes,
        items,
        window=time_window(moments),
        accounts_all=row["size"],
        number=number,
    )
