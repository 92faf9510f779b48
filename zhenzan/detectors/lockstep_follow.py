"""An account again follows the same accounts to the same item.

Assumption: strangers meet on one item by chance, not on item after item within minutes (S2-22,
S3-11). Who acts first is a victim, not a member: an account that nearly always led is 0
(design.md, rule 10).

Known false positives: fan clubs that gather when their artist posts, households, heavy users of
one feed.

Cost: a ring of 32 likers per item and one counter per repeated pair.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_LED_MAX = 0.8  # above it the account is nearly always first: followed, not following


def measure(likes: Likes) -> F64:
    """Count the partners that liked the item within 10 min before, again; 0 for a leader."""
    partners = known(likes["partners"])
    leads = np.asarray(likes["led_share"], dtype=np.float64) > _LED_MAX
    return np.where(leads, 0.0 * partners, partners)


DETECTOR = Detector(
    code="GRP001",
    name="lockstep_follow",
    family=Family.GROUP,
    reads=("partners", "led_share"),
    measure=measure,
    edges=(1, 2, 3, 4, 6, 9, 14, 22),
    weight_max=4.5,
    clears_max=0.3,
    timed=True,
    reason="{value} accounts liked this item within 10 min before, as they had done on other items",
    reason_zh="{value} 个账号在此前 10 分钟内给该条目点赞，且此前已在其他条目上如此同步",
)
