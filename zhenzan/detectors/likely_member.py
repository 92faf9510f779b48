"""The like is one by which the account would belong to a group, proven or not.

Assumption: of what may be a group, some is too small to be proven against all searches; its
likeliest members rank high all the same (S2-03, S2-22, and ``groups.answer``). Candidates that
look like benign lockstep say little: their kind is part of the odds.

Known false positives: people with one narrow taste, a feed that shows the same items to the same
people, a circle of friends; it weighs less than a proven group, and never excludes alone.

Cost: none beyond the search for groups.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Return the odds that the like is a group's, in nats; 0 without a candidate."""
    return known(likes["candidate_nats"])


DETECTOR = Detector(
    code="GRP012",
    name="likely_member",
    family=Family.GROUP,
    reads=("candidate_nats",),
    measure=measure,
    edges=(0.3, 0.7, 1.2, 2, 3, 4.5, 6.5, 9, 13),
    settled=True,
    weight_max=4.0,
    clears_max=0.4,
    unit="nats",
    reason="accounts that liked this item also liked the account's other items, surprise {value}",
    reason_zh="点赞该条目的账号也点赞了该账号点赞的其他条目，意外程度为 {value}",
)
