"""An account has only recently been registered.

Assumption: accounts made for an order are used soon; an old account has cost its owner years
(S1-07). Mostly evidence against: being new is held and scored again, not excluded (T17).

Known false positives: every honest newcomer, which is why the weight is the smallest of all
account signals; aged accounts are also for sale.

Cost: one time kept per account.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_DAY_S = 86_400.0


def measure(likes: Likes) -> F64:
    """Return seconds since the account was registered; NaN where nothing tells."""
    return known(likes["account_age_days"]) * _DAY_S


DETECTOR = Detector(
    code="ACC007",
    name="young_account",
    family=Family.ACCOUNT,
    reads=("account_age_days",),
    measure=measure,
    edges=tuple(days * _DAY_S for days in (0.04, 0.2, 1, 3, 7, 20, 60, 180, 500)),
    suspicious="low",
    weight_max=0.4,
    clears_max=0.6,
    unit="seconds",
    timed=True,
    reason="this account is {value} old",
    reason_zh="该账号注册至今 {value}",
)
