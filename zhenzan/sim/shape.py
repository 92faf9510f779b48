"""The shape of a platform: what it sells or shows, how people move on it, and what it logs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from zhenzan.errors import SettingError, nearest
from zhenzan.events.schema import KINDS, Kind

EVERY_KIND: frozenset[Kind] = frozenset(KINDS.values())


@dataclass(frozen=True, slots=True)
class Shape:
    """How one kind of platform differs from the mixed one, for which every factor is 1.

    ``categories`` multiplies a category's share of views. ``like`` and ``swipe`` are log-odds
    added to liking a view and to leaving it within two seconds. ``dwell``, ``follow_up``,
    ``buying`` and ``talking`` are factors on the length of looks, on all that follows a look,
    on carts and purchases, and on comments and shares. ``pause_s`` is the median time between
    two views. ``creators`` is the share of merchants that are accounts themselves, so that
    their ``merchant_id`` is an ``account_id``. ``kinds`` is what the log records.
    """

    name: str
    channels: tuple[float, ...]
    categories: Mapping[str, float] = field(default_factory=dict)
    like: float = 0.0
    swipe: float = 0.0
    dwell: float = 1.0
    follow_up: float = 1.0
    buying: float = 1.0
    talking: float = 1.0
    pause_s: float = 11.0
    session_views: float = 1.0
    all_video: bool = False
    creators: float = 0.0
    kinds: frozenset[Kind] = EVERY_KIND


# Columns: feed, search, shop, live, share link, external video, external post, external chat,
# campaign, api, list, cart page (``zhenzan.sim.world.CHANNELS``).
_MIXED = (0.60, 0.13, 0.09, 0.05, 0.05, 0.025, 0.02, 0.015, 0.0, 0.02, 0.0, 0.0)
_SHOP = (0.30, 0.34, 0.19, 0.04, 0.04, 0.015, 0.02, 0.015, 0.0, 0.015, 0.0, 0.025)
_VIDEO = (0.80, 0.035, 0.02, 0.07, 0.04, 0.01, 0.005, 0.005, 0.0, 0.015, 0.0, 0.0)

SHAPES: dict[str, Shape] = {
    # A place of goods: people search, compare, put in the cart, and like one view in fifteen.
    "shop": Shape(
        "shop", _SHOP,
        categories={"comedy": 0.05, "music": 0.1, "gaming": 0.4, "apparel": 1.4, "household": 1.4},
        like=-0.55, swipe=-0.5, dwell=1.25, follow_up=1.2, buying=1.25, talking=0.6,
        pause_s=16.0,
    ),
    # A stream of short videos: swiping is normal, looks are short, hardly anybody buys.
    "video": Shape(
        "video", _VIDEO,
        categories={"comedy": 4.0, "music": 3.0, "gaming": 2.0, "household": 0.3, "books": 0.3},
        like=-0.75, swipe=0.75, dwell=0.75, follow_up=0.8, buying=0.07, talking=1.3,
        pause_s=7.0, session_views=1.9, all_video=True, creators=0.9,
    ),
    # Nothing but likes, as an export or a foreign log often is.
    "likes_only": Shape(
        "likes_only", _MIXED, creators=0.35,
        kinds=frozenset({Kind.LIKE, Kind.UNLIKE, Kind.REGISTER}),
    ),
    "mixed": Shape("mixed", _MIXED, creators=0.35),
}  # fmt: skip
"""Shapes by name; the standard scenario takes the one at place ``seed % 4`` of this list in the
order likes_only, shop, video, mixed."""

STANDARD_ORDER: tuple[str, ...] = ("likes_only", "shop", "video", "mixed")


def shape(name: str) -> Shape:
    """Find a shape by name.

    Raises
    ------
    SettingError
        A shape of that name does not exist.

    Examples
    --------
    >>> shape("video").all_video
    True
    """
    if name not in SHAPES:
        raise SettingError(f"no shape is named `{name}`", hint=nearest(name, SHAPES))
    return SHAPES[name]
