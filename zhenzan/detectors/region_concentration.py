"""An item's likes of the day come from one region.

Assumption: a platform's audience is spread as its users are; a farm sits in one place (S0-15,
S2-13). What is usual is learned by category, since food and services are local.

Known false positives: local shops and news, a campus, a regional holiday. Where somebody lives is
never a reason alone (S2-23, T18), hence the smallest weight of all network signals.

Cost: the last 32 likers of an item; says nothing without a table that names regions.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Return the share of the most frequent region among the item's last likers of 24 h."""
    return known(likes["region_top_share"])


DETECTOR = Detector(
    code="NET012",
    name="region_concentration",
    family=Family.NETWORK,
    reads=("region_top_share",),
    measure=measure,
    edges=(0.12, 0.2, 0.28, 0.36, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95),
    segment="category",
    weight_max=0.5,
    clears_max=0.1,
    unit="share",
    reason="{value} of this item's latest likes in 24 h come from one region",
    reason_zh="该条目 24 小时内最近的点赞有 {value} 来自同一地区",
)
