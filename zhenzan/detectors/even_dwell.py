"""An account looks at everything for the same time.

Assumption: a glance takes a second and a film an hour; a script waits for a set time on each page
(S1-12, S3-12).

Known false positives: people who watch one kind of short video to the end, clients that report
dwell in steps.

Cost: a few numbers per account.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_SPREAD_MAX = 6.0  # a factor of 400; the exponential of more says nothing new


def measure(likes: Likes) -> F64:
    """Return the factor by which successive dwell times of the account differ on average."""
    return np.exp(np.minimum(known(likes["dwell_spread"]), _SPREAD_MAX))


DETECTOR = Detector(
    code="BEH019",
    name="even_dwell",
    family=Family.BEHAVIOUR,
    reads=("dwell_spread",),
    measure=measure,
    edges=(1.1, 1.2, 1.32, 1.45, 1.6, 1.8, 2.1, 2.5, 3, 4),
    suspicious="low",
    weight_max=2.5,
    clears_max=0.4,
    unit="ratio",
    reason="successive views of this account differ in length by a factor of {value}",
    reason_zh="该账号相邻两次浏览的时长平均相差 {value} 倍",
)
