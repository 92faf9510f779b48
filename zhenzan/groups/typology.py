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
    "one_owner": "nearly all likes go to one merchant",
    "tails_off": "likes of a target tail off from the first one instead of filling a window",
    "from_birth": "members come when the target appears",
    "minutes": "likes of a target lie within minutes",
    "own_life": "members like other things as well",
    "rotates": "only a small part of the members takes part each time",
    "fixed_order": "members act in one fixed order",
    "device": "members share devices",
    "block": "one address block holds a large part of the members",
    "batch": "members registered together",
    "channel": "likes come through one channel that is rare otherwise",
    "campaign": "likes lie inside the official channel",
    "reciprocal": "members like what other members made, both ways",
    "linked": "members serve other groups as well",
    "hundreds": "more members than one chat of people who know each other holds",
    "with_others": "members come when everybody else comes to the target",
    "seconds": "likes of a target lie within one minute",
    "elsewhere": "members work from where they are not seen otherwise",
    "a_dozen": "no more members than a circle of friends has",
}
"""What is looked at, and what it means when it is there."""

_PRIOR: dict[str, float] = {
    "scripted_farm": 0.15, "paid_crowd": 0.15, "mutual_help_ring": 0.08, "nurtured_farm": 0.12,
    "cross_platform_drive": 0.05, "reseller_pool": 0.08, "fan_club": 0.25, "page_network": 0.05,
    "dormitory": 0.07, "sanctioned_team": 0.03, "shared_taste": 0.10,
    "friends": 0.06,
}  # fmt: skip

_PERCENT: dict[str, str] = {
    # In the order of SIGNS:  owner tails birth minutes life rotates order
    #                         device block batch channel campaign reciprocal linked hundreds with
    #                         seconds elsewhere dozen
    "scripted_farm":        "35 30 30 85 15 10 30 50 50 50 30 15 02 30 15 02 40 25 10",
    "paid_crowd":           "30 25 30 50 90 30 0.3 05 10 05 30 02 05 30 20 10 10 15 05",
    "mutual_help_ring":     "05 40 35 40 80 20 0.3 05 05 05 40 05 90 10 02 25 05 10 15",
    "nurtured_farm":        "30 10 30 05 80 30 05 30 30 40 20 02 02 30 15 20 10 25 15",
    "cross_platform_drive": "80 50 30 30 60 50 0.3 03 05 05 95 02 02 10 15 15 05 15 05",
    "reseller_pool":        "05 20 30 30 70 70 02 10 15 10 30 02 02 95 40 15 20 20 05",
    "fan_club":             "99 85 85 03 80 10 0.3 10 05 02 25 05 02 03 15 60 0.5 20 10",
    "page_network":         "03 60 85 60 97 80 0.3 01 02 02 10 02 60 20 02 40 20 15 25",
    "dormitory":            "10 60 30 40 97 50 0.3 05 98 20 40 05 05 05 02 40 02 03 12",
    "sanctioned_team":      "50 50 50 30 90 20 0.3 02 15 02 50 98 30 10 01 40 02 10 40",
    "friends":              "05 75 60 02 65 20 0.3 03 20 05 20 02 90 05 01 30 01 20 95",
    "shared_taste":         "03 85 90 02 97 90 0.3 01 03 02 10 02 02 20 40 99 0.5 03 10",
}  # fmt: skip
"""Of a hundred groups of a kind, how many show each sign. Residents pass links round in one chat,
so a dormitory's likes often come through one channel and within minutes, as do those of pages that
pass a post on; clubs and teams of one place share a block. People of one taste know nothing of each
other: they find the same things when everybody finds them. Friends are few, and what each of them
makes or recommends is seen by the others in their own time, so that likes go both ways among them
as they do in a ring, and tell neither from the other; but friends come when something appears, and
a ring works on an item when it is its turn. Pages of one network push each other's posts as well.
Nobody comes within a minute, target after target, but scripts and networks of pages; a ring that
trades likes wants more than a dozen members. A circle of friends, or a club, may like little else
than its own things, from wherever its people are; a shop's regulars come at any time and share the
devices of a household; and a club calls its members in a chat of its own.
"""

UNKNOWN_OWNER_CONFIDENCE_MAX = 0.45
"""Where nobody knows who owns the targets, a club of one owner's fans cannot be told from a crowd
that was hired: no kind is then more likely than not."""


def name_kinds(signs: Sequence[Mapping[str, float | None]]) -> list[tuple[str, float, float]]:
    """Name the kind of each group: the most probable one, its probability, and that of benign.

    Parameters
    ----------
    signs
        One mapping a group from the names of `SIGNS` to how far it is there, 0 (or False) to 1
        (or True); None if unknown.

    Examples
    --------
    >>> fans = {"one_owner": True, "tails_off": True, "from_birth": True, "own_life": True}
    >>> name_kinds([fans])[0][0]
    'fan_club'
    """
    chance = np.array([_PERCENT[kind].split() for kind in KINDS]).astype(float) / 100
    prior = np.log(np.array([_PRIOR[kind] for kind in KINDS]))
    benign = np.array([kind in BENIGN_KINDS for kind in KINDS])
    named = []
    for group in signs:
        odds = prior.copy()
        for column, sign in enumerate(SIGNS):
            there = group.get(sign)
            if there is not None:
                odds += there * np.log(chance[:, column])
                odds += (1 - there) * np.log(1 - chance[:, column])
        part = np.exp(odds - odds.max())
        part /= part.sum()
        # The side is settled first: three kinds of farm must not lose to one kind of club.
        side = benign if part[benign].sum() > 0.5 else ~benign
        best = int(np.argmax(np.where(side, part, -1.0)))
        most = 1.0 if group.get("one_owner") is not None else UNKNOWN_OWNER_CONFIDENCE_MAX
        named.append((KINDS[best], min(float(part[best]), most), float(part[benign].sum())))
    return named
