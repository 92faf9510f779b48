"""One small platform and one trained model for all tests of training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from zhenzan.sim import World, order, simulate
from zhenzan.sim.simulation import Simulation
from zhenzan.training.calibrate import Aim
from zhenzan.training.history import History
from zhenzan.training.job import Plan, gather, train_on


@dataclass(frozen=True)
class Platform:
    simulation: Simulation
    history: History
    log: Path


@pytest.fixture(scope="session")
def platform(tmp_path_factory) -> Platform:
    world = World(days=3, accounts=2_500, items=500, merchants=80)
    made = simulate(world, [order("emulator_farm", "crude", items=3)], ["dormitory"], seed=3)
    log = tmp_path_factory.mktemp("platform") / "log.parquet"
    pq.write_table(made.interactions, log)
    table = made.interactions.sort_by([("ts", "ascending"), ("event_id", "ascending")])
    return Platform(made, History(table, made.accounts), log)


@pytest.fixture(scope="session")
def plan() -> Plan:
    return Plan(seed=5, rounds=1, aim=Aim(0.005))


@pytest.fixture(scope="session")
def material(platform, plan):
    return gather(platform.history, plan)


@pytest.fixture(scope="session")
def models(material, plan, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    train_on(material, folder, plan)
    return folder
