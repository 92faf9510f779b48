"""An account likes an item that it has not viewed.

Assumption: interest begins with looking; an order is worked off from a list of links or through
the interface (S0-13, S2-14). Silent where nobody views anything of the shop, because such a log
carries no views.

Known false positives: likes from a feed card or a notification that logs no view, a view more than
a day before, views lost by the client.

Cost: one count per (account, item) and two per item and shop, 24 h kept.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Count the account's views of the item within 24 h."""
    own = known(likes["account_item_views_24h"])
    views = np.fmax(known(likes["item_views_24h"]), known(likes["merchant_views_24h"]))
    return np.where(views > 0, own, np.nan)


DETECTOR = Detector(
    code="BEH001",
    name="like_without_view",
    family=Family.BEHAVIOUR,
    reads=("account_item_views_24h", "item_views_24h", "merchant_views_24h"),
    measure=measure,
    edges=(1, 2, 3, 5),
    suspicious="low",
    segment="category",
    weight_max=2.5,
    clears_max=0.8,
    reason="{value} views of this item by this account in 24 h",
    reason_zh="该账号 24 小时内浏览该条目 {value} 次",
)
