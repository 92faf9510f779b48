"""An item's likes of the day come from few devices.

Assumption: an audience holds as many devices as accounts; a phone wall holds many accounts per
device (S2-12, S2-13).

Known false positives: a kiosk in the shop, device ids that a privacy setting makes equal.

Cost: one top share per item, 24 h kept.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_LIKES_MIN = 12  # among fewer likes one device is already a large share


def measure(likes: Likes) -> F64:
    """Return the share of the busiest device in the item's likes within 24 h, from 12 on."""
    share = np.asarray(likes["item_like_device_top_share_24h"], dtype=np.float64)
    return np.where(known(likes["item_likes_24h"]) >= _LIKES_MIN, share, np.nan)


DETECTOR = Detector(
    code="NET011",
    name="device_concentration",
    family=Family.NETWORK,
    reads=("item_like_device_top_share_24h", "item_likes_24h"),
    measure=measure,
    edges=(0.03, 0.06, 0.1, 0.15, 0.22, 0.35, 0.55, 0.8),
    weight_max=2.2,
    clears_max=0.3,
    unit="share",
    reason="{value} of this item's likes in 24 h come from one device",
    reason_zh="该条目 24 小时内的点赞有 {value} 来自同一设备",
)
