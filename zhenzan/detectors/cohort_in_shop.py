"""The likers of this item so far are those of the account's other items of the same shop.

Assumption: more of one shop's items are liked by the very same people than fans of shops on this
platform usually share (S2-04: one customer orders for all its items).

Known false positives: fan clubs and loyal fans, whose whole sense this is; so the signal weighs
little, and it never excludes without evidence of another kind.

Cost: as ``cohort_so_far``.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_LED_MAX = 0.8  # above it the account is nearly always first: followed, not following


def measure(likes: Likes) -> F64:
    """Return the surprise at the likers shared with the account's other items of the shop."""
    leads = np.asarray(likes["led_share"], dtype=np.float64) > _LED_MAX
    nats = known(likes["reappearing_in_shop"])
    return np.where(leads, 0.0 * nats, nats)


DETECTOR = Detector(
    code="GRP006",
    name="cohort_in_shop",
    family=Family.GROUP,
    reads=("reappearing_in_shop", "led_share"),
    measure=measure,
    edges=(0.5, 1.5, 2.5, 4, 6, 9, 14, 22, 35),
    weight_max=1.0,
    clears_max=0.1,
    unit="nats",
    reason="earlier likers of this item liked the same other items of this shop, surprise {value}",
    reason_zh="该条目此前的点赞者也点赞了该店铺的相同条目，意外程度为 {value}",
)
