"""Hijacked accounts: real people's stolen credentials are used for orders (methods section 2)."""

from __future__ import annotations

import numpy as np

from zhenzan.sim import crew, errand, network
from zhenzan.sim.order import Knobs, attack
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage

PRESETS = {
    "crude": Knobs(
        accounts=110, items=5, likes_per_item=80, window_s=1_200, jitter_s=5.0,
        devices_per_account=0.1, network="hosting", blocks=3, views=0.1, waking=False,
        price_per_like=0.03, price_per_account=1.0, session="bare",
    ),
    "medium": Knobs(
        accounts=150, items=6, likes_per_item=80, window_s=2_400, jitter_s=30.0,
        devices_per_account=0.5, network="hosting", blocks=40, views=0.88, waking=False,
        price_per_like=0.05, price_per_account=2.0, dwell=0.65, follow_up=0.2,
    ),
    "stealthy": Knobs(
        accounts=190, items=7, likes_per_item=70, window_s=30_000, jitter_s=300.0,
        devices_per_account=1.0, network="home", views=0.94, price_per_like=0.10,
        price_per_account=5.0, dwell=1.0, follow_up=0.7,
    ),
}  # fmt: skip


@attack("hijacked_accounts", row="S2-22", presets=PRESETS)
def play(stage: Stage, knobs: Knobs) -> Rows:
    """Sign in as real people from machines that are not theirs, like, and leave."""
    rng = stage.rng
    stolen = crew.hire(stage, knobs.accounts)
    work = crew.schedule(stage, knobs, stolen, crew.targets(stage, knobs.items))
    machines = stage.population.new_devices(max(1, round(len(stolen) * knobs.devices_per_account)))
    who = np.searchsorted(np.sort(stolen), work.account)
    device = machines[who % len(machines)]
    if knobs.network == "hosting":
        ip = network.hosting_address(rng, len(work), blocks=knobs.blocks)
    else:
        # Rented home lines of the right region, but not the owner's.
        homes = stage.population.home
        line = homes[rng.integers(0, stage.world.accounts, len(stolen))]
        ip = network.home_address(line[who], work.ts)
    return errand.deliver(
        stage, knobs, work, group=stage.group(), ip=ip, device=device, sign_in_share=0.9
    )
