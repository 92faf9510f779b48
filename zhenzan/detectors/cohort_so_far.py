"""The likers of this item so far are those of the account's other items.

Assumption: a vendor sends the same workers to customer after customer (S2-03, S2-22); audiences
of unrelated shops overlap as much as their popularity and categories explain. No window, so a
drip over days shows as well, and it shows while the order still runs. An account that nearly
always came first is 0 (design.md, rule 10).

Known false positives: a niche with few people and many shops, a feed that shows the same items to
the same people, fan clubs where the log names no owner of an item.

Cost: the last 24 items of each account and one counter per repeated pair of items.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_LED_MAX = 0.8  # above it the account is nearly always first: followed, not following


def measure(likes: Likes) -> F64:
    """Return the surprise at the likers shared by this item and the account's others, so far."""
    leads = np.asarray(likes["led_share"], dtype=np.float64) > _LED_MAX
    nats = known(likes["reappearing"])
    return np.where(leads, 0.0 * nats, nats)


DETECTOR = Detector(
    code="GRP005",
    name="cohort_so_far",
    family=Family.GROUP,
    reads=("reappearing", "led_share"),
    measure=measure,
    edges=(0.5, 1.5, 2.5, 4, 6, 9, 14, 22, 35),
    weight_max=4.5,
    clears_max=0.3,
    unit="nats",
    reason="earlier likers of this item also liked the account's other items, surprise {value}",
    reason_zh="该条目此前的点赞者也点赞了该账号点赞过的其他条目，意外程度为 {value}",
)
