"""An account and its partners like item after item together, before or after.

Assumption: seen from the end, all members of a lockstep group show, the first ones too (S2-03,
S2-22); pairs in which the account nearly always led do not count.

Known false positives: fan clubs, households, teams in an official campaign, which is counted
apart.

Cost: one pass over the likes of each item with the pair counters of the log.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_LED_MAX = 0.8  # above it the account is nearly always first: followed, not following


def measure(likes: Likes) -> F64:
    """Count the partners within 10 min before or after the like; 0 for a leader."""
    partners = known(likes["review_partners"])
    leads = np.asarray(likes["review_led_share"], dtype=np.float64) > _LED_MAX
    return np.where(leads, 0.0 * partners, partners)


DETECTOR = Detector(
    code="GRP002",
    name="lockstep_both_ways",
    family=Family.GROUP,
    reads=("review_partners", "review_led_share"),
    measure=measure,
    edges=(1, 2, 3, 5, 8, 13, 20, 32),
    settled=True,
    weight_max=4.5,
    clears_max=0.4,
    timed=True,
    reason="{value} accounts liked this item within 10 min of it, as they did on other items",
    reason_zh="{value} 个账号与该点赞相隔不到 10 分钟，且在其他条目上也如此同步",
)
