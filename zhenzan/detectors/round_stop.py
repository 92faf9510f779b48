"""An item's likes grow to order and stop at a round number.

Assumption: orders are sold in hundreds and thousands and end when delivered (S2-04, S2-05).

Known false positives: a post that loses the feed's favour near a round number; a campaign with a
round quota.

Cost: the item's hourly likes, read once.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Return 1 if order-shaped growth stopped close to a round number, else 0."""
    return known(likes["round_stop"])


DETECTOR = Detector(
    code="TGT006",
    name="round_stop",
    family=Family.TARGET,
    reads=("round_stop",),
    measure=measure,
    edges=(0.5,),
    settled=True,
    weight_max=1.2,
    clears_max=0.1,
    unit="flag",
    timed=True,
    reason="this item's likes grew steadily and stopped close to a round number",
    reason_zh="该条目的点赞匀速增长后停在接近整数的位置",
)
