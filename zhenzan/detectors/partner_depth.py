"""The partners of a like share a long history of likes within minutes.

Assumption: coincidences add up only for those who act on one order list (S2-03, S2-22, S3-11). An
account that nearly always led is 0 (design.md, rule 10).

Known false positives: couples and close friends, fan clubs; a single pair counts at most eight.

Cost: one counter per repeated pair.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_LED_MAX = 0.8  # above it the account is nearly always first: followed, not following


def measure(likes: Likes) -> F64:
    """Count earlier coincidences with the partners on this item; 0 for a leader."""
    together = known(likes["partner_likes"])
    leads = np.asarray(likes["led_share"], dtype=np.float64) > _LED_MAX
    return np.where(leads, 0.0 * together, together)


DETECTOR = Detector(
    code="GRP004",
    name="partner_depth",
    family=Family.GROUP,
    reads=("partner_likes", "led_share"),
    measure=measure,
    edges=(1, 2, 4, 7, 12, 20, 35, 60, 120),
    weight_max=3.0,
    clears_max=0.2,
    timed=True,
    reason="{value} earlier likes within 10 min of the same accounts on other items",
    reason_zh="与相同账号此前在其他条目上有 {value} 次相隔不到 10 分钟的点赞",
)
