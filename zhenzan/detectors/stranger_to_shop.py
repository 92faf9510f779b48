"""An account has never looked at the shop before.

Assumption: interest in an item mostly comes with a look around; a task ends at the item (S0-13,
S1-05). Known visitors are cleared more than strangers are charged.

Known false positives: every first visit from search or feed.

Cost: one count per (account, shop) and one per shop, 7 d kept.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Count the account's views in the shop within 7 d; NaN where nobody views anything there."""
    own = known(likes["account_merchant_views_7d"])
    carried = np.fmax(known(likes["item_views_24h"]), known(likes["merchant_views_24h"])) > 0
    return np.where(carried, own, np.nan)


DETECTOR = Detector(
    code="CTX006",
    name="stranger_to_shop",
    family=Family.CONTEXT,
    reads=("account_merchant_views_7d", "item_views_24h", "merchant_views_24h"),
    measure=measure,
    edges=(1, 2, 3, 5, 8, 13, 21),
    suspicious="low",
    weight_max=1.0,
    clears_max=1.0,
    reason="{value} views by this account in this shop in 7 d",
    reason_zh="该账号 7 天内浏览该店铺 {value} 次",
)
