"""Mobile block: a carrier hides over a thousand customers behind a few addresses (rule 1)."""

from __future__ import annotations

import numpy as np

from zhenzan.sim import crowd, network
from zhenzan.sim.order import twin
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage
from zhenzan.sim.world import REGIONS

ADDRESSES = 5
"""Public addresses of one NAT gateway."""


@twin("mobile_block", row="T18")
def play(stage: Stage, size: float) -> Rows:
    """Let the customers of one gateway come now and then, always through the same addresses."""
    rng, world = stage.rng, stage.world
    count = max(10, int(1_300 * size))
    people = crowd.settle_in(stage, count, region=np.full(count, 3, dtype=np.int8))
    visits = rng.poisson(rng.gamma(0.8, 0.1 / 0.8, count) * world.days)
    who = np.repeat(people, visits)
    ts = stage.waking_times(len(who), world.start_us, world.end_us)
    gateway = network.prefix(REGIONS[3].carriers[0]) + 251 * 256 + 9
    ip = gateway + rng.integers(0, ADDRESSES, len(who))
    return crowd.visits(stage, stage.browse(who, ts, ip=ip))
