"""An account slept for long and woke to like.

Assumption: stocks of old or stolen accounts rest until an order comes in (S3-12).

Known false positives: holidays, illness, seasonal shoppers who come back for a sale, people who
were invited back by the platform.

Cost: three numbers kept per account.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_DAY_S = 86_400.0


def measure(likes: Likes) -> F64:
    """Return seconds of the sleep from which the account woke within 24 h, 0 without one."""
    return known(likes["wake_gap_days"]) * _DAY_S


DETECTOR = Detector(
    code="ACC005",
    name="dormant_then_active",
    family=Family.ACCOUNT,
    reads=("wake_gap_days",),
    measure=measure,
    edges=tuple(days * _DAY_S for days in (3, 5, 8, 14, 25, 45, 90, 180)),
    weight_max=1.6,
    clears_max=0.15,
    unit="seconds",
    timed=True,
    reason="this account had been inactive for {value} until the last 24 h",
    reason_zh="该账号在最近 24 小时之前曾沉寂 {value}",
)
