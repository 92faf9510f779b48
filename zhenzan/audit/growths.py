"""Items and merchants whose likes grew unusually in one period, for a person to look at.

What is usual is learned from peers of the same age and category in the same period, so a campaign
day or a fashion raises what is expected of all of them. A growth is never a verdict (safety rule
2): it opens a look, and beside the unusual ones lies a random sample of ordinary ones, so that
the reviewer's answers also say what the list misses.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhenzan.audit.history import History
from zhenzan.audit.options import AuditOptions
from zhenzan.audit.standing import Standing, Window
from zhenzan.clock import DAY_US, generator

F64 = NDArray[np.float64]

OUTCOMES = ("authentic", "inauthentic")
"""The two outcomes a reviewer may fill in (row S2-15)."""

RATIO_MIN = 3.0
GAIN_MIN = 20.0
SURPRISE_MIN = 12.0
"""A growth is unusual from three times what is expected, 20 likes more and 12 nats of Poisson
surprise: below, chance alone makes such lists (e^-12 among 100,000 items is one)."""

LISTED_MAX = {"item": 100, "merchant": 50}
CONTROLS = {"item": 20, "merchant": 10}
"""Most unusual growths listed per period, and ordinary ones drawn beside them: what one reviewer
reads in a day."""

CONTROL_LIKES_MIN = 5
"""Ordinary growths with fewer likes in the period show a reviewer nothing."""

_OWN_LIKES = 10.0
"""Likes of the period before at which the subject's own past weighs as much as its peers."""

_PEERS_MIN = 10
_UNKNOWN_CATEGORY = -1

GROWTHS = pa.schema(
    [
        pa.field("subject", pa.string(), nullable=False),
        pa.field("code", pa.int32(), nullable=False),
        pa.field("merchant", pa.int32(), nullable=False),
        pa.field("category", pa.int32(), nullable=False),
        pa.field("from_us", pa.int64(), nullable=False),
        pa.field("as_of_us", pa.int64(), nullable=False),
        pa.field("age_days", pa.float64(), nullable=False),
        pa.field("likes", pa.int64(), nullable=False),
        pa.field("likes_before", pa.int64(), nullable=False),
        pa.field("expected", pa.float64(), nullable=False),
        pa.field("ratio", pa.float64(), nullable=False),
        pa.field("gain", pa.float64(), nullable=False),
        pa.field("surprise", pa.float64(), nullable=False),
        pa.field("group_likes", pa.int64(), nullable=False),
        pa.field("group_ids", pa.list_(pa.string()), nullable=False),
        pa.field("selection", pa.string(), nullable=False),
        pa.field("probability", pa.float64(), nullable=False),
    ]
)
"""One row a growth to review.

``subject`` is item or merchant, ``likes`` those in [from, as of), ``likes_before`` those in the
period before, ``expected`` what peers predict, ``ratio`` and ``gain`` likes over and beyond it,
``surprise`` in nats. ``group_likes`` of the likes belong to ``group_ids``, most first.
``selection`` is unusual or control, ``probability`` the chance with which such a one was drawn.
"""

_GAINS = """
SELECT {key} AS code, max(merchant) AS merchant, max(category) AS category, min(ts) AS first_us,
       count(*) FILTER (ts >= {middle}) AS likes,
       count(*) FILTER (ts >= {start} AND ts < {middle}) AS likes_before
FROM read_parquet('{path}') WHERE ts < {end} AND {key} >= 0
GROUP BY {key} HAVING count(*) FILTER (ts >= {start}) > 0
ORDER BY first_us, max(ts), likes, code
"""

_CONCERNED = """
SELECT l.{key} AS code, e.group_id, count(*) AS n
FROM evidence e JOIN likes l ON l.row = e.row GROUP BY ALL ORDER BY code, n DESC, e.group_id
"""


@dataclass(frozen=True, slots=True)
class _Gains:
    """What each subject gained, in an order made from content."""

    columns: dict[str, NDArray[np.int64]]
    age_days: F64
    expected: F64

    @property
    def ratio(self) -> F64:
        return np.asarray(self.columns["likes"] / self.expected)

    @property
    def gain(self) -> F64:
        return np.asarray(self.columns["likes"] - self.expected)

    @property
    def surprise(self) -> F64:
        likes = np.maximum(self.columns["likes"], 1)
        nats = self.columns["likes"] * np.log(likes / self.expected) - self.gain
        return np.where(self.gain > 0, nats, 0.0)


def growths(
    history: History, standing: Standing, window: Window, options: AuditOptions
) -> pa.Table:
    """List the unusual growths of the last period of a window, and a sample of ordinary ones.

    Parameters
    ----------
    standing
        What stands after the window, for the groups concerned.
    """
    parts = [GROWTHS.empty_table()]
    random = generator(options.seed + window.index)
    period = window.end_us - options.every_us
    likes = history.likes(max(period, 0), window.end_us).select(["row", "item", "merchant"])
    for subject in ("item", "merchant"):
        with duckdb.connect() as connection:
            connection.execute(f"SET memory_limit='{options.groups.memory_limit}'")
            gains = _gains(connection, history, window, options, subject)
            connection.register("evidence", standing.evidence)
            connection.register("likes", likes)
            concerned = connection.execute(_CONCERNED.format(key=subject)).fetchall()
        rows, selection, probability = _select(gains, subject, random)
        groups: dict[int, list[tuple[str, int]]] = {}
        for code, group, count in concerned:
            groups.setdefault(code, []).append((group, count))
        parts.append(
            _table(gains, rows, subject, groups).append_column(
                "selection", pa.array(selection, pa.string())
            ).append_column("probability", pa.array(probability, pa.float64()))
        )  # fmt: skip
    table = pa.concat_tables([part.select(GROWTHS.names).cast(GROWTHS) for part in parts])
    for name, ts in (("from_us", max(period, 0)), ("as_of_us", window.end_us)):
        place = GROWTHS.get_field_index(name)
        table = table.set_column(place, GROWTHS.field(name), pa.array(np.full(len(table), ts)))
    return table


def _gains(
    connection: duckdb.DuckDBPyConnection,
    history: History,
    window: Window,
    options: AuditOptions,
    subject: str,
) -> _Gains:
    query = _GAINS.format(
        key=subject,
        path=_quoted(history.path),
        start=window.end_us - 2 * options.every_us,
        middle=window.end_us - options.every_us,
        end=window.end_us,
    )
    found = connection.execute(query).fetchnumpy()
    columns = {name: np.asarray(values, np.int64) for name, values in found.items()}
    born_us = columns["first_us"]
    if subject == "item" and len(history.created_us):
        told = history.created_us[columns["code"]]
        born_us = np.where((told >= 0) & (told < born_us), told, born_us)
    age_us = window.end_us - born_us
    category = columns["category"] if subject == "item" else np.zeros(len(age_us), np.int64)
    expected = _expected(columns, category, age_us / options.every_us)
    return _Gains(columns, age_us / DAY_US, expected)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _expected(columns: dict[str, NDArray[np.int64]], category: NDArray[np.int64], age: F64) -> F64:
    """Predict the likes of the period from peers, the subject itself left out.

    The subject's own likes of the period before, times the growth of its peers, weigh as much as
    the peers' mean once there are 10 of them. Never less than one like.
    """
    bracket = np.floor(np.log2(np.maximum(age, 0.5))).astype(np.int64)
    likes = columns["likes"].astype(np.float64)
    before = columns["likes_before"].astype(np.float64)
    mean, growth = _peers(_numbered(bracket, category), likes, before)
    wide_mean, wide_growth = _peers(_numbered(bracket), likes, before)
    mean = np.where(np.isnan(mean), wide_mean, mean)
    growth = np.where(np.isnan(growth), wide_growth, growth)
    own = before / (before + _OWN_LIKES)
    own = np.where(np.isnan(growth), 0.0, own)
    predicted = own * np.nan_to_num(growth) * before + (1.0 - own) * np.nan_to_num(mean)
    # Without any peer nothing can be called unusual.
    return np.where(np.isnan(mean), np.maximum(likes, 1.0), np.maximum(predicted, 1.0))


def _numbered(*keys: NDArray[np.int64]) -> NDArray[np.int64]:
    _, number = np.unique(np.stack(keys, axis=1), axis=0, return_inverse=True)
    return np.asarray(number.reshape(-1), np.int64)


def _peers(key: NDArray[np.int64], likes: F64, before: F64) -> tuple[F64, F64]:
    """Mean likes and growth of the others under the same key; NaN where they are too few."""
    count = np.bincount(key)[key] - 1.0
    others = np.bincount(key, likes)[key] - likes
    others_before = np.bincount(key, before)[key] - before
    enough = count >= _PEERS_MIN
    mean = np.where(enough, others / np.maximum(count, 1.0), np.nan)
    growth = np.where(
        enough & (others_before >= _OWN_LIKES), others / np.maximum(others_before, 1.0), np.nan
    )
    return mean, growth


def _select(
    gains: _Gains, subject: str, random: np.random.Generator
) -> tuple[NDArray[np.int64], list[str], list[float]]:
    """Choose the unusual ones, most surprising first, and draw controls from the rest."""
    surprise = gains.surprise
    unusual = (gains.ratio >= RATIO_MIN) & (gains.gain >= GAIN_MIN) & (surprise >= SURPRISE_MIN)
    listed = np.argsort(-surprise, kind="stable")
    listed = listed[unusual[listed]][: LISTED_MAX[subject]]
    rest = np.flatnonzero(~unusual & (gains.columns["likes"] >= CONTROL_LIKES_MIN))
    drawn = min(CONTROLS[subject], len(rest))
    controls = np.sort(random.choice(rest, drawn, replace=False)) if drawn else rest[:0]
    selection = ["unusual"] * len(listed) + ["control"] * drawn
    probability = [1.0] * len(listed) + [drawn / max(len(rest), 1)] * drawn
    return np.concatenate([listed, controls]).astype(np.int64), selection, probability


def _table(
    gains: _Gains,
    rows: NDArray[np.int64],
    subject: str,
    groups: dict[int, list[tuple[str, int]]],
) -> pa.Table:
    codes = gains.columns["code"][rows]
    concerned = [groups.get(int(code), []) for code in codes]
    names = [[name for name, _ in group] for group in concerned]
    zeros = np.zeros(len(rows), np.int64)
    columns = {name: gains.columns[name][rows] for name in ("merchant", "likes", "likes_before")}
    category = gains.columns["category"][rows]
    return pa.table(
        {
            "subject": pa.array([subject] * len(rows), pa.string()),
            "code": codes,
            **columns,
            "category": category if subject == "item" else zeros + _UNKNOWN_CATEGORY,
            "from_us": zeros,
            "as_of_us": zeros,
            "age_days": gains.age_days[rows],
            "expected": gains.expected[rows],
            "ratio": gains.ratio[rows],
            "gain": gains.gain[rows],
            "surprise": gains.surprise[rows],
            "group_likes": [sum(count for _, count in group) for group in concerned],
            "group_ids": pa.array(names, pa.list_(pa.string())),
        }
    )
