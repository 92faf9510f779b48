"""Play a world with its attacks and twins, and write what a platform would have logged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhenzan import clock
from zhenzan.errors import SettingError, nearest
from zhenzan.events.schema import Kind
from zhenzan.sim import assemble, attacks, twins  # noqa: F401  importing registers what they hold
from zhenzan.sim.life import live
from zhenzan.sim.order import ATTACKS, TWINS, Order
from zhenzan.sim.rows import HONEST, Rows
from zhenzan.sim.stage import Stage
from zhenzan.sim.world import World


@dataclass(frozen=True, slots=True)
class Simulation:
    """A log and the truth about it.

    ``interactions`` follows the public contract; ``labels`` has one row per interaction, in
    the same order; ``accounts`` and ``items`` are the side tables.
    """

    interactions: pa.Table
    labels: pa.Table
    accounts: pa.Table
    items: pa.Table

    def counts(self) -> dict[str, int]:
        """Count interactions, likes, and likes made by order."""
        likes = pc.equal(self.interactions["kind"], Kind.LIKE.word)
        ordered = pc.and_(likes, self.labels["is_inauthentic"])
        return {
            "interactions": len(self.interactions),
            "likes": int(pc.sum(likes).as_py() or 0),
            "likes_inauthentic": int(pc.sum(ordered).as_py() or 0),
        }


def simulate(
    world: World,
    orders: Sequence[Order] = (),
    twin_names: Sequence[str] = (),
    *,
    seed: int = 7,
    twin_size: float = 1.0,
) -> Simulation:
    """Play the background, then the twins, then the orders.

    Each part draws from a generator of its own, so the background is the same with and
    without attacks.

    Raises
    ------
    SettingError
        A twin of that name does not exist.

    Examples
    --------
    >>> small = World(days=1, accounts=200, items=50, merchants=10)
    >>> simulate(small, seed=1).interactions.schema.names[0]
    'event_id'
    """
    for name in twin_names:
        if name not in TWINS:
            raise SettingError(f"no twin is named `{name}`", hint=nearest(name, TWINS))
    streams = clock.generator(seed).spawn(3 + len(twin_names) + len(orders))
    stage = Stage.open(world, streams[0])
    stage.rng = streams[1]
    stage.history = live(stage)
    parts = [stage.history]
    for number, name in enumerate(twin_names):
        stage.rng = streams[3 + number]
        parts.append(TWINS[name].play(stage, twin_size).with_(twin=number))
    stage.history = Rows.join(parts)
    parts = [stage.history, *play_orders(stage, orders, streams[3 + len(twin_names) :])]
    rows = assemble.settle(Rows.join(parts), stage, streams[2])
    return package(stage, rows, orders, twin_names, seed=seed).simulation


@dataclass(frozen=True, slots=True)
class Package:
    """A simulation and the ids under which its entities were written."""

    simulation: Simulation
    ids: assemble.Ids

    def item_names(self, items: Sequence[int]) -> list[str]:
        """Tell the ids of items by their codes."""
        codes = np.asarray(items, dtype=np.int64)
        names: list[str] = self.ids.of(codes, assemble.ITEM).to_pylist()
        return names


def package(
    stage: Stage, rows: Rows, orders: Sequence[Order], twin_names: Sequence[str], *, seed: int
) -> Package:
    """Write settled rows and their side tables under opaque ids."""
    ids = assemble.Ids(int(np.random.SeedSequence(seed).generate_state(1)[0]))
    table = assemble.interactions(rows, stage.catalogue, ids)
    simulation = Simulation(
        interactions=table,
        labels=assemble.labels(rows, table, ids, orders, twin_names),
        accounts=assemble.accounts(stage.population, ids, stage.world.end_us),
        items=assemble.items(stage.catalogue, ids, stage.world.end_us),
    )
    return Package(simulation, ids)


def play_orders(
    stage: Stage, orders: Sequence[Order], streams: Sequence[np.random.Generator]
) -> list[Rows]:
    """Play each order on the stage; what is not honest carries its order number."""
    parts = []
    for number, (placed, rng) in enumerate(zip(orders, streams, strict=True)):
        stage.rng = rng
        rows = ATTACKS[placed.attack].play(stage, placed.knobs)
        parts.append(rows.with_(order=np.where(rows.role == HONEST, -1, number)))
    return parts


def write(simulation: Simulation, folder: Path) -> dict[str, Path]:
    """Write the four tables as Parquet files and tell where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for name in ("interactions", "labels", "accounts", "items"):
        paths[name] = folder / f"{name}.parquet"
        pq.write_table(getattr(simulation, name), paths[name], compression="zstd")
    return paths
