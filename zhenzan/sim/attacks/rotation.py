"""Rotation: a mutual group changes devices and networks whenever a task runs (S4-29)."""

from __future__ import annotations

import numpy as np

from zhenzan.sim import crew, errand, network
from zhenzan.sim.order import Knobs, attack
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage

PRESETS = {
    "crude": Knobs(
        accounts=50, items=12, likes_per_item=40, window_s=1_800, jitter_s=20.0,
        network="hosting", blocks=20, views=0.5, price_per_like=0.0, session="bare",
    ),
    "medium": Knobs(
        accounts=60, items=12, likes_per_item=40, window_s=7_200, jitter_s=90.0, camouflage=0.3,
        network="carrier", views=0.88, price_per_like=0.0, dwell=0.65, follow_up=0.2,
    ),
    "stealthy": Knobs(
        accounts=80, items=12, likes_per_item=35, window_s=28_800, jitter_s=600.0,
        camouflage=0.8, network="carrier", views=0.94, price_per_like=0.0, dwell=1.0,
        follow_up=0.7,
    ),
}  # fmt: skip

SPARE_DEVICES = 3
"""Phones, tablets and emulators that a member keeps for tasks."""


@attack("rotation", row="S4-29", presets=PRESETS)
def play(stage: Stage, knobs: Knobs) -> Rows:
    """Let members like each other's items, every task from another device and network."""
    rng = stage.rng
    members = crew.hire(stage, knobs.accounts)
    group = stage.group()
    work = crew.schedule(stage, knobs, members, crew.targets(stage, knobs.items))
    spare = stage.population.new_devices(len(members) * SPARE_DEVICES)
    where = np.searchsorted(np.sort(members), work.account)
    device = spare[where * SPARE_DEVICES + rng.integers(0, SPARE_DEVICES, len(work))]
    region = stage.population.region[work.account]
    mobile = network.carrier_address(rng, region)
    tunnel = network.hosting_address(rng, len(work), blocks=knobs.blocks)
    share = 0.7 if knobs.network == "hosting" else 0.08
    ip = np.where(rng.random(len(work)) < share, tunnel, mobile)
    return Rows.join(
        [
            errand.deliver(stage, knobs, work, group=group, ip=ip, device=device),
            errand.camouflage(stage, knobs, members, work, group=group),
        ]
    )
