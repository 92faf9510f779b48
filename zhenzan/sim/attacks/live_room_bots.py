"""Live-room bots: accounts enter a live room and like on the clock or on the host's word."""

from __future__ import annotations

import numpy as np

from zhenzan.clock import HOUR_US, MINUTE_US, SECOND_US
from zhenzan.sim import crew, errand
from zhenzan.sim.order import Knobs, attack
from zhenzan.sim.rows import F64, I32, Rows
from zhenzan.sim.stage import Room, Stage
from zhenzan.sim.world import LIVE

PRESETS = {
    "crude": Knobs(
        accounts=200, items=3, likes_per_item=150, window_s=1_200, jitter_s=0.3,
        devices_per_account=0.2, network="farm", blocks=3, session="bare", views=0.1, age_days=3,
        waking=False, price_per_like=0.01, price_per_account=0.2,
    ),
    "medium": Knobs(
        accounts=260, items=3, likes_per_item=150, window_s=3_600, jitter_s=15.0,
        network="carrier", views=0.88, dwell=0.65, follow_up=0.2, age_days=40, waking=False,
        price_per_like=0.03, price_per_account=2.0,
    ),
    "stealthy": Knobs(
        accounts=220, items=3, likes_per_item=150, window_s=7_200, jitter_s=40.0, camouflage=0.6,
        network="home", views=0.94, dwell=1.0, follow_up=0.7, age_days=200, life=0.15,
        price_per_like=0.08, price_per_account=6.0,
    ),
}  # fmt: skip

CALLS = 5
"""How often a host asks the room to like."""


@attack("live_room_bots", row="S3-19", presets=PRESETS)
def play(stage: Stage, knobs: Knobs) -> Rows:
    """Like in evenly timed turns (crude), in waves, or in the rhythm of the host's calls."""
    bots = crew.recruit(stage, knobs)
    group = stage.group()
    parts = [_room(stage, knobs, bots, room) for room in _rooms(stage, knobs)]
    work = crew.Work(
        np.concatenate([part.account for part in parts]),
        np.concatenate([part.item for part in parts]),
        np.concatenate([part.ts for part in parts]),
    )
    born = stage.population.created_us[work.account]
    work = work.take(work.ts > born + MINUTE_US)
    rows = [
        errand.deliver(stage, knobs, work, group=group, channel=LIVE, exact=True),
        errand.camouflage(stage, knobs, bots, work, group=group),
    ]
    if knobs.life > 0:
        rows.append(errand.ordinary_life(stage, knobs, bots, group=group))
    return Rows.join(rows)


def _rooms(stage: Stage, knobs: Knobs) -> list[Room]:
    """Take rooms that are held; where too few are, let ordinary items be shown live."""
    rng, world = stage.rng, stage.world
    span = min(int(knobs.window_s * SECOND_US), world.length_us // 2)
    held = [room for room in stage.rooms if room.end_us < world.end_us]
    rooms = [held[place] for place in rng.permutation(len(held))[: knobs.items].tolist()]
    more = crew.targets(stage, knobs.items).tolist()
    for item in more[: knobs.items - len(rooms)]:
        start = int(stage.waking_times(1, world.start_us + HOUR_US // 4, world.end_us - span)[0])
        rooms.append(Room(item, start, start + span))
    return rooms


def _room(stage: Stage, knobs: Knobs, bots: I32, room: Room) -> crew.Work:
    """Time the likes of one room."""
    rng = stage.rng
    workers = stage.choose(bots, knobs.likes_per_item)
    count = len(workers)
    length_s = min(knobs.window_s, (room.end_us - room.start_us) / SECOND_US)
    if knobs.session == "bare":
        share: F64 = np.arange(count) / count
    else:
        # The careful ones come at all times and follow the calls, the others come in waves.
        calls = (rng.permutation(CALLS) + 0.5) / CALLS
        share = calls[rng.integers(0, CALLS, count)] + rng.exponential(0.02, count)
        free = rng.random(count) < (0.5 if knobs.life > 0 else 0.1)
        share = np.where(free, rng.random(count), share)
    ts = room.start_us + (share * length_s * SECOND_US).astype(np.int64)
    ts += (rng.exponential(knobs.jitter_s, count) * SECOND_US).astype(np.int64)
    return crew.Work(workers, np.full(count, room.item, dtype=np.int32), ts)
