"""Attacks at every level of stealth, sized for the platform into which they are injected.

A preset of the simulator is one point on a scale from crude (0) over medium (1) to stealthy (2);
orders lie anywhere on it, with pool, quantity and window spread around it, so that a model does not
learn presets by heart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from zhenzan.errors import SettingError, nearest
from zhenzan.sim.order import ATTACKS, STEALTH, Knobs, Order

LEVEL_MAX = 2.0
SPREAD = 0.5
"""Standard deviation of the logarithms by which pool, quantity and window are spread."""

NEARBY = 0.25
"""The same around an order of a red team, which is played where it was found and beside it."""

POOL_SHARE = 0.2
"""Most of a platform's accounts that one order may use."""

DEAR: tuple[str, ...] = (
    "devices_per_account", "network", "session", "views", "dwell", "follow_up", "age_days", "life",
)  # fmt: skip
"""Knobs that a seller asks money for; how dear an order is follows from the dearest of them."""

_WHOLE = ("accounts", "items", "likes_per_item", "blocks")
_SHARES = ("span", "views", "follow_up", "comments", "purchases")
_SIZES = ("accounts", "likes_per_item", "window_s")
_FREE = ("likes_per_item", "window_s", "jitter_s")


def names_of(wanted: Sequence[str] | None = None) -> tuple[str, ...]:
    """List the attacks that order likes, or those that are wanted.

    Raises
    ------
    SettingError
        An attack of that name does not exist or orders no likes.
    """
    known = tuple(sorted(name for name, attack in ATTACKS.items() if attack.likes))
    for name in wanted or ():
        if name not in known:
            raise SettingError(f"no attack on likes is named `{name}`", hint=nearest(name, known))
    return tuple(wanted) if wanted else known


def knobs_at(name: str, levels: Mapping[str, float]) -> Knobs:
    """Turn each knob of an attack to a level of stealth; a knob without one is at 0.

    The prices are those of the dearest knob that costs the seller something: what an order asks
    for is never cheaper than the preset that has it.
    """
    presets = [ATTACKS[name].presets[word] for word in STEALTH]
    dearest = max(levels.get(knob, 0.0) for knob in DEAR)
    turned: dict[str, Any] = {}
    for field in fields(Knobs):
        level = dearest if field.name.startswith("price") else levels.get(field.name, 0.0)
        turned[field.name] = _between([getattr(p, field.name) for p in presets], level, field.name)
    return Knobs(**turned)


def _between(values: Sequence[Any], level: float, name: str) -> Any:
    """Go along the scale: numbers smoothly, words and switches by the nearest preset."""
    level = min(max(level, 0.0), LEVEL_MAX)
    low = min(int(level), len(values) - 2)
    first, second, part = values[low], values[low + 1], level - low
    if isinstance(first, str | bool):
        return values[round(level)]
    if first > 0 and second > 0:
        value = float(np.exp((1 - part) * np.log(first) + part * np.log(second)))
    else:
        value = (1 - part) * first + part * second
    if name in _SHARES:
        value = min(max(value, 0.0), 1.0)
    return max(1, round(value)) if name in _WHOLE else value


def sized(knobs: Knobs, *, likes: float, accounts: int) -> Knobs:
    """Keep an order within a platform: about so many likes, from at most a part of its accounts."""
    pool = max(10, min(knobs.accounts, int(POOL_SHARE * accounts)))
    quantity = max(5, min(knobs.likes_per_item, pool, int(likes)))
    items = max(1, round(likes / quantity))
    return replace(knobs, accounts=pool, likes_per_item=quantity, items=items)


def draw_orders(
    rng: np.random.Generator,
    *,
    likes: float,
    accounts: int,
    names: Sequence[str],
    found: Sequence[Order] = (),
) -> list[Order]:
    """Draw orders of all attacks, in turn and in drawn order, until they add up to enough likes.

    Parameters
    ----------
    likes
        How many likes to order in all.
    accounts
        How many accounts the platform has.
    names
        The attacks to draw from.
    found
        Orders of a red team. They are placed beside the drawn ones, whole and in the given order,
        until they add up to as many likes again: an order cut to a part of itself is another one.
        Each is turned a little, so that what is learned is a neighbourhood and no point.
    """
    placed = _whole(rng, found, likes=likes, accounts=accounts)
    each = max(likes / max(len(names), 1), 30.0)
    total, turn, sequence = 0, 0, rng.permutation(len(names))
    while total < likes:
        name = names[sequence[turn % len(names)]]
        order = draw_order(rng, name, likes=each, accounts=accounts)
        placed.append(order)
        total += quantity_of(order)
        turn += 1
    return placed


def _whole(
    rng: np.random.Generator, found: Sequence[Order], *, likes: float, accounts: int
) -> list[Order]:
    placed: list[Order] = []
    for order in found:
        if sum(quantity_of(one) for one in placed) >= likes:
            break
        turned = nearby(rng, order)
        knobs = sized(turned.knobs, likes=quantity_of(turned), accounts=accounts)
        placed.append(replace(turned, knobs=knobs))
    return placed


def nearby(rng: np.random.Generator, order: Order) -> Order:
    """Turn what costs the seller nothing, quantity, window and blur, a little around an order."""
    knobs = order.knobs
    turn = {name: float(rng.lognormal(0.0, NEARBY)) for name in _FREE}
    return replace(
        order,
        knobs=replace(
            knobs,
            likes_per_item=max(5, round(knobs.likes_per_item * turn["likes_per_item"])),
            window_s=knobs.window_s * turn["window_s"],
            jitter_s=knobs.jitter_s * turn["jitter_s"],
        ),
    )


def draw_order(rng: np.random.Generator, name: str, *, likes: float, accounts: int) -> Order:
    """Draw one order: any level of stealth, and sizes spread around it."""
    level = float(rng.uniform(0.0, LEVEL_MAX))
    knobs = knobs_at(name, {field.name: level for field in fields(Knobs)})
    spread = {size: getattr(knobs, size) * rng.lognormal(0.0, SPREAD) for size in _SIZES}
    knobs = replace(
        knobs,
        accounts=max(10, round(spread["accounts"])),
        likes_per_item=max(5, round(spread["likes_per_item"])),
        window_s=spread["window_s"],
    )
    return Order(name, STEALTH[round(level)], sized(knobs, likes=likes, accounts=accounts))


def quantity_of(order: Order) -> int:
    """Tell about how many likes an order brings."""
    return order.knobs.items * min(order.knobs.likes_per_item, order.knobs.accounts)
