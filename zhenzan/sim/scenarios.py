"""Named scenarios: a demonstration day, the standard measure, a quiet week, the fixtures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from zhenzan import clock
from zhenzan.errors import SettingError, nearest
from zhenzan.sim.fixtures import fame, group_task, hot_list, ruin
from zhenzan.sim.order import ATTACKS, STEALTH, TWINS, Knobs, Order, order
from zhenzan.sim.shape import STANDARD_ORDER, shape
from zhenzan.sim.simulation import Simulation, simulate
from zhenzan.sim.world import World


@dataclass(frozen=True, slots=True)
class Setup:
    """What may be asked of a scenario: its seed, and another size or shape than its own."""

    seed: int = 7
    days: int | None = None
    accounts: int | None = None
    shape: str | None = None

    def fit(self, world: World) -> World:
        """Stretch a world: items and merchants grow with the accounts."""
        if self.accounts is not None:
            factor = self.accounts / world.accounts
            world = replace(
                world,
                accounts=self.accounts,
                items=max(1, round(world.items * factor)),
                merchants=max(1, round(world.merchants * factor)),
            )
        if self.days is not None:
            world = replace(world, days=self.days)
        return world if self.shape is None else replace(world, shape=self.shape)


Scenario = Callable[[Setup], Simulation]
SCENARIOS: dict[str, Scenario] = {}


def scenario(play: Scenario) -> Scenario:
    """Register a scenario under the name of its function."""
    SCENARIOS[play.__name__] = play
    return play


def run(name: str, setup: Setup | None = None) -> Simulation:
    """Play a scenario by name, at its own size and shape or others.

    Raises
    ------
    SettingError
        A scenario or a shape of that name does not exist, or a fixture is asked for another
        size or shape.
    """
    if name not in SCENARIOS:
        raise SettingError(f"no scenario is named `{name}`", hint=nearest(name, SCENARIOS))
    setup = setup or Setup()
    if name in FIXTURES and (setup.days, setup.accounts, setup.shape) != (None, None, None):
        raise SettingError(f"scenario `{name}` has a size and shape of its own")
    if setup.shape is not None:
        shape(setup.shape)
    return SCENARIOS[name](setup)


FIXED_SIZE: frozenset[str] = frozenset(
    {"shadow_framing", "script_in_team", "mutual_ring", "rotation", "hostile_reports",
     "multi_account_referral"}
)  # fmt: skip
"""Attacks whose quantity is part of what they are."""

BIG = 0.1
"""Share of orders in which one merchant buys hundreds or thousands of likes for one item."""

POOLS: frozenset[str] = frozenset({"rotating_pool", "reseller_pool"})


def every_attack(seed: int, *, size: float = 1.0) -> list[Order]:
    """Order each attack at each level, in quantities and windows that differ from seed to seed.

    Orders have 30 to 2,000 likes an item, most of them tens; ``size`` scales the orders of a
    small platform.
    """
    rng = clock.generator(seed)
    orders = []
    for name in sorted(ATTACKS):
        for stealth in STEALTH:
            preset = ATTACKS[name].presets[stealth]
            turned = _turned(name, preset, size, rng)
            turned["window_s"] = preset.window_s * float(rng.uniform(0.5, 1.6))
            orders.append(order(name, stealth, **turned))
    return orders


def _turned(
    name: str, preset: Knobs, size: float, rng: np.random.Generator
) -> dict[str, int | float]:
    """Draw the quantities of one order; workers and items follow them.

    Accounts cost money, so a worker does as many tasks as in the preset, whatever the size.
    """
    if name in FIXED_SIZE:
        return {"accounts": max(4, round(preset.accounts * float(rng.uniform(0.8, 1.25))))}
    # Less than the preset, so that ordered likes stay a small part of all.
    factor = float(rng.uniform(0.5, 0.8)) * (size if name in POOLS else max(size, 0.3))
    budget = preset.items * preset.likes_per_item * factor
    spread = 0.3 if name in POOLS else 0.6
    if name not in POOLS and rng.random() < BIG:
        likes, items = float(np.exp(rng.uniform(np.log(500), np.log(1_900)))) * min(1.0, size), 1
    else:
        likes = preset.likes_per_item * float(rng.lognormal(0.0, spread)) * min(1.0, 2 * size)
        likes = max(8.0, min(likes, 0.4 * budget))
        items = max(2, round(budget / likes))
    tasks = preset.items * preset.likes_per_item / preset.accounts
    # A pool is what it is, whatever was ordered this time.
    least = 0.9 * preset.accounts * size if name in POOLS else 1.3 * likes
    return {
        "accounts": max(8, round(max(least, items * likes / tasks))),
        "likes_per_item": max(4, round(likes)),
        "items": items,
        "size_spread": 0.45,
    }


def standard_world(seed: int) -> World:
    """Draw the platform of a seed: its shape, what it logs, and what it loses."""
    rng = clock.generator(seed + 0x5EED)
    name = STANDARD_ORDER[seed % len(STANDARD_ORDER)]
    blank: list[str] = []
    if name == "likes_only":
        # Some evidence is left, never the same.
        blank = ["session", str(rng.choice(["device", "ip"]))]
    return World(
        shape=name,
        days=14,
        accounts=22_000,
        items=5_000,
        merchants=900,
        # Where a visit holds more views there are fewer, so that logs have like lengths.
        visits_per_day=0.38 / shape(name).session_views ** 0.6,
        newcomer_share=float(rng.uniform(0.05, 0.12)),
        missing_device=float(rng.uniform(0.02, 0.10)),
        missing_ip=float(rng.uniform(0.01, 0.05)),
        missing_session=float(rng.uniform(0.02, 0.10)),
        missing_view=float(rng.uniform(0.03, 0.09)),
        list_like_share=float(rng.uniform(0.03, 0.08)),
        old_client_share=float(rng.uniform(0.05, 0.16)),
        web_share=float(rng.uniform(0.05, 0.14)),
        blank=tuple(blank),
    )


@scenario
def day(setup: Setup) -> Simulation:
    """Play one day with a handful of attacks and twins, for the demonstration."""
    world = setup.fit(World(days=1, accounts=24_000, items=3_500))
    small = world.accounts < 5_000
    size = 0.25 if small else 0.8
    orders = [
        order(name, stealth, **({"items": 2} if small else {}))
        for name, stealth in (
            ("emulator_farm", "crude"),
            ("paid_crowd", "medium"),
            ("overseas_proxy", "crude"),
            ("api_replay", "medium"),
            ("competitor_framing", "crude"),
            ("shadow_framing", "crude"),
            ("distributed_drip", "stealthy"),
        )
    ]
    names = ["viral_hit", "dormitory", "family_device", "newcomers", "kol_wave", "sanctioned_team"]
    return simulate(world, orders, names, seed=setup.seed, twin_size=size)


@scenario
def standard(setup: Setup) -> Simulation:
    """Play a fortnight with every attack at every level, and every twin."""
    world = setup.fit(standard_world(setup.seed))
    size = min(1.0, world.accounts / 22_000)
    orders = every_attack(setup.seed, size=size)
    return simulate(world, orders, sorted(TWINS), seed=setup.seed, twin_size=max(0.15, size))


@scenario
def quiet(setup: Setup) -> Simulation:
    """Play a week in which nobody buys a like, with every twin."""
    return simulate(setup.fit(World()), (), sorted(TWINS), seed=setup.seed)


FIXTURES: tuple[str, ...] = ("fixtures", "fixture_c", "fixture_d", "fixture_e")
"""Scenarios of a size of their own: their numbers are stated in the requirements."""


@scenario
def fixtures(setup: Setup) -> Simulation:
    """Play fixtures A and B of the requirements: bought fame and word of mouth."""
    return fame(seed=setup.seed).simulation


@scenario
def fixture_c(setup: Setup) -> Simulation:
    """Play fixture C: 500 likes become 50,000, and within a week rank and conversion fall."""
    return ruin(seed=setup.seed).simulation


@scenario
def fixture_d(setup: Setup) -> Simulation:
    """Play fixture D: an ordinary video on the hot list, and mass reports."""
    return hot_list(seed=setup.seed).simulation


@scenario
def fixture_e(setup: Setup) -> Simulation:
    """Play fixture E: three groups, a task of 100 people, 200 places in a day for 200 yuan."""
    return group_task(seed=setup.seed).simulation
