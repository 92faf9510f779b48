"""An account likes like a clock.

Assumption: gaps between a person's likes vary by large factors, those of a script do not, even
with some noise added (S1-12, S3-12).

Known false positives: people who go down a list at an even pace; clients that send likes in
batches.

Cost: three numbers kept per account.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_SPREAD_MAX = 20.0  # far above any real spread; keeps the factor finite


def measure(likes: Likes) -> F64:
    """Return the factor by which successive gaps between the account's likes differ on average."""
    spread = known(likes["rhythm_spread"])
    return np.exp(np.minimum(spread, _SPREAD_MAX))


DETECTOR = Detector(
    code="BEH005",
    name="mechanical_timing",
    family=Family.BEHAVIOUR,
    reads=("rhythm_spread",),
    measure=measure,
    edges=(1.05, 1.1, 1.2, 1.4, 1.65, 2, 2.5, 3.5, 5, 9),
    suspicious="low",
    weight_max=3.0,
    clears_max=0.5,
    unit="ratio",
    timed=True,
    reason="successive gaps between this account's likes differ by a factor of {value}",
    reason_zh="该账号相邻两次点赞的间隔平均相差 {value} 倍",
)
