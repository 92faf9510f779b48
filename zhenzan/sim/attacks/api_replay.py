"""API replay: signed calls are captured and repeated, with no client behind them (S3-13)."""

from __future__ import annotations

from zhenzan.sim import crew, errand
from zhenzan.sim.order import Knobs, attack
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage
from zhenzan.sim.world import API

PRESETS = {
    "crude": Knobs(
        accounts=150, items=4, likes_per_item=120, window_s=120, jitter_s=0.5,
        network="hosting", blocks=2, views=0.0, age_days=5, waking=False, price_per_like=0.005,
        price_per_account=0.2, session="bare",
    ),
    "medium": Knobs(
        accounts=220, items=5, likes_per_item=100, window_s=3_600, jitter_s=15.0,
        camouflage=0.3, network="hosting", blocks=12, views=0.0, age_days=40, waking=False,
        price_per_like=0.01, price_per_account=1.0, session="bare",
    ),
    "stealthy": Knobs(
        accounts=170, items=6, likes_per_item=80, window_s=43_200, jitter_s=300.0,
        camouflage=0.8, network="home", views=0.0, age_days=200, life=0.15, price_per_like=0.03,
        price_per_account=6.0, session="bare",
    ),
}  # fmt: skip


@attack("api_replay", row="S3-13", presets=PRESETS)
def play(stage: Stage, knobs: Knobs) -> Rows:
    """Send bare likes to the interface: no view, no session, no device."""
    senders = crew.recruit(stage, knobs)
    return errand.carry_out(stage, knobs, senders, crew.targets(stage, knobs.items), channel=API)
