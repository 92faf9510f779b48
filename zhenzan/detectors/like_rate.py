"""An account likes more in one hour than people do.

Assumption: liking takes a person's attention; a script or a worker on piece rate has no such limit
(S2-08, S3-25).

Known false positives: a person who catches up on a feed after days away, collectors who like whole
albums, clients that send queued likes after an outage.

Cost: one count per account, 1 h kept.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Count the account's likes within 1 h."""
    return known(likes["account_likes_1h"])


DETECTOR = Detector(
    code="ACC001",
    name="like_rate",
    family=Family.ACCOUNT,
    reads=("account_likes_1h",),
    measure=measure,
    edges=(2, 3, 5, 8, 13, 21, 34, 60, 120, 240),
    weight_max=1.8,
    clears_max=0.3,
    timed=True,
    reason="{value} likes by this account in 1 h",
    reason_zh="该账号 1 小时内点赞 {value} 次",
)
