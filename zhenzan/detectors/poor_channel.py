"""The likers from this channel never come back.

Assumption: those who are sent to like do nothing else on the item or in the shop (S1-05, S1-10).

Known false positives: channels whose visitors act elsewhere, such as a messenger or a sister app.

Cost: one share per (item, channel), read once.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Return the share of the item's likers from the like's channel who came back."""
    return known(likes["channel_quality"])


DETECTOR = Detector(
    code="CTX004",
    name="poor_channel",
    family=Family.CONTEXT,
    reads=("channel_quality",),
    measure=measure,
    edges=(0.005, 0.015, 0.03, 0.06, 0.1, 0.17, 0.28, 0.42, 0.6),
    suspicious="low",
    segment="category",
    settled=True,
    weight_max=1.8,
    clears_max=0.7,
    unit="share",
    reason="{value} of the likers from this channel later did anything on the item or in the shop",
    reason_zh="来自该渠道的点赞者中 {value} 之后在该条目或店铺有任何行为",
)
