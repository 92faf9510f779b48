"""Who belongs to a candidate group and what it aims at, in fixed rounds of SQL.

A group is a set of accounts and a set of targets. Under the null an account's likes fall on an
item in proportion to the likes that the item has from non-members, inside the item's category:
the configuration model, so neither heavy users nor popular items need an exception. Under the
alternative a member likes target ``u`` with the share ``q_u`` of members that do. Membership is
the posterior odds of the second against the first, and targets are the items on which members'
likes exceed the null. Camouflage falls on items at the usual rate and says nothing either way;
an account may belong to many groups.
"""

from __future__ import annotations

import math

from zhenzan.groups.relations import Relations

ROUNDS = 3
_LIKES_MIN = 2
_TARGET_LIKES_MIN = 3
_TARGET_TRIES = 100.0
"""An item becomes a target when chance makes less than one of a hundred searches name one."""

_TARGET_LIFT_MIN = 10.0
"""Nine of ten likes of members on a target are more than the null explains: likes are judged one
by one, and members give private likes to popular items as well."""

_SAME_JACCARD_INVERSE = 2
"""Candidates that share half of their members are one group that served several customers."""

_STRATA = """
SELECT category, CAST(count(*) AS DOUBLE) AS n FROM liked GROUP BY category
"""

_HIT = """
SELECT t.g, l.account, l.item, l.ts, l.category
FROM liked l JOIN target t ON t.item = l.item AND l.ts BETWEEN t.from_us AND t.to_us
"""

_SEED = """
WITH room AS (
    SELECT g, CAST(count(*) AS DOUBLE) AS n FROM hit GROUP BY g
), hits AS (
    SELECT g, account, CAST(count(*) AS DOUBLE) AS k FROM hit GROUP BY g, account
    HAVING count(*) >= {likes}
), scored AS (
    SELECT g, account, k, a.d, (a.d - k + 1) * r.n / {total} AS expected
    FROM hits JOIN room r USING (g) JOIN account_size a USING (account)
)
SELECT g, account, k * ln(k / expected) - k + expected AS strength, CAST(k AS INTEGER) AS k
FROM scored JOIN crowd USING (g) WHERE k > expected
    AND k * ln(k / expected) - k + expected >= ln(greatest({accounts} / crowd.size, 2.0))
"""

_AIM = """
WITH size AS (
    SELECT g, CAST(count(*) AS DOUBLE) AS size FROM member GROUP BY g
), told AS (
    SELECT h.g, h.item, any_value(h.category) AS category, CAST(count(*) AS DOUBLE) AS n,
           CAST(count(m.account) AS DOUBLE) AS k
    FROM hit h LEFT JOIN member m ON m.g = h.g AND m.account = h.account GROUP BY h.g, h.item
)
SELECT g, item, k, told.n, least((k + 0.5) / (size + 1), 0.995) AS q,
       (told.n - k + 0.5) / s.n AS rate, (told.n - k + 0.5) / {total} AS overall
FROM told JOIN size USING (g) JOIN stratum_mass s USING (category)
"""

_ODDS = """
WITH near AS (
    SELECT g, account, CAST(count(*) AS DOUBLE) AS k FROM hit GROUP BY g, account
), whole AS (
    SELECT g, sum(ln(1 - q)) AS missed, sum(overall) AS overall FROM aim GROUP BY g
), size AS (
    SELECT g, CAST(count(*) AS DOUBLE) AS size FROM member GROUP BY g
), kept AS (
    SELECT h.g, h.account, h.item, h.ts, h.category, n.k, a.d - n.k + 1 AS free
    FROM hit h JOIN near n ON n.g = h.g AND n.account = h.account
    JOIN account_size a ON a.account = h.account
), taste AS (
    -- Likes of one category outside the group: what the account would have liked anyway.
    SELECT k.g, k.account, k.category, max(p.d) - count(*) AS d
    FROM kept k JOIN profile p ON p.account = k.account AND p.category = k.category
    GROUP BY k.g, k.account, k.category
), weighed AS (
    SELECT k.g, k.account, k.item, k.ts, k.free, k.k, m.q,
           ln(m.q / least(0.5, greatest(t.d, k.free * s.n / {total}) * m.rate)) AS nats,
           m.overall
    FROM kept k JOIN aim m ON m.g = k.g AND m.item = k.item
    JOIN taste t ON t.g = k.g AND t.account = k.account AND t.category = k.category
    JOIN stratum_mass s ON s.category = k.category
)
SELECT w.g, w.account, CAST(any_value(w.k) AS INTEGER) AS k,
       sum(w.nats - ln(1 - w.q)) + any_value(h.missed)
           + any_value(w.free) * (any_value(h.overall) - sum(w.overall))
           + ln(any_value(z.size) / {accounts}) AS strength
FROM weighed w JOIN whole h USING (g) JOIN size z USING (g)
GROUP BY w.g, w.account
"""

_PROFILE = """
SELECT l.account, l.category, CAST(count(*) AS DOUBLE) AS d
FROM liked l JOIN (SELECT DISTINCT account FROM hit) c USING (account)
GROUP BY l.account, l.category
"""

_MEMBER = """
SELECT g, account, strength, k FROM odds WHERE strength > 0 AND k >= {likes}
"""

_SPREAD = """
WITH free AS (
    SELECT g, CAST(sum(a.d - m.k + 1) AS DOUBLE) AS free
    FROM member m JOIN account_size a USING (account) GROUP BY g
), met AS (
    SELECT m.g, l.item, CAST(count(*) AS DOUBLE) AS k
    FROM member m JOIN liked l USING (account) GROUP BY m.g, l.item HAVING count(*) >= {least}
), found AS (
    SELECT m.g, m.item, m.k, CAST(z.n AS DOUBLE) AS n, z.first_us AS from_us, z.last_us AS to_us
    FROM met m JOIN item_size z USING (item)
    LEFT JOIN aim o ON o.g = m.g AND o.item = m.item WHERE o.g IS NULL
    UNION ALL
    SELECT o.g, o.item, o.k, o.n, t.from_us, t.to_us
    FROM aim o JOIN target t ON t.g = o.g AND t.item = o.item WHERE o.k >= {least}
), tested AS (
    SELECT m.*, f.free * (m.n - m.k + 0.5) / {total} AS expected FROM found m JOIN free f USING (g)
)
SELECT g, item, from_us, to_us FROM tested
WHERE k > {lift} * expected AND k * ln(k / expected) - k + expected >= {nats}
"""

_SAME = """
WITH size AS (
    SELECT g, count(*) AS n FROM member GROUP BY g
), met AS (
    SELECT a.g AS g, b.g AS h, count(*) AS shared
    FROM member a JOIN member b ON a.account = b.account AND a.g > b.g GROUP BY a.g, b.g
)
SELECT g, min(h) AS h FROM met JOIN size x USING (g) JOIN size y ON y.g = met.h
WHERE shared * {inverse} >= x.n + y.n - shared GROUP BY g
"""

_JOINED = """
SELECT coalesce(s.h, t.g) AS g, t.item, min(t.from_us) AS from_us, max(t.to_us) AS to_us
FROM target t LEFT JOIN same s USING (g) GROUP BY coalesce(s.h, t.g), t.item
"""

_JOINED_MEMBER = """
SELECT coalesce(s.h, m.g) AS g, m.account, max(m.strength) AS strength, max(m.k) AS k
FROM member m LEFT JOIN same s USING (g) GROUP BY coalesce(s.h, m.g), m.account
"""


def settle_members(relations: Relations) -> None:
    """Make the tables ``member``, ``aim``, ``hit`` and ``odds`` from ``target``, in fixed rounds.

    ``odds`` holds every account with a like on a group's targets, member or not; ``member``
    those with two and whose posterior odds are above even. After the first round the targets are found anew
    from the members, so that what the clusters missed comes in and what they caught by chance
    falls out.
    """
    total, accounts, items = relations.one(
        "SELECT (SELECT count(*) FROM liked), (SELECT count(*) FROM account_size),"
        " (SELECT count(*) FROM item_size)"
    )
    facts = {"total": f"{float(total)}", "accounts": f"{float(accounts)}", "likes": _LIKES_MIN}
    relations.keep("stratum_mass", _STRATA)
    relations.keep("hit", _HIT)
    relations.keep("member", _SEED, **facts)
    for turn in range(ROUNDS):
        if turn > 0:
            relations.keep("same", _SAME, inverse=_SAME_JACCARD_INVERSE)
            relations.keep("target", _JOINED)
            relations.keep("member", _JOINED_MEMBER)
            relations.keep("hit", _HIT)
        if turn == 1:
            relations.keep("aim", _AIM, **facts)
            nats = math.log(_TARGET_TRIES * max(items, 1))
            bounds = {"least": _TARGET_LIKES_MIN, "nats": nats, "lift": _TARGET_LIFT_MIN}
            relations.keep("target", _SPREAD, **bounds, **facts)
            relations.keep("hit", _HIT)
        if turn < 2:
            relations.keep("profile", _PROFILE)
        relations.keep("aim", _AIM, **facts)
        relations.keep("odds", _ODDS, **facts)
        relations.keep("member", _MEMBER, **facts)
    relations.keep("aim", _AIM, **facts)
