"""Where members act, beside where they live: a shared home, and work done from elsewhere.

What counts is a member's life outside the group's targets. Two thousand people pass through one
block of a mobile carrier in a week and live in none; residents of a dormitory like most other
things from it as well. And who works on targets from devices and networks that the account is
never seen on otherwise is not at home there: a pool that changes its network for every task, or
somebody else who holds the accounts.
"""

from __future__ import annotations

from zhenzan.groups.relations import Relations

ELSEWHERE_MEMBERS_MIN = 3.0
"""Members who have a life to compare with; fewer say nothing about the group."""

_MANY = "CASE WHEN {n} < 2 THEN 1 WHEN {n} < 4 THEN 2 WHEN {n} < 8 THEN 4 ELSE 8 END"
"""How many other likes an account has, in steps: of few, each comes from a new place more often."""

_USED = """
SELECT account, {key} AS value, CAST(count(*) AS DOUBLE) AS n
FROM likes WHERE account >= 0 AND {key} >= 0 GROUP BY account, {key}
"""

_LIFE = """
WITH here AS (
    SELECT a.g, a.account, l.{key} AS value, CAST(count(*) AS DOUBLE) AS n FROM act a
    JOIN likes l ON l.account = a.account AND l.item = a.item AND l.ts = a.ts
    WHERE l.{key} >= 0 GROUP BY a.g, a.account, l.{key}
)
SELECT m.g, m.account, u.value, coalesce(h.n, 0.0) AS here, u.n - coalesce(h.n, 0.0) AS outside
FROM member m JOIN used_{key} u ON u.account = m.account
LEFT JOIN here h ON h.g = m.g AND h.account = m.account AND h.value = u.value
"""

_HOME = """
-- An account is at home where it gave a quarter of its likes outside the targets, more than one, as
-- in a school or an office beside a flat; one that has no life outside, of all its likes.
WITH counted AS (
    SELECT g, account, value, outside, here + outside AS n,
           sum(outside) OVER (PARTITION BY g, account) AS lived,
           sum(here + outside) OVER (PARTITION BY g, account) AS known FROM life_{key}
)
SELECT g, account, value FROM counted
WHERE CASE WHEN lived >= 2 THEN 4 * outside >= lived AND (outside >= 2 OR lived < 4)
           ELSE 4 * n >= known AND (n >= 2 OR known < 4) END
"""

_USUAL_HOME = """
SELECT account, value FROM (
    SELECT account, value, n, sum(n) OVER (PARTITION BY account) AS known FROM used_{key}
) WHERE 4 * n >= known AND (n >= 2 OR known < 4)
"""

_USUAL = """
-- How often a like comes from a place that the account is not seen at otherwise, by the number of
-- its other likes: every like of the log is left out once.
SELECT {many} AS many,
       sum(CASE WHEN n = 1 THEN 1.0 ELSE 0.0 END) / sum(n) AS strange
FROM (SELECT n, sum(n) OVER (PARTITION BY account) AS known FROM used_{key})
WHERE known >= 2 GROUP BY {many}
"""

_ELSEWHERE = """
WITH member_life AS (
    SELECT g, account, sum(outside) AS lived,
           sum(CASE WHEN outside = 0 THEN here ELSE 0.0 END) / sum(here) AS strange
    FROM life_{key} GROUP BY g, account HAVING sum(outside) >= 1 AND sum(here) >= 1
)
SELECT m.g, CAST(count(*) AS DOUBLE) AS members, sum(m.strange) AS strange,
       sum(u.strange) AS expected
FROM member_life m
JOIN usual_{key} u ON u.many = {many} GROUP BY m.g
"""


def keep_lives(relations: Relations, key: str) -> None:
    """Make ``used_KEY``, ``life_KEY``, ``home_KEY`` and ``usual_home_KEY`` from ``likes``.

    ``life_KEY`` counts, for each member and each device or block, the likes on the group's
    targets (``here``) and all others (``outside``).
    """
    relations.keep(f"used_{key}", _USED, key=key)
    relations.keep(f"life_{key}", _LIFE, key=key)
    relations.keep(f"home_{key}", _HOME, key=key)
    relations.keep(f"usual_home_{key}", _USUAL_HOME, key=key)


def drop_lives(relations: Relations, key: str) -> None:
    """Forget what `keep_lives` made."""
    relations.drop(*(f"{name}_{key}" for name in ("used", "life", "home", "usual_home")))


def find_elsewhere(relations: Relations, key: str) -> dict[int, float]:
    """Tell which share of a group's work comes from where its members are not seen otherwise.

    Beyond what is usual: 0 where members move no more than other accounts with as many likes, 1
    where all of their work comes from elsewhere. Groups whose members have no life outside are
    left out.

    Known false positive: a club that meets in one place and likes its posts only there.
    """
    relations.keep(f"usual_{key}", _USUAL, key=key, many=_MANY.format(n="(known - 1)"))
    found = relations.read(_ELSEWHERE, key=key, many=_MANY.format(n="m.lived")).to_pylist()
    relations.drop(f"usual_{key}")
    return {
        row["g"]: max(row["strange"] - row["expected"], 0.0)
        / max(row["members"] - row["expected"], 1.0)
        for row in found
        if row["members"] >= ELSEWHERE_MEMBERS_MIN
    }
