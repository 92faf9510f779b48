"""What kind of group it is: the one place that names kinds, with a confidence.

Each kind says how often a group of that kind shows each sign. The probabilities are judgements
stated in one table (rows S0-03 to S0-05, S1-17, S3-04 to S3-14, S4-50 of the requirements and
methods.md 1.4), not fitted: real labelled groups are not public. Signs that a log cannot know are
left out, so missing data speaks for no kind (safety rule 3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from zhenzan.groups.schema import BENIGN_KINDS, KINDS

SIGNS: dict[str, str] = {
    "one_owner": "nine of ten likes go to one merchant",
    "tails_off": "likes of a target tail off from the first one instead of filling a window",
    "from_birth": "members come when the target appears",
    "minutes": "likes of a target lie within minutes",
    "own_life": "members like other things as well",
    "rotates": "only a small part of the members takes part each time",
    "device": "members share devices",
    "block": "members share address blocks",
    "batch": "members registered together",
    "channel": "likes come through one channel that is rare otherwise",
    "campaign": "likes lie inside the official channel",
    "reciprocal": "members own what the group likes",
    "linked": "members serve other groups as well",
}
"""What is looked at, and what it means when it is there."""

_PRIOR: dict[str, float] = {
    "scripted_farm": 0.15, "paid_crowd": 0.15, "mutual_help_ring": 0.08, "nurtured_farm": 0.12,
    "cross_platform_drive": 0.05, "reseller_pool": 0.08, "fan_club": 0.25, "page_network": 0.05,
    "dormitory": 0.04, "sanctioned_team": 0.03,
}  # fmt: skip

_CHANCE: dict[str, tuple[float, ...]] = {
    #                        owner tails birth mins  life  rot   dev   block batch chan  camp  recip link
    "scripted_farm":        (0.35, 0.30, 0.30, 0.85, 0.10, 0.10, 0.50, 0.50, 0.50, 0.30, 0.02, 0.02, 0.30),
    "paid_crowd":           (0.30, 0.25, 0.30, 0.50, 0.90, 0.30, 0.05, 0.10, 0.05, 0.30, 0.02, 0.05, 0.30),
    "mutual_help_ring":     (0.05, 0.50, 0.50, 0.40, 0.80, 0.20, 0.05, 0.05, 0.05, 0.40, 0.05, 0.90, 0.10),
    "nurtured_farm":        (0.30, 0.10, 0.30, 0.05, 0.80, 0.30, 0.30, 0.30, 0.40, 0.20, 0.02, 0.02, 0.30),
    "cross_platform_drive": (0.80, 0.50, 0.30, 0.30, 0.60, 0.50, 0.03, 0.05, 0.05, 0.95, 0.02, 0.02, 0.10),
    "reseller_pool":        (0.05, 0.20, 0.30, 0.30, 0.70, 0.70, 0.10, 0.15, 0.10, 0.30, 0.02, 0.02, 0.95),
    "fan_club":             (0.99, 0.97, 0.85, 0.03, 0.97, 0.10, 0.01, 0.02, 0.02, 0.10, 0.05, 0.02, 0.03),
    "page_network":         (0.03, 0.95, 0.90, 0.10, 0.95, 0.30, 0.01, 0.02, 0.02, 0.10, 0.02, 0.20, 0.20),
    "dormitory":            (0.10, 0.60, 0.30, 0.10, 0.97, 0.50, 0.05, 0.98, 0.20, 0.10, 0.05, 0.05, 0.05),
    "sanctioned_team":      (0.50, 0.50, 0.50, 0.30, 0.90, 0.20, 0.02, 0.05, 0.02, 0.50, 0.98, 0.30, 0.10),
}  # fmt: skip


def name_kinds(signs: Sequence[Mapping[str, bool | None]]) -> list[tuple[str, float, float]]:
    """Name the kind of each group: the most probable one, its probability, and that of benign.

    Parameters
    ----------
    signs
        One mapping a group from the names of `SIGNS` to whether it is there; None if unknown.

    Examples
    --------
    >>> fans = {"one_owner": True, "tails_off": True, "from_birth": True, "own_life": True}
    >>> name_kinds([fans])[0][0]
    'fan_club'
    """
    chance = np.array([_CHANCE[kind] for kind in KINDS])
    prior = np.log(np.array([_PRIOR[kind] for kind in KINDS]))
    benign = np.array([kind in BENIGN_KINDS for kind in KINDS])
    named = []
    for group in signs:
        odds = prior.copy()
        for column, sign in enumerate(SIGNS):
            there = group.get(sign)
            if there is not None:
                odds += np.log(chance[:, column] if there else 1 - chance[:, column])
        part = np.exp(odds - odds.max())
        part /= part.sum()
        # The side is settled first: three kinds of farm must not lose to one kind of club.
        side = benign if part[benign].sum() > 0.5 else ~benign
        best = int(np.argmax(np.where(side, part, -1.0)))
        named.append((KINDS[best], float(part[best]), float(part[benign].sum())))
    return named
