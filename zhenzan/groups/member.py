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

from zhenzan.clock import DAY_US, HOUR_US, MINUTE_US
from zhenzan.groups.null import TARGET_LIFT_MIN
from zhenzan.groups.relations import Relations

ROUNDS = 5
_AIMED_ROUNDS = (1, 2, 3)
"""Rounds in which the targets are found anew from the members."""

_LIKES_MIN = 2
_TARGET_LIKES_MIN = 3
_TARGET_TRIES = 1.0
"""An item becomes a target when chance names less than one item a search; whether the group is one
is decided by a test of its own."""

_WHOLE_US = 1 << 60
_WIDTHS_US = (10 * MINUTE_US, 2 * HOUR_US, DAY_US, _WHOLE_US)
"""Distances from the middle of the members' likes of an item that may bound a target in time."""

_TARGET_PART_MIN = 0.5
"""Where half of the members or more take part in what the group aims at, a target with less than
half as many of them is another order that some of them work on."""

_FIRMER = 1.2
_EXPLAINED_SHARE = 0.8
"""A candidate four fifths of whose likes are those of groups a fifth firmer is what ties them."""

_SAME_JACCARD_INVERSE = 2
"""Candidates that share half of their members are one group that served several customers."""

_SAME_AIMS_MIN = 3
_SAME_AIMS_PART = 3
"""Candidates that aim at three items or more in the same hours, a third of the smaller's, are parts
of one group of which no two accounts did enough in common."""

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
    HAVING count(*) >= {near}
), whole AS (
    SELECT g, sum(ln(1 - q)) AS missed, sum(overall) AS overall FROM aim GROUP BY g
), size AS (
    SELECT g, CAST(count(*) AS DOUBLE) AS size FROM member GROUP BY g
), weighed AS (
    -- What the account would have liked anyway: all its likes of the category, the group's too.
    SELECT h.g, h.account, h.item, n.k, m.q, m.overall,
           ln(m.q / least(0.5, p.d * m.rate)) AS nats
    FROM hit h JOIN near n ON n.g = h.g AND n.account = h.account
    JOIN aim m ON m.g = h.g AND m.item = h.item
    JOIN profile p ON p.account = h.account AND p.category = h.category
)
SELECT w.g, w.account, CAST(any_value(w.k) AS INTEGER) AS k,
       sum(w.nats - ln(1 - w.q)) + any_value(h.missed)
           + any_value(a.d) * (any_value(h.overall) - sum(w.overall))
           + ln(any_value(z.size) / {accounts}) AS strength
FROM weighed w JOIN whole h USING (g) JOIN size z USING (g) JOIN account_size a USING (account)
GROUP BY w.g, w.account
"""

_PROFILE = """
SELECT l.account, l.category, CAST(count(*) AS DOUBLE) AS d
FROM liked l JOIN (
    SELECT account FROM hit UNION SELECT account FROM acquainted
) c USING (account)
GROUP BY l.account, l.category
"""

_MEMBER = """
SELECT g, account, strength, k FROM odds WHERE strength > 0 AND k >= {likes}
"""

_MET = """
WITH taste AS (
    SELECT m.g, p.category, sum(p.d) AS d
    FROM member m JOIN profile p USING (account) GROUP BY m.g, p.category
), given AS (
    SELECT m.g, l.item, l.ts FROM member m JOIN liked l USING (account)
), centre AS (
    SELECT g, item, count(*) AS k,
           CAST(percentile_cont(0.5) WITHIN GROUP (ORDER BY ts) AS BIGINT) AS centre
    FROM given GROUP BY g, item HAVING count(*) >= {least}
), reached AS (
    SELECT c.g, c.item, w.width, max(c.centre) AS centre,
           CAST(count(*) AS DOUBLE) AS k
    FROM centre c JOIN given v ON v.g = c.g AND v.item = c.item
    JOIN (VALUES {widths}) w (width) ON abs(v.ts - c.centre) <= w.width
    GROUP BY c.g, c.item, w.width HAVING count(*) >= {least}
)
SELECT r.g, r.item, r.width, r.k,
       greatest(r.centre - r.width, z.first_us) AS from_us,
       least(r.centre + r.width, z.last_us) AS to_us,
       CAST(z.n AS DOUBLE) AS n, t.d / s.n AS rate
FROM reached r JOIN item_size z USING (item)
JOIN taste t ON t.g = r.g AND t.category = z.category
JOIN stratum_mass s ON s.category = z.category
-- What cannot pass even if the item's other likes were spread evenly over its life is dropped
-- before its likes are counted.
WHERE r.k > {lift} * t.d / s.n * (z.n - r.k)
    * least(1.0, 2.0 * r.width / greatest(z.last_us - z.first_us, 1))
"""

_SPREAD = """
WITH counted AS (
    SELECT m.g, m.item, m.width, CAST(count(*) AS DOUBLE) AS within
    FROM met m JOIN liked l ON l.item = m.item AND l.ts BETWEEN m.from_us AND m.to_us
    GROUP BY m.g, m.item, m.width
), tested AS (
    SELECT m.*, m.rate * (c.within - m.k + 0.5) AS expected,
           -- The window was searched for: every like of the item could have been its centre.
           ln({scales}) + CASE WHEN m.width < {whole} THEN ln(m.n) ELSE 0 END AS tries
    FROM met m JOIN counted c ON c.g = m.g AND c.item = m.item AND c.width = m.width
), scored AS (
    SELECT *, k * ln(k / expected) - k + expected - tries AS nats
    FROM tested WHERE k > {lift} * expected
), widest AS (
    SELECT *, row_number() OVER (PARTITION BY g, item ORDER BY width DESC) AS place
    FROM scored WHERE nats >= {nats}
), size AS (
    SELECT g, count(*) AS n FROM member GROUP BY g
), usual AS (
    SELECT w.g, CASE WHEN sum(w.k * w.k) / sum(w.k) >= 0.5 * max(z.n)
                     THEN sum(w.k * w.k) / sum(w.k) ELSE 0.0 END AS k
    FROM widest w JOIN size z USING (g) WHERE w.place = 1 GROUP BY w.g
)
SELECT g, item, from_us, to_us, tries FROM widest JOIN usual u USING (g)
WHERE place = 1 AND widest.k >= {part} * u.k
"""

_SAME = """
WITH size AS (
    SELECT g, count(*) AS n FROM member GROUP BY g
), met AS (
    SELECT a.g AS g, b.g AS h, count(*) AS shared
    FROM member a JOIN member b ON a.account = b.account AND a.g > b.g GROUP BY a.g, b.g
), aims AS (
    -- Where most members take part, a part that others share is another order to some of them.
    SELECT g, count(*) AS n FROM aim GROUP BY g HAVING avg(q) < 0.5
), aimed AS (
    SELECT a.g AS g, b.g AS h, count(*) AS shared
    FROM target a JOIN target b ON a.item = b.item AND a.g > b.g
        AND a.from_us <= b.to_us AND b.from_us <= a.to_us
    GROUP BY a.g, b.g HAVING count(*) >= {aims}
), same AS (
    SELECT m.g, m.h FROM met m JOIN size x ON x.g = m.g JOIN size y ON y.g = m.h
    WHERE m.shared * {inverse} >= x.n + y.n - m.shared
    UNION ALL
    SELECT m.g, m.h FROM aimed m JOIN aims x ON x.g = m.g JOIN aims y ON y.g = m.h
    WHERE m.shared * {part} >= least(x.n, y.n)
)
SELECT g, min(h) AS h FROM same GROUP BY g
"""

_OWN = """
-- Where some accounts work on two orders, what ties the two is no group beside them: its likes are
-- those of groups in which more take part.
WITH given AS (
    SELECT h.g, h.account, h.item FROM hit h
    JOIN member m ON m.g = h.g AND m.account = h.account
), share AS (
    SELECT g, CAST(count(*) AS DOUBLE) / (count(DISTINCT account) * count(DISTINCT item)) AS q
    FROM given GROUP BY g
), mine AS (
    SELECT h.*, s.q FROM given h JOIN share s USING (g)
), covered AS (
    SELECT a.g, a.account, a.item,
           max(CASE WHEN b.q >= {firmer} * a.q THEN 1 ELSE 0 END) AS firmer
    FROM mine a JOIN mine b ON a.account = b.account AND a.item = b.item
    GROUP BY a.g, a.account, a.item
)
SELECT g FROM covered GROUP BY g HAVING sum(firmer) < {own} * count(*)
"""

_JOINED = """
SELECT coalesce(s.h, t.g) AS g, t.item, min(t.from_us) AS from_us, max(t.to_us) AS to_us,
       max(t.tries) AS tries
FROM target t LEFT JOIN same s USING (g) GROUP BY coalesce(s.h, t.g), t.item
"""

_JOINED_MEMBER = """
SELECT coalesce(s.h, m.g) AS g, m.account, max(m.strength) AS strength, max(m.k) AS k
FROM member m LEFT JOIN same s USING (g) GROUP BY coalesce(s.h, m.g), m.account
"""


_WITH_ACQUAINTED = """
SELECT g, account, strength, k FROM member
UNION ALL SELECT g, account, 1.0, 2 FROM acquainted
"""


_CHANGED = """
SELECT t.* FROM {table} t LEFT JOIN changed c ON c.g = t.g WHERE c.g IS NULL
UNION ALL
SELECT n.* FROM {table}_anew n JOIN changed c ON c.g = n.g
"""


def settle_members(relations: Relations) -> None:
    """Make the tables ``member``, ``aim``, ``hit`` and ``odds`` from ``target``, in fixed rounds.

    ``odds`` holds every account with a like on a group's targets, member or not; ``member``
    those with two whose posterior odds are above even. From the second round on, in which the
    candidates of ``acquainted`` come in, targets are found anew from the members, so that what
    the clusters missed comes in and what they caught by chance falls out.
    """
    facts = _facts(relations)
    items = relations.one("SELECT count(*) FROM item_size")[0]
    relations.keep("stratum_mass", _STRATA)
    relations.keep("hit", _HIT)
    relations.keep("member", _SEED, **facts)
    for turn in range(ROUNDS):
        if turn > 1:
            _leave_out_explained(relations)
        if turn > 0:
            relations.keep(
                "same", _SAME, inverse=_SAME_JACCARD_INVERSE, aims=_SAME_AIMS_MIN,
                part=_SAME_AIMS_PART,
            )  # fmt: skip
            relations.keep("target", _JOINED)
            relations.keep("member", _JOINED_MEMBER)
            relations.keep("hit", _HIT)
        if turn == 1:
            relations.keep("member", _WITH_ACQUAINTED)
        if turn in _AIMED_ROUNDS:
            _aim_again(relations, items)
            relations.keep("hit", _HIT)
        if turn <= max(_AIMED_ROUNDS):
            relations.keep("profile", _PROFILE)
        relations.keep("aim", _AIM, **facts)
        relations.keep("odds", _ODDS, near=_LIKES_MIN if turn < ROUNDS - 1 else 1, **facts)
        relations.keep("member", _MEMBER, **facts)
    relations.keep("aim", _AIM, **facts)
    _leave_out_explained(relations)
    relations.drop("acquainted", "same", "met")


def weigh_members(relations: Relations, changed: str) -> None:
    """Make ``aim`` and ``odds`` anew for the groups that a query names by ``g``.

    Their ``member``, ``target`` and ``hit`` have changed; those of other groups stay as they are.
    """
    relations.keep("changed", changed)
    for name, query in (("aim", _AIM), ("odds", _ODDS)):
        relations.keep(f"{name}_anew", query, near=1, **_facts(relations))
        relations.keep("mixed", _CHANGED, table=name)
        relations.keep(name, "SELECT * FROM mixed")
        relations.drop(f"{name}_anew", "mixed")
    relations.drop("changed")


def _facts(relations: Relations) -> dict[str, object]:
    """Give the numbers that the queries about members ask for."""
    total, accounts = relations.one(
        "SELECT (SELECT count(*) FROM liked), (SELECT count(*) FROM account_size)"
    )
    return {"total": f"{float(total)}", "accounts": f"{float(accounts)}", "likes": _LIKES_MIN}


def _leave_out_explained(relations: Relations) -> None:
    """Drop candidates whose likes belong, most of them, to firmer ones."""
    relations.keep("own", _OWN, firmer=_FIRMER, own=_EXPLAINED_SHARE)
    for name in ("member", "target", "hit", "aim", "odds"):
        relations.keep("kept", f"SELECT t.* FROM {name} t JOIN own USING (g)")
        relations.keep(name, "SELECT * FROM kept")
    relations.drop("own", "kept")


def _aim_again(relations: Relations, items: int) -> None:
    """Find the targets from the members: items, and the times in which the members' likes lie."""
    bounds: dict[str, object] = {
        "least": _TARGET_LIKES_MIN,
        "lift": TARGET_LIFT_MIN,
        "nats": math.log(_TARGET_TRIES * max(items, 1)),
        "part": _TARGET_PART_MIN,
        "whole": _WHOLE_US,
        "scales": len(_WIDTHS_US),
        "widths": ", ".join(f"(CAST({width} AS BIGINT))" for width in _WIDTHS_US),
    }
    relations.keep("met", _MET, **bounds)
    relations.keep("target", _SPREAD, **bounds)
