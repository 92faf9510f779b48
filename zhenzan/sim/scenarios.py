"""Named scenarios: a demonstration day, the standard measure, a quiet week, the fixtures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from zhenzan import clock
from zhenzan.errors import SettingError, nearest
from zhenzan.sim.fixtures import fixtures as play_fixtures
from zhenzan.sim.order import ATTACKS, STEALTH, TWINS, Order, order
from zhenzan.sim.simulation import Simulation, simulate
from zhenzan.sim.world import World

Scenario = Callable[[int, int | None, int | None], Simulation]
SCENARIOS: dict[str, Scenario] = {}


def scenario(play: Scenario) -> Scenario:
    """Register a scenario under the name of its function."""
    SCENARIOS[play.__name__] = play
    return play


def run(
    name: str, *, seed: int = 7, days: int | None = None, accounts: int | None = None
) -> Simulation:
    """Play a scenario by name, at its own size or another.

    Raises
    ------
    SettingError
        A scenario of that name does not exist.
    """
    if name not in SCENARIOS:
        raise SettingError(f"no scenario is named `{name}`", hint=nearest(name, SCENARIOS))
    return SCENARIOS[name](seed, days, accounts)


def sized(world: World, days: int | None, accounts: int | None) -> World:
    """Stretch a world: items and merchants grow with the accounts."""
    if accounts is not None:
        factor = accounts / world.accounts
        world = replace(
            world,
            accounts=accounts,
            items=max(1, round(world.items * factor)),
            merchants=max(1, round(world.merchants * factor)),
        )
    return world if days is None else replace(world, days=days)


def every_attack(seed: int) -> list[Order]:
    """Order each attack at each level, the quantities varied so that no size repeats."""
    rng = clock.generator(seed)
    orders = []
    for name in sorted(ATTACKS):
        for stealth in STEALTH:
            preset = ATTACKS[name].presets[stealth]
            factor = float(rng.uniform(0.8, 1.3))
            orders.append(
                order(
                    name,
                    stealth,
                    accounts=max(4, round(preset.accounts * factor)),
                    window_s=preset.window_s * float(rng.uniform(0.6, 1.6)),
                )
            )
    return orders


@scenario
def day(seed: int, days: int | None, accounts: int | None) -> Simulation:
    """Play one day with a handful of attacks and twins, for the demonstration."""
    world = sized(World(days=1, accounts=24_000, items=3_500), days, accounts)
    small = accounts is not None and accounts < 5_000
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
    return simulate(world, orders, names, seed=seed, twin_size=size)


@scenario
def standard(seed: int, days: int | None, accounts: int | None) -> Simulation:
    """Play a week with every attack at every level, and every twin."""
    world = sized(World(days=8, accounts=24_000, items=5_000, merchants=900), days, accounts)
    return simulate(world, every_attack(seed), sorted(TWINS), seed=seed)


@scenario
def quiet(seed: int, days: int | None, accounts: int | None) -> Simulation:
    """Play a week in which nobody buys a like, with every twin."""
    return simulate(sized(World(), days, accounts), (), sorted(TWINS), seed=seed)


@scenario
def fixtures(seed: int, days: int | None, accounts: int | None) -> Simulation:
    """Play fixtures A and B of the requirements: bought fame and word of mouth."""
    world = sized(World(days=4, accounts=16_000, items=1_500, merchants=250), days, accounts)
    return play_fixtures(world, seed=seed).simulation
