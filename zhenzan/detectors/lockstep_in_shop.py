"""An account again meets the same accounts on the items of one shop, within minutes.

Assumption: strangers who meet on several items of a shop, and nowhere else, were sent there
(S2-04); but so are fans by the bell of a new post, which is why this weighs little.

Known false positives: fan clubs that gather when their artist posts, viewers of one live room,
loyal customers of a shop with few items a day. It never excludes without evidence of another kind.

Cost: as ``lockstep_follow``.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Count the accounts within 10 min before that were met earlier, in this shop alone."""
    return known(likes["partners_in_shop"])


DETECTOR = Detector(
    code="GRP007",
    name="lockstep_in_shop",
    family=Family.GROUP,
    reads=("partners_in_shop",),
    measure=measure,
    edges=(1, 2, 3, 5, 8, 13, 20),
    weight_max=1.0,
    clears_max=0.1,
    timed=True,
    reason="{value} accounts liked this item within 10 min before, as they had in this shop alone",
    reason_zh="{value} 个账号在此前 10 分钟内给该条目点赞，且此前仅在该店铺如此同步",
)
