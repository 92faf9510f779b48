"""An account likes many items within minutes.

Assumption: a script or a task list is worked off in one go (S1-11, S2-08, S4-44).

Known false positives: someone who goes through a friend's album; likes queued while offline and
sent at once.

Cost: one count per account, 10 min kept.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Count the account's likes within 10 min."""
    return known(likes["account_likes_10m"])


DETECTOR = Detector(
    code="BEH007",
    name="like_burst",
    family=Family.BEHAVIOUR,
    reads=("account_likes_10m",),
    measure=measure,
    edges=(2, 3, 5, 8, 13, 20, 35, 60, 120),
    weight_max=1.8,
    clears_max=0.2,
    timed=True,
    reason="{value} likes by this account in 10 min",
    reason_zh="该账号 10 分钟内点赞 {value} 次",
)
