"""Multi-account referral: one person registers many accounts to collect invitation rewards."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from zhenzan.clock import MINUTE_US, SECOND_US
from zhenzan.events.schema import Kind
from zhenzan.sim import crew
from zhenzan.sim.order import Knobs, attack
from zhenzan.sim.rows import ATTACK, Rows
from zhenzan.sim.stage import Stage
from zhenzan.sim.world import CAMPAIGN

PRESETS = {
    "crude": Knobs(
        accounts=30, devices_per_account=0.05, network="farm", blocks=1, window_s=3_600,
        age_days=0, waking=False, session="bare",
    ),
    "medium": Knobs(
        accounts=25, devices_per_account=0.2, network="farm", blocks=2, window_s=36_000,
        age_days=0, waking=False, dwell=0.65, follow_up=0.2,
    ),
    "stealthy": Knobs(
        accounts=20, devices_per_account=0.6, network="carrier", window_s=200_000, age_days=0,
        dwell=1.0, follow_up=0.7,
    ),
}  # fmt: skip


@attack("multi_account_referral", row="section 5", presets=PRESETS, likes=False)
def play(stage: Stage, knobs: Knobs) -> Rows:
    """Register, sign in and follow the inviter, one account after the other."""
    rng = stage.rng
    batch = min(int(knobs.window_s * SECOND_US), stage.world.length_us // 2)
    invited = crew.recruit(stage, replace(knobs, age_days=0), batch_us=batch)
    people, count = stage.population, len(invited)
    born = people.created_us[invited]
    item = crew.targets(stage, 1)
    base = Rows.make(
        count,
        account=invited,
        device=people.device[invited],
        ip=crew.addresses(stage, knobs, invited, born),
        session=stage.sessions(count),
        role=ATTACK,
        group=stage.group(),
    )
    campaign = stage.campaign()
    later = born + rng.integers(20 * SECOND_US, 4 * MINUTE_US, count)
    return Rows.join(
        [
            base.with_(kind=Kind.REGISTER, ts=born),
            base.with_(kind=Kind.SIGN_IN, ts=born + rng.integers(SECOND_US, 9 * SECOND_US, count)),
            base.with_(
                kind=Kind.FOLLOW,
                ts=later,
                item=np.repeat(item, count),
                channel=CAMPAIGN,
                campaign=campaign,
                task=stage.tasks(count),
            ),
        ]
    )
