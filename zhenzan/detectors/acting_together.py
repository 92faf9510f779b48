"""The like is one of those by which a group acts together.

Assumption: a group is found by what no chance explains (``groups.null``), and only its members'
likes on its targets count, never their private life (S2-03, S2-22; design.md, rule 9). Groups
that are benign lockstep (a fan club, a sanctioned team) say nothing here.

Known false positives: a circle of friends who like each other's posts, a school class, people
brought by one advertisement; a group alone never excludes.

Cost: one search for groups over the log.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Return what the group says about the like, in nats; 0 without a group."""
    return known(likes["group_nats"])


DETECTOR = Detector(
    code="GRP008",
    name="acting_together",
    family=Family.GROUP,
    reads=("group_nats",),
    measure=measure,
    edges=(0.5, 2, 4, 6, 9, 13, 20, 35),
    settled=True,
    weight_max=4.0,
    clears_max=0.2,
    unit="nats",
    reason="the account and others act together on this item, surprise {value}",
    reason_zh="该账号与其他账号在该条目上协同行动，意外程度为 {value}",
)
