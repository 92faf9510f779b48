"""Public logs of organic traffic: how much of it the product flags, and what it calls it.

Nobody labelled these logs, so every flag is counted as harm and the figures are upper bounds.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb

from bench.figures import Figure
from bench.foreign import Harm, scored
from zhenzan.events.mapping import Mapping, Rule

WITHIN_S = 60
TOGETHER_MIN = 5
"""Accounts of a natural cluster acted on one object within 60 s at least 5 times: the level at
which the READMEs of the data sets count them."""

COORTWEET = Mapping(
    "coortweet",
    {
        "event_id": Rule(is_row=True),
        "ts": Rule(column="ts", unit="s"),
        "kind": Rule(constant="like"),
        "account_id": Rule(column="account"),
        "item_id": Rule(column="object"),
    },
)
"""A retweet is a like of the tweet."""

_PAIRS = """
WITH acted AS (
    SELECT DISTINCT account, {item} AS item, ts FROM read_parquet('{path}')
    WHERE {item} IS NOT NULL AND {where}
)
SELECT CAST(a.account AS VARCHAR) AS a, CAST(b.account AS VARCHAR) AS b
FROM acted a JOIN acted b ON a.item = b.item AND a.account < b.account
    AND abs(a.ts - b.ts) <= {within}
GROUP BY a.account, b.account HAVING count(*) >= {together} ORDER BY a.account, b.account
"""


def acted_together(path: Path, *, item: str, where: str = "TRUE") -> list[tuple[str, str]]:
    """List the pairs of accounts that acted together often enough to be a natural cluster."""
    quoted = str(path).replace("'", "''")
    facts = {"within": WITHIN_S, "together": TOGETHER_MIN}
    query = _PAIRS.format(item=item, where=where, path=quoted, **facts)
    with duckdb.connect() as connection:
        return connection.execute(query).fetchall()


def clusters(pairs: Iterable[tuple[str, str]]) -> list[set[str]]:
    """Join pairs into clusters: accounts that hang together through any chain of pairs.

    Examples
    --------
    >>> sorted(map(sorted, clusters([("a", "b"), ("c", "d"), ("b", "e")])))
    [['a', 'b', 'e'], ['c', 'd']]
    """
    home: dict[str, set[str]] = {}
    for a, b in pairs:
        joined = home.get(a, {a}) | home.get(b, {b})
        for account in joined:
            home[account] = joined
    return list({id(found): found for found in home.values()}.values())


def german(folder: Path) -> list[Figure]:
    """Score shared links of an election campaign; party and media pages act in lockstep there."""
    path = folder / "posts.parquet"
    pages = clusters(acted_together(path, item="url", where="platform = 'fb'"))
    tweets = clusters(acted_together(path, item="url", where="platform = 'tw'"))
    harm = scored(path, "german_elections")
    figures = _harm(harm)
    for words, found in (("Facebook", pages), ("Twitter", tweets)):
        figures += _touched(harm, found, f"natural clusters on {words}")
    return figures


def coortweet(folder: Path) -> list[Figure]:
    """Score retweets of one scene; 60 s windows show no pair with 5 co-actions."""
    path = folder / "retweets.parquet"
    harm = scored(path, COORTWEET)
    found = clusters(acted_together(path, item="object"))
    return [*_harm(harm), *_touched(harm, found, "natural clusters")]


def vk(folder: Path) -> list[Figure]:
    """Score comments on media pages; every author comments on few pages."""
    return _harm(scored(folder / "comments.parquet", "vk_comments"))


def _harm(harm: Harm) -> list[Figure]:
    guilty, benign = harm.accounts(benign=False), harm.accounts(benign=True)
    return [
        Figure("likes", harm.likes),
        Figure("accounts", harm.accounts_count),
        Figure("likes excluded", harm.share("excluded"), "0 is right"),
        Figure("likes held", harm.share("held"), "0 is right"),
        Figure("groups called fraud", harm.groups_count(benign=False), "0 is right"),
        Figure("groups called benign", harm.groups_count(benign=True)),
        Figure("accounts in groups called fraud", len(guilty), "0 is right"),
        Figure("accounts in benign groups only", len(benign - guilty)),
        Figure("CPU seconds", harm.cpu_s),
    ]


def _touched(harm: Harm, found: list[set[str]], words: str) -> list[Figure]:
    """Count the clusters of which a group holds at least two accounts."""

    def met(benign: bool) -> set[int]:
        groups = harm.members(benign=benign)
        return {
            at for at, cluster in enumerate(found) if any(len(cluster & g) > 1 for g in groups)
        }  # fmt: skip

    fraud, harmless = met(False), met(True)
    return [
        Figure(words, len(found)),
        Figure(f"{words}: accounts", sum(map(len, found))),
        Figure(f"{words}: flagged", len(fraud | harmless)),
        Figure(f"{words}: called fraud", len(fraud), "0 is right"),
    ]
