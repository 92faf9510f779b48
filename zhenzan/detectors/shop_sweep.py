"""An account likes through a shop's items in one day.

Assumption: an order names a shop and the worker likes whatever it shows (S0-05, S2-04).

Known false positives: fans at a launch, staff of the shop, a customer who compares a whole series.

Cost: one count per (account, shop), 24 h kept.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Count the account's likes for the shop within 24 h."""
    return known(likes["account_merchant_likes_24h"])


DETECTOR = Detector(
    code="BEH013",
    name="shop_sweep",
    family=Family.BEHAVIOUR,
    reads=("account_merchant_likes_24h",),
    measure=measure,
    edges=(2, 3, 4, 6, 9, 14, 22, 40),
    weight_max=1.2,
    clears_max=0.1,
    reason="{value} likes by this account for the same shop in 24 h",
    reason_zh="该账号 24 小时内给同一店铺点赞 {value} 次",
)
