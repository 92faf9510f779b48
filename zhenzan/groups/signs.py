"""The signs that candidate groups show, from what they did; which kind that makes is another page.

`zhenzan.groups.typology` weighs them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhenzan.groups.exchange import count_exchanges
from zhenzan.groups.null import chernoff_nats
from zhenzan.groups.place import drop_lives, find_elsewhere, keep_lives
from zhenzan.groups.relations import Relations
from zhenzan.groups.trait import (
    SHARED_LIFT_MIN,
    SHARED_MEMBERS_MIN,
    SHARED_NATS,
    find_traits,
    is_known,
)

OWNER_SHARE = (0.5, 0.9)
"""A group serves one merchant not at all up to the first share of its likes, fully from the
second."""

MINUTES_S = 1_800.0
LIVELY_MIN = 0.5
"""Members like other things as well where half of them do: one heavy user is no life of others."""

CONCENTRATED_NATS = 1.0
"""Below this the likes of a target are spread over its life, and nobody comes first."""

HUNDREDS = (150.0, 500.0)
"""A chat group holds up to 500 people (WeChat's limit), and most hold far fewer; a hired crowd of
more is ordinary."""

SECONDS_S = 60.0
"""Half of the members within a minute of each other, on target after target."""

A_DOZEN = (9.0, 20.0)
"""A circle of friends has about a dozen people, and hardly ever twenty; a chat group that trades
likes has more, since each member gets no more likes than there are others."""

WITH_OTHERS = (0.25, 0.45)
"""Of the likes of others, half lie in the middle half of the members' likes where both come at the
same times, whatever the item's life is like; where an order has a window of its own, few do."""

PLACES = ("device", "block")
ELSEWHERE = (0.15, 0.5)
"""Share of the work that comes from devices or blocks where the members are not seen otherwise,
beyond what is usual. Fans and friends of the simulator stay below 0.15; those of another platform
were measured at 0.5 to 0.95, so that the sign speaks softly against them (`typology`)."""

AUTHORS_TOLD_MIN = 0.5
"""Share of the likes on targets whose author must be known to say that nothing goes both ways."""

OTHERS_MIN = 20
ROTATES_COHESION_MAX = 0.3
FIXED_ORDER_MIN = 0.8


def find_signs(
    relations: Relations, likes: pa.Table, looks: pa.Table, proven: NDArray[np.bool_],
    pools: NDArray[np.int64],
) -> list[dict[str, float | None]]:  # fmt: skip
    """Tell how far each candidate shows each sign of `typology.SIGNS`; None where it is unknown.

    Parameters
    ----------
    looks
        What each candidate did, from `judge.judge_groups`.
    proven
        Whether chance is excluded for the candidate.
    pools
        The supplier of each candidate, -1 alone.
    """
    places = [key for key in PLACES if is_known(likes, key)]
    for key in places:
        keep_lives(relations, key)
    traits = find_traits(relations, likes)
    elsewhere = [find_elsewhere(relations, key) for key in places]
    for key in places:
        drop_lives(relations, key)
    exchanges = {row["g"]: row for row in count_exchanges(relations)}
    signs: list[dict[str, float | None]] = []
    grain_us = _grain_us(likes["ts"].to_numpy())
    timed = grain_us > 0
    for look, whole, pool in zip(looks.to_pylist(), proven, pools, strict=True):
        told = look["merchants"] > 0
        sign: dict[str, float | None] = {
            "one_owner": _degree(look["owner_share"], *OWNER_SHARE) if told else None,
            "tails_off": look["decay_nats"] > 0 if timed and look["decay_likes"] > 0 else None,
            "from_birth": look["from_birth"]
            if timed and look["time_nats"] >= CONCENTRATED_NATS
            else None,
            "minutes": _within(look, MINUTES_S, grain_us),
            "own_life": look["lively"] >= LIVELY_MIN,
            "rotates": look["likes"] / look["size"] / look["items"] < ROTATES_COHESION_MAX,
            "fixed_order": _fixed_order(look),
            "linked": bool(pool >= 0),
            "hundreds": _degree(look["size"], *HUNDREDS),
            "seconds": _within(look, SECONDS_S, grain_us),
            # What chance may explain need not be whole: a few of many look like a few friends.
            "a_dozen": 1 - _degree(look["size"], *A_DOZEN) if whole else None,
            "with_others": _degree(look["inside"], *WITH_OTHERS)
            if timed and look["others"] >= OTHERS_MIN
            else None,
        }
        away = [shares[look["g"]] for shares in elsewhere if look["g"] in shares]
        sign["elsewhere"] = _degree(max(away), *ELSEWHERE) if away else None
        sign["reciprocal"] = _reciprocal(exchanges[look["g"]])
        sign |= {name: None if g is None else look["g"] in g for name, g in traits.items()}
        signs.append(sign)
    return signs


def _reciprocal(row: dict[str, float]) -> bool | None:
    """Tell whether members like each other's items; unknown where nobody says who made them."""
    if row["told"] < AUTHORS_TOLD_MIN:
        return None
    surprise = chernoff_nats(np.array(row["inside"]), np.array(row["expected"]))
    return bool(
        row["traders"] >= SHARED_MEMBERS_MIN * row["size"]
        and row["inside"] > SHARED_LIFT_MIN * row["expected"]
        and surprise >= SHARED_NATS
    )


def _grain_us(ts: NDArray[np.int64]) -> int:
    """Measure how finely the log tells time; 0 where all likes share one time."""
    return int(np.gcd.reduce(ts - ts.min())) if len(ts) else 0


def _within(look: dict[str, Any], limit_s: float, grain_us: int) -> bool | None:
    """Tell whether likes of a target lie this close; unknown where the log tells time coarser."""
    return look["width_s"] <= limit_s if 0 < grain_us <= limit_s * 1e6 else None


def _fixed_order(look: dict[str, Any]) -> bool | None:
    """Tell whether members keep one order; unknown where each came once and liked everything."""
    once = look["visit_s"] is not None and look["visit_s"] < look["width_s"]
    return None if once else look["order_asymmetry"] >= FIXED_ORDER_MIN


def _degree(share: float, none: float, full: float) -> float:
    return min(max((share - none) / (full - none), 0.0), 1.0)
