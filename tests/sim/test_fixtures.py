"""The numeric fixtures have the numbers of the requirements (section 5)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from zhenzan.clock import DAY_US
from zhenzan.errors import SettingError
from zhenzan.sim import World, scenarios
from zhenzan.sim.fixtures import fame, group_task, hot_list, ruin


def times(table):
    return table["ts"].cast(pa.int64()).to_numpy()


class Log:
    """The rows of one item, or of all, between two times."""

    def __init__(self, simulation, item=None):
        self.table = simulation.interactions
        self.table = self.table.append_column("bad", simulation.labels["is_inauthentic"])
        self.table = self.table.append_column("role", simulation.labels["role"])
        if item is not None:
            self.table = self.table.filter(pc.equal(self.table["item_id"], item))
        self.ts = times(self.table)
        self.kind = np.array(self.table["kind"].to_pylist())
        self.channel = np.array(self.table["channel"].to_pylist(), dtype=object)
        self.honest = np.array(self.table["role"].to_pylist()) == "honest"

    def count(self, kind, low=0, high=1 << 62, *, where=None):
        chosen = (self.kind == kind) & (self.ts >= low) & (self.ts < high)
        return int((chosen if where is None else chosen & where).sum())


def test_fixtures_a_and_b_have_the_numbers_of_the_requirements():
    """S0-18: 5,000 likes and under 0.5 %; S0-19: 800 likes and 3.2 %; same category."""
    world = World(days=4, accounts=9_000, items=600, merchants=100, missing_view=0.0)
    made = fame(world, seed=7)
    table = made.simulation.interactions

    def facts(item):
        rows = table.filter(pc.equal(table["item_id"], item))
        log = Log(made.simulation, item)
        viewers = pc.count_distinct(rows.filter(pc.equal(rows["kind"], "view"))["account_id"])
        conversion = log.count("purchase") / viewers.as_py()
        return log.count("like"), conversion, pc.unique(rows["category"])

    likes_a, conversion_a, category_a = facts(made.bought_item_id)
    likes_b, conversion_b, category_b = facts(made.earned_item_id)
    assert likes_a >= 5_000 and conversion_a < 0.005
    assert likes_b >= 800 and conversion_b == pytest.approx(0.032, abs=0.001)
    assert category_a.equals(category_b)


def test_fixture_c_goes_from_500_to_50_000_and_loses_rank_and_conversion_within_a_week():
    """S1-21: times one hundred; then search -30 %, conversion -60 %, then a warning."""
    made = ruin(seed=7)
    log = Log(made.simulation, made.item_id)
    assert log.count("like", high=made.ordered_us) == pytest.approx(500, abs=3)
    assert log.count("like", high=made.ordered_us + DAY_US) == pytest.approx(50_000, rel=0.002)
    before = (made.ordered_us - DAY_US, made.ordered_us)
    after = (made.warned_us - DAY_US, made.warned_us)
    assert made.warned_us - made.ordered_us == 8 * DAY_US  # a day of delivery and a week
    search = log.channel == "search"

    def conversion(window):
        return log.count("purchase", *window) / log.count("view", *window, where=log.honest)

    visits = [log.count("view", *window, where=search & log.honest) for window in (before, after)]
    assert visits[1] / visits[0] == pytest.approx(0.70, abs=0.03)
    assert conversion(after) / conversion(before) == pytest.approx(0.40, abs=0.05)


def test_fixture_d_takes_an_ordinary_video_to_the_hot_list_and_to_mass_reports():
    """S3-21: ordinary before, first of the day after, and reported as nothing else is."""
    made = hot_list(seed=7)
    everything, mine = Log(made.simulation), Log(made.simulation, made.item_id)

    def place(high):
        likes = (everything.kind == "like") & (everything.ts < high)
        likes &= everything.ts >= high - DAY_US
        counts = everything.table.filter(pa.array(likes))["item_id"].value_counts()
        found = dict(zip(counts.field(0).to_pylist(), counts.field(1).to_pylist(), strict=True))
        own = found[made.item_id]
        return sum(count > own for count in found.values()), len(found)

    ordinary, shown = place(made.ordered_us)
    assert 0.1 < ordinary / shown < 0.6
    assert place(made.promoted_us)[0] == 0
    crowd = mine.count("view", made.promoted_us)
    assert crowd >= 15 * mine.count("view", high=made.ordered_us)
    rate = mine.count("report", made.promoted_us) / crowd
    usual = everything.count("report", high=made.ordered_us) / everything.count("view")
    assert rate > 0.03 and rate > 20 * usual


def test_fixture_e_buys_200_places_in_a_day_for_200_yuan():
    """S4-39: three groups, 100 people, 2 yuan a like; +40 % natural visits, +15 % conversion."""
    made = group_task(seed=7)
    log, everything = Log(made.simulation, made.item_id), Log(made.simulation)
    bad = log.table["bad"].to_numpy(zero_copy_only=False)
    assert log.count("like", where=bad) == 100
    groups = made.simulation.labels.filter(made.simulation.labels["is_inauthentic"])["group_id"]
    assert pc.count_distinct(groups).as_py() == 3
    assert made.cost == pytest.approx(200.0)

    def rank(high):
        likes = (everything.kind == "like") & (everything.ts < high)
        counts = everything.table.filter(pa.array(likes))["item_id"].value_counts()
        own = log.count("like", high=high)
        return int((counts.field("counts").to_numpy() > own).sum())

    gain = rank(made.task_us) - rank(made.task_us + DAY_US)
    assert gain == pytest.approx(200, abs=15)
    before = (made.task_us - DAY_US, made.task_us)
    after = (made.task_us + DAY_US, made.task_us + 2 * DAY_US)
    visits = [log.count("view", *window, where=log.honest) for window in (before, after)]
    assert visits[1] / visits[0] == pytest.approx(1.40, abs=0.02)
    bought = [log.count("purchase", *window) for window in (before, after)]
    assert bought[1] / visits[1] / (bought[0] / visits[0]) == pytest.approx(1.15, abs=0.03)


def test_fixtures_refuse_another_size_and_play_as_scenarios():
    with pytest.raises(SettingError, match="fixture_d"):
        scenarios.run("fixture_d", scenarios.Setup(accounts=500))
    assert scenarios.run("fixture_d", scenarios.Setup(seed=3)).counts()["likes_inauthentic"] > 2_900
