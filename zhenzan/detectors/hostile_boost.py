"""One reported item of a quiet shop draws all of its likes.

Assumption: somebody who wants a rival punished buys crude likes for one item and reports it
(S2-20). The likes may go; the shop keeps its standing (T4).

Known false positives: an item that is both a hit and a scandal; small shops with one product
(silent below two liked items).

Cost: two counts per item and two per shop, 24 h kept.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_LIKES_MIN = 30  # a quiet shop's few likes are concentrated anyway
_ITEMS_MIN = 2  # a shop with one liked item has nothing to compare


def measure(likes: Likes) -> F64:
    """Return the item's share of the shop's likes, 1 h against 24 h; 0 without reports."""
    shop = known(likes["merchant_likes_24h"])
    reports = known(likes["item_reports_24h"])
    enough = (shop >= _LIKES_MIN) & (known(likes["merchant_like_items_24h"]) >= _ITEMS_MIN)
    share = known(likes["item_likes_1h"]) / np.maximum(shop, 1.0)
    share = np.where(reports > 0, share, 0.0 * share)
    return np.where(enough & ~np.isnan(reports), share, np.nan)


DETECTOR = Detector(
    code="TGT010",
    name="hostile_boost",
    family=Family.TARGET,
    reads=("merchant_likes_24h", "item_reports_24h", "merchant_like_items_24h", "item_likes_1h"),
    measure=measure,
    edges=(0.03, 0.08, 0.15, 0.25, 0.4, 0.55, 0.7, 0.85),
    weight_max=0.6,
    clears_max=0.1,
    unit="share",
    reason="this hour's likes of a reported item are {value} of the shop's likes in 24 h",
    reason_zh="被举报条目本小时的点赞占该店铺 24 小时点赞的 {value}",
)
