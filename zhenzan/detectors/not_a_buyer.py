"""An account has bought nothing from the shop.

Assumption: a purchase is the dearest proof of interest, so a buyer's like is cleared; not buying
is normal and charges nearly nothing (S1-08, S1-18).

Known false positives: none on the side of guilt worth naming; brushing orders can buy a clearance,
at a price.

Cost: one count per (account, shop).
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Count the account's purchases from the shop."""
    return known(likes["account_merchant_purchases"])


DETECTOR = Detector(
    code="CTX007",
    name="not_a_buyer",
    family=Family.CONTEXT,
    reads=("account_merchant_purchases",),
    measure=measure,
    edges=(1, 2, 4, 8),
    suspicious="low",
    weight_max=0.1,
    clears_max=2.0,
    reason="{value} purchases by this account from this shop",
    reason_zh="该账号在该店铺购买过 {value} 次",
)
