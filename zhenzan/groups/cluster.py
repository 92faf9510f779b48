"""Candidate groups: clusters of tied spots or accounts, by fixed rounds of propagation in SQL."""

from __future__ import annotations

from zhenzan.groups.relations import Relations

ROUNDS = 8
"""Rounds of propagation; labels in dense clusters settle in three or four (methods.md, 4b)."""

_EDGE = """
WITH both_ways AS (
    SELECT i AS a, j AS b, weight FROM tie UNION ALL SELECT j, i, weight FROM tie
), node AS (
    -- The order of labels comes from content, so that renumbering changes no cluster.
    SELECT s.spot, CAST(row_number() OVER (
               ORDER BY s.n DESC, z.n DESC, z.first_us, z.last_us, s.width, s.bucket
           ) AS INTEGER) AS label
    FROM spot s JOIN (SELECT DISTINCT a FROM both_ways) e ON e.a = s.spot
    JOIN item_size z ON z.item = s.item
)
SELECT x.label AS a, y.label AS b, e.weight, x.spot
FROM both_ways e JOIN node x ON x.spot = e.a JOIN node y ON y.spot = e.b
"""

_FIRST = "SELECT DISTINCT a AS node, a AS label FROM edge"

_ROUND = """
WITH vote AS (
    SELECT e.a AS node, l.label, sum(e.weight) AS weight
    FROM edge e JOIN label l ON l.node = e.b GROUP BY e.a, l.label
    UNION ALL
    -- A node keeps its label against one equal tie, and the first label wins: without this, nodes
    -- whose strongest ties are to each other swap their labels for ever.
    SELECT l.node, l.label, max(e.weight)
    FROM label l JOIN edge e ON e.a = l.node GROUP BY l.node, l.label
), total AS (
    SELECT node, label, round(sum(weight), 6) AS weight FROM vote GROUP BY node, label
)
SELECT node, label FROM (
    SELECT node, label, row_number() OVER (PARTITION BY node ORDER BY weight DESC, label) AS place
    FROM total
) WHERE place = 1
"""

_PLACED = """
SELECT DISTINCT l.label AS g, e.spot
FROM label l JOIN (SELECT DISTINCT a, spot FROM edge) e ON e.a = l.node
"""

_APART = """
WITH parted AS (
    SELECT t.i, t.j, t.nats FROM tie t JOIN placed p ON p.spot = t.i JOIN placed q ON q.spot = t.j
    WHERE t.strong AND p.g <> q.g
), ends AS (
    SELECT i AS a, j AS b, nats FROM parted UNION ALL SELECT j, i, nats FROM parted
), pair AS (
    SELECT DISTINCT least(a, b) AS a, greatest(a, b) AS b FROM (
        SELECT e.a, e.b, row_number() OVER (PARTITION BY e.a ORDER BY e.nats DESC, n.label) AS place
        FROM ends e JOIN (SELECT DISTINCT spot, a AS label FROM edge) n ON n.spot = e.b
    ) WHERE place = 1
)
SELECT g, spot FROM placed
UNION ALL
SELECT (SELECT max(g) FROM placed) + p.number, CASE WHEN e.first THEN p.a ELSE p.b END
FROM (SELECT a, b, row_number() OVER (ORDER BY a, b) AS number FROM pair) p
CROSS JOIN (VALUES (true), (false)) e (first)
"""

_CROWD = """
SELECT x.g, greatest(sum(t.room) / sum(t.shared - t.expected), 1.0) AS size
FROM tie t JOIN placed x ON x.spot = t.i JOIN placed y ON y.spot = t.j AND y.g = x.g GROUP BY x.g
"""

_TARGET = """
SELECT g, s.item,
       min(CASE WHEN width = 0 THEN z.first_us ELSE bucket - width END) AS from_us,
       max(CASE WHEN width = 0 THEN z.last_us ELSE bucket + 2 * width END) AS to_us,
       0.0 AS tries
FROM placed p JOIN spot s USING (spot) JOIN item_size z ON z.item = s.item
GROUP BY g, s.item
"""

_ACCOUNT_EDGE = """
WITH both_ways AS (
    SELECT x AS a, y AS b, nats FROM tied UNION ALL SELECT y, x, nats FROM tied
), node AS (
    SELECT z.account, CAST(row_number() OVER (ORDER BY z.d DESC, z.lot) AS INTEGER) AS label
    FROM account_size z JOIN (SELECT DISTINCT a FROM both_ways) e ON e.a = z.account
)
SELECT x.label AS a, y.label AS b, e.nats AS weight, x.account
FROM both_ways e JOIN node x ON x.account = e.a JOIN node y ON y.account = e.b
"""

_ACCOUNTS = """
WITH placed AS (
    SELECT DISTINCT l.label, e.account
    FROM label l JOIN (SELECT DISTINCT a, account FROM edge WHERE account >= 0) e ON e.a = l.node
), large AS (
    SELECT label FROM placed GROUP BY label HAVING count(*) >= {least}
)
SELECT g, account FROM acquainted UNION ALL
SELECT greatest((SELECT coalesce(max(g), 0) FROM target),
                (SELECT coalesce(max(g), 0) FROM acquainted)) + label AS g, account
FROM placed JOIN large USING (label)
"""


def cluster_ties(relations: Relations) -> None:
    """Make the tables ``target`` and ``crowd`` of the candidate groups ``g``.

    ``target`` holds a group's items and the times that count; ``crowd`` a first estimate of its
    size: n accounts on each of two items share n^2 / M when M accounts take turns.

    Each node takes the label to which its ties weigh most, ties broken by content, in fixed
    rounds. Of the strong ties between clusters each spot's firmest is a candidate as well, or a
    crowded neighbour would part a group on two items; clusters of one item end where membership
    asks for two likes. An item that came in through a burst counts from one
    window before it to one window after.
    """
    relations.keep("edge", _EDGE)
    propagate(relations)
    relations.keep("placed", _PLACED)
    relations.keep("apart", _APART)
    relations.keep("placed", "SELECT * FROM apart")
    relations.keep("crowd", _CROWD)
    relations.keep("target", _TARGET)
    relations.drop("label", "edge", "placed", "apart")


def label_accounts(relations: Relations) -> None:
    """Make the table ``edge`` of `add_accounts` from pairs of accounts, ``tied`` (x, y, nats)."""
    relations.keep("edge", _ACCOUNT_EDGE)


def add_accounts(relations: Relations, *, least: int) -> None:
    """Add clusters of accounts to the candidates ``acquainted`` (g, account).

    They come from ``edge``, both ways, with the columns a, b, weight and the account of a, -1
    where that node is none; ``edge`` is dropped.

    Parameters
    ----------
    least
        Accounts from which a cluster is a candidate.
    """
    propagate(relations)
    relations.keep("grown", _ACCOUNTS, least=least)
    relations.keep("acquainted", "SELECT * FROM grown")
    relations.drop("edge", "label", "grown")


def propagate(relations: Relations) -> None:
    """Make the table ``label`` of nodes from ``edge``, both ways, with the columns a, b, weight.

    Each node takes the label to which its edges weigh most, in fixed rounds; nodes are numbers
    whose order decides between equal labels.
    """
    relations.keep("label", _FIRST)
    for _ in range(ROUNDS):
        relations.keep("voted", _ROUND)
        relations.keep("label", "SELECT * FROM voted")
    relations.drop("voted")
