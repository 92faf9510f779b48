"""Under the item, accounts ask for likes or offer them.

Assumption: a place where likes are traded shows it in the comments (S3-01). Anybody can write
under somebody else's item, so this opens a look and weighs little (T4, S2-20).

Known false positives: items that advertisers flood with such comments, videos about the trade.

Cost: one time per item, and up to 24 accounts for items with such texts.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Count the accounts that ask for likes under the item in 7 d; NaN where nobody writes."""
    return known(likes["solicitors"])


DETECTOR = Detector(
    code="CTX010",
    name="solicited_item",
    family=Family.CONTEXT,
    reads=("solicitors",),
    measure=measure,
    edges=(1, 2, 3, 5, 8, 14, 24),
    weight_max=0.8,
    clears_max=0.1,
    reason="{value} accounts asked for likes or offered them under this item in 7 d",
    reason_zh="7 天内有 {value} 个账号在该条目下求赞或提供点赞",
)
