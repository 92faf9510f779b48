"""Earlier likers of the item were registered on the same day as this account.

Assumption: an audience has joined over years; a stock of accounts was made in a few days, rested,
and still works side by side (S0-04, S3-12). Accounts of the last 7 d are left out, for newcomers
arrive together without a fault of theirs (T17).

Known false positives: platforms that opened, or ran one large drive for members, on that day;
tables that hold a date of import in place of the date of registration.

Cost: the last 32 likers of an item.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Count the item's last 32 likers registered within a day of the account, 7 d back."""
    return known(likes["born_together"])


DETECTOR = Detector(
    code="ACC009",
    name="born_together",
    family=Family.ACCOUNT,
    reads=("born_together",),
    measure=measure,
    edges=(1, 2, 3, 4, 6, 9, 14, 20),
    weight_max=3.0,
    clears_max=0.2,
    reason="{value} recent likers of this item were registered within 1 d of this account",
    reason_zh="该条目最近的点赞者中有 {value} 个账号与该账号在 1 天之内先后注册",
)
