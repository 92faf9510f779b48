"""The whole log in a few numbers: totals, likes over time, early and later days."""

from __future__ import annotations

from dataclasses import dataclass

from zhenzan.insight.limits import TIMELINE_BARS_MAX
from zhenzan.insight.outputs import Outputs

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
EARLY_DAYS = 8
"""Days 0 to 7 of an item are its early days, days 8 to 90 its later ones (S0-02)."""

LATER_DAYS = 91


@dataclass(frozen=True, slots=True)
class Totals:
    """Likes by count state; the parts sum to ``claimed``."""

    claimed: int
    counted: int
    held: int
    excluded: int
    campaign: int = 0
    late: int = 0
    withdrawn: int = 0
    accounts: int = 0
    items: int = 0
    first_us: int | None = None
    last_us: int | None = None

    @property
    def not_counted(self) -> int:
        """Likes claimed that do not count."""
        return self.held + self.excluded


@dataclass(frozen=True, slots=True)
class Bar:
    """One step of time with its likes."""

    start_us: int
    counted: int
    held: int
    excluded: int

    @property
    def claimed(self) -> int:
        """Every like of the step."""
        return self.counted + self.held + self.excluded


def totals(outputs: Outputs) -> Totals:
    """Count the likes of the log by count state."""
    flags = ", ".join(
        f"count(*) FILTER ({outputs.column('likes', name, otherwise='false')}) AS {name}"
        for name in ("campaign", "late", "withdrawn")
    )
    row = outputs.ask(
        f"""
        SELECT count(*) AS claimed,
               count(*) FILTER (count_state = 'counted') AS counted,
               count(*) FILTER (count_state = 'held') AS held,
               count(*) FILTER (count_state = 'excluded') AS excluded,
               {flags},
               approx_count_distinct(account_id) AS accounts,
               epoch_us(min(ts)) AS first_us, epoch_us(max(ts)) AS last_us
        FROM likes
        """
    )[0]
    if outputs.has("accounts"):
        row["accounts"] = outputs.ask("SELECT count(*) AS n FROM accounts")[0]["n"]
    items = outputs.ask("SELECT count(*) AS n FROM items")[0]["n"]
    return Totals(**row, items=items)


def timeline(outputs: Outputs) -> tuple[list[Bar], int]:
    """Give the likes over time in at most ``TIMELINE_BARS_MAX`` bars, and a bar's width in us.

    Steps without likes are present with zeros, so that a gap looks like a gap.
    """
    source = (
        "SELECT epoch_us(hour::TIMESTAMP) AS t, likes_counted AS c, likes_held AS h, "
        "likes_excluded AS x FROM timeline"
        if outputs.has("timeline", "hour", "likes_counted", "likes_held", "likes_excluded")
        else "SELECT epoch_us(ts) AS t, (count_state = 'counted')::INT AS c, "
        "(count_state = 'held')::INT AS h, (count_state = 'excluded')::INT AS x FROM likes"
    )
    ends = outputs.ask(f"SELECT min(t) AS low, max(t) AS high FROM ({source})")[0]
    if ends["low"] is None:
        return [], HOUR_US
    hours = (ends["high"] - ends["low"]) // HOUR_US + 1
    step = HOUR_US * _nice_hours(-(-hours // TIMELINE_BARS_MAX))
    rows = outputs.ask(
        f"""
        SELECT (t // {step})::BIGINT AS place, sum(c)::BIGINT AS c, sum(h)::BIGINT AS h,
               sum(x)::BIGINT AS x
        FROM ({source}) GROUP BY place ORDER BY place
        """
    )
    by_place = {row["place"]: row for row in rows}
    none = {"c": 0, "h": 0, "x": 0}
    bars = [
        Bar(place * step, found["c"], found["h"], found["x"])
        for place in range(rows[0]["place"], rows[-1]["place"] + 1)
        if (found := by_place.get(place, none))
    ]
    return bars, step


def horizons(outputs: Outputs) -> list[tuple[str, Totals]]:
    """Split the likes by the age of their item: its early days and its later ones (S0-02)."""
    if not outputs.has("items", "first_ts"):
        return []
    row = outputs.ask(
        f"""
        WITH aged AS (
            SELECT count_state AS s, (epoch_us(ts) - epoch_us(first_ts)) // {DAY_US} AS d
            FROM likes JOIN items USING (item_id)
        )
        SELECT {_by_state("early", f"d < {EARLY_DAYS}")},
               {_by_state("later", f"d >= {EARLY_DAYS} AND d < {LATER_DAYS}")}
        FROM aged
        """
    )[0]
    return [
        (
            name,
            Totals(*(row[f"{name}_{state}"] for state in ("all", "counted", "held", "excluded"))),
        )
        for name in ("early", "later")
    ]


def _by_state(name: str, when: str) -> str:
    states = [f"count(*) FILTER ({when}) AS {name}_all"]
    for state in ("counted", "held", "excluded"):
        states.append(f"count(*) FILTER ({when} AND s = '{state}') AS {name}_{state}")
    return ", ".join(states)


def _nice_hours(hours: int) -> int:
    """Round a bar's width up to one that people name: hours that divide a day, or whole days."""
    for nice in (1, 2, 3, 4, 6, 8, 12, 24, 48, 168, 336, 720, 2_160):
        if hours <= nice:
            return nice
    return 8_760 * -(-hours // 8_760)
