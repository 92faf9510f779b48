"""Likes that go both ways: my item, your like; your item, my like.

Two accounts exchange when each likes an item that the other made. Null of a pair: every account
keeps its number of likes and of likes received, and who likes whom is chance, so that a gives b a
like d_a n_b / L times and both ways happen by the product; times how much more common exchange is
in the log as a whole, since people who know each other exchange too. Null of a group: who made its
targets has nothing to do with who likes them.

Known false positive: friends, who like each other's posts unasked. What goes both ways tells
rings and friends from everybody else, never from each other.
"""

from __future__ import annotations

from zhenzan.groups.cluster import add_accounts, label_accounts
from zhenzan.groups.relations import Relations

CHANCE_MAX = 0.01
"""Two accounts that chance would have exchange more often than once in a hundred say nothing:
busy authors meet everybody."""

_MEMBERS_MIN = 3
_NEAREST_MAX = 32

_GAVE = """
SELECT l.account AS a, o.author AS b, CAST(count(*) AS DOUBLE) AS n
FROM liked l JOIN item_owner o USING (item) WHERE o.author >= 0 AND o.author <> l.account
GROUP BY l.account, o.author
"""

_TRADE = """
SELECT account, sum(gave) * sum(got) AS trade FROM (
    SELECT a AS account, n AS gave, 0.0 AS got FROM gave UNION ALL SELECT b, 0.0, n FROM gave
) GROUP BY account
"""

_EXCHANGE = """
SELECT x.a, x.b FROM gave x JOIN gave y ON y.a = x.b AND y.b = x.a WHERE x.a < x.b
"""

_USUAL = """
-- What one pair's trades are to be multiplied with: chance, times how many more accounts exchange
-- with anybody than chance has it. A ring counts here by its members, not by its pairs.
WITH total AS (
    SELECT greatest(sum(n), 1.0) AS likes FROM gave
), sums AS (
    SELECT coalesce(sum(trade), 0.0) AS trade FROM trade
), chance AS (
    SELECT sum(least(t.trade * (s.trade - t.trade) / (v.likes * v.likes), 1.0)) AS traders
    FROM trade t CROSS JOIN sums s CROSS JOIN total v
), seen AS (
    SELECT CAST(count(*) AS DOUBLE) AS traders
    FROM (SELECT a FROM exchange UNION SELECT b FROM exchange)
)
SELECT greatest(1.0, seen.traders / greatest(chance.traders, 1.0)) / (likes * likes) AS rate
FROM seen, chance, total
"""

_NEAR = """
WITH weighed AS (
    SELECT e.a AS x, e.b AS y, -ln(v.trade * w.trade * u.rate) AS nats
    FROM exchange e JOIN trade v ON v.account = e.a JOIN trade w ON w.account = e.b
    CROSS JOIN usual_exchange u WHERE v.trade * w.trade * u.rate <= {chance}
), ends AS (
    SELECT x AS a, x, y, nats FROM weighed UNION ALL SELECT y, x, y, nats FROM weighed
)
SELECT x, y, max(nats) AS nats FROM (
    SELECT x, y, nats, row_number() OVER (PARTITION BY a ORDER BY nats DESC, x, y) AS place
    FROM ends
) WHERE place <= {nearest} GROUP BY x, y
"""

_TIED = """
WITH trader AS (
    SELECT x AS account FROM near UNION SELECT y FROM near
), given AS (
    -- Among accounts that exchange with somebody a like that goes one way ties as well.
    SELECT least(v.a, v.b) AS x, greatest(v.a, v.b) AS y, -ln({chance}) AS nats
    FROM gave v JOIN trader s ON s.account = v.a JOIN trader t ON t.account = v.b
)
SELECT x, y, max(nats) AS nats FROM (SELECT * FROM near UNION ALL SELECT * FROM given)
GROUP BY x, y
"""

_AUTHORS = """
WITH made AS (
    SELECT DISTINCT a.g, o.author FROM act a JOIN item_owner o USING (item) WHERE o.author >= 0
), told AS (
    SELECT a.g, avg(CASE WHEN o.author >= 0 THEN 1.0 ELSE 0.0 END) AS told
    FROM act a JOIN item_owner o USING (item) GROUP BY a.g
), size AS (
    SELECT m.g, CAST(count(*) AS DOUBLE) AS size, CAST(sum(z.d) AS DOUBLE) AS likes
    FROM member m JOIN account_size z USING (account) GROUP BY m.g
), authors AS (
    SELECT d.g, CAST(count(*) AS DOUBLE) AS authors, CAST(count(m.account) AS DOUBLE) AS inside
    FROM made d LEFT JOIN member m ON m.g = d.g AND m.account = d.author GROUP BY d.g
), given AS (
    SELECT DISTINCT a.g, a.account, o.author FROM act a JOIN item_owner o USING (item)
    JOIN member m ON m.g = a.g AND m.account = o.author WHERE o.author <> a.account
), traders AS (
    SELECT x.g, CAST(count(DISTINCT x.account) AS DOUBLE) AS traders FROM given x
    JOIN given y ON y.g = x.g AND y.account = x.author AND y.author = x.account GROUP BY x.g
)
SELECT s.g, s.size, t.told, coalesce(a.inside, 0.0) AS inside, coalesce(r.traders, 0.0) AS traders,
       coalesce(a.authors, 0.0) * s.likes / {total} AS expected
FROM size s JOIN told t USING (g) LEFT JOIN authors a USING (g) LEFT JOIN traders r USING (g)
"""


def find_exchanges(relations: Relations) -> None:
    """Add circles of accounts that exchange to the candidates of ``acquainted``.

    Two accounts tie where both like what the other made and chance would have them exchange once
    in a hundred at most, each account with its 32 firmest; among accounts that are tied so, a like
    that goes one way ties as well. Clusters of three accounts or more, made in fixed rounds, are
    candidates: `zhenzan.groups.member` finds what such a circle aims at, and its test decides
    whether it is a group.
    """
    relations.keep("gave", _GAVE)
    relations.keep("trade", _TRADE)
    relations.keep("exchange", _EXCHANGE)
    relations.keep("usual_exchange", _USUAL)
    relations.keep("near", _NEAR, chance=CHANCE_MAX, nearest=_NEAREST_MAX)
    relations.keep("tied", _TIED, chance=CHANCE_MAX)
    label_accounts(relations)
    add_accounts(relations, least=_MEMBERS_MIN)
    relations.drop("gave", "trade", "exchange", "usual_exchange", "near", "tied")


def count_exchanges(relations: Relations) -> list[dict[str, float]]:
    """Count, for each group ``g``, the authors of targets who are members, beside the null.

    Null: who made a target has nothing to do with who likes it, so that each author is an account
    drawn by its number of likes. ``inside`` are the authors among the members, ``traders`` the
    members who like another's target and whose target that one likes; ``told`` is the share of
    the likes on targets whose author is known.
    """
    total = relations.one("SELECT count(*) FROM liked")[0]
    rows: list[dict[str, float]] = relations.read(_AUTHORS, total=f"{float(total)}").to_pylist()
    return rows
