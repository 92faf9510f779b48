"""The platform that is simulated: its size, its people, its places and its categories."""

from __future__ import annotations

from dataclasses import dataclass

from zhenzan.clock import DAY_US, HOUR_US, duration_us
from zhenzan.errors import SettingError, nearest
from zhenzan.sim.shape import Shape, shape

BLANKABLE: tuple[str, ...] = ("device", "ip", "session", "channel")
"""Columns that a platform may not log at all."""


@dataclass(frozen=True, slots=True)
class World:
    """Everything about the simulated platform that is not an attack or a twin.

    ``shape`` names an entry of ``zhenzan.sim.shape.SHAPES``. ``visits_per_day`` is the mean
    number of sessions of an account, with a heavy tail, and ``views_per_visit`` the mean number
    of views in one. The ``missing_*`` shares fall on sessions, honest and bought alike, so that
    a null says nothing about who made a row; ``missing_view`` loses all views of a session.
    ``old_client_share`` is the share of accounts whose app reports no dwell, ``web_share`` of
    those in a browser. ``blank`` names columns that this platform does not log. ``start_us`` is
    a Monday, 00:00 UTC.
    """

    shape: str = "mixed"

    days: int = 7
    accounts: int = 20_000
    items: int = 4_000
    merchants: int = 700
    visits_per_day: float = 1.0
    views_per_visit: float = 7.0
    newcomer_share: float = 0.04
    list_like_share: float = 0.055
    habitual_liker_share: float = 0.012
    family_share: float = 0.22
    second_device_share: float = 0.17
    office_share: float = 0.16
    dormitory_share: float = 0.05
    vpn_share: float = 0.012
    missing_device: float = 0.03
    missing_ip: float = 0.01
    missing_session: float = 0.025
    missing_view: float = 0.045
    old_client_share: float = 0.09
    web_share: float = 0.08
    blank: tuple[str, ...] = ()
    start_us: int = 1_772_409_600_000_000
    resolution_us: int = 1_000

    def __post_init__(self) -> None:
        """Refuse a world that cannot hold anybody.

        Raises
        ------
        SettingError
            A size below one, a share outside 0 to 1, or an unknown shape or column.
        """
        for name in ("days", "accounts", "items", "merchants", "resolution_us"):
            if getattr(self, name) < 1:
                raise SettingError(f"world setting `{name}` is {getattr(self, name)}", hint="min 1")
        for name in self.__slots__:
            if not name.endswith("_share") and not name.startswith("missing_"):
                continue
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise SettingError(
                    f"world setting `{name}` is {getattr(self, name)}", hint="it must be 0 to 1"
                )
        for name in self.blank:
            if name not in BLANKABLE:
                raise SettingError(f"column `{name}` stays", hint=nearest(name, BLANKABLE))
        shape(self.shape)

    @property
    def form(self) -> Shape:
        """Tell the shape itself."""
        return shape(self.shape)

    @property
    def category_shares(self) -> tuple[float, ...]:
        """Tell the share of views of each category on a platform of this shape."""
        factors = self.form.categories
        shares = [row.share * factors.get(row.name, 1.0) for row in CATEGORIES]
        return tuple(share / sum(shares) for share in shares)

    @property
    def length_us(self) -> int:
        """Tell how long the log is."""
        return self.days * DAY_US

    @property
    def end_us(self) -> int:
        """Tell the first microsecond after the log."""
        return self.start_us + self.length_us

    def at(self, offset: str) -> int:
        """Turn an offset such as ``36h`` into a time inside the log.

        Examples
        --------
        >>> World().at("1h") - World().start_us == 3_600_000_000
        True
        """
        return self.start_us + duration_us(offset)


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the world with its own clock and its own networks (first two address bytes)."""

    name: str
    share: float
    offset_us: int
    homes: tuple[str, ...]
    carriers: tuple[str, ...]
    offices: tuple[str, ...]


# Each prefix belongs to an access provider in the address-to-operator list of 17 June 2026
# (`reference-lists`, sampled every 257 addresses), and none is on its hosting list. The carriers
# of sg and de are fixed-line space there; they stand in for mobile pools.
REGIONS: tuple[Region, ...] = (
    Region("cn-east", 0.30, 8 * HOUR_US, ("114.80", "180.160"), ("39.144", "223.104"), ("58.246",)),
    Region("cn-south", 0.24, 8 * HOUR_US, ("183.0", "113.64"), ("112.96", "117.136"), ("183.6",)),
    Region("cn-north", 0.19, 8 * HOUR_US, ("123.112", "222.128"), ("39.156",), ("61.135",)),
    Region("cn-west", 0.15, 8 * HOUR_US, ("171.208", "171.212"), ("223.87",), ("171.216",)),
    Region("sg", 0.04, 8 * HOUR_US, ("118.200",), ("118.201",), ("118.189",)),
    Region("jp", 0.03, 9 * HOUR_US, ("126.10",), ("1.72",), ("126.70",)),
    Region("us", 0.03, -5 * HOUR_US, ("73.1", "73.10"), ("172.56",), ("73.200",)),
    Region("de", 0.02, 1 * HOUR_US, ("84.128",), ("84.140",), ("84.180",)),
)

CAMPUSES: tuple[str, ...] = ("202.120", "166.111", "59.66")
HOSTING: tuple[str, ...] = ("104.131", "88.198", "51.68", "45.32", "47.88", "52.10", "13.228")
"""Address space of cloud providers, all on the public hosting list: rented machines, and the
honest people behind their VPNs."""


@dataclass(frozen=True, slots=True)
class Category:
    """One category: how many likes a view brings there and what follows.

    ``like`` is the chance per view of an average account; the others are chances per view of
    an interested account before the interest of this one view is known.
    """

    name: str
    share: float
    like: float
    favorite: float
    cart: float
    purchase: float
    comment: float
    price: float
    video: bool


CATEGORIES: tuple[Category, ...] = (
    Category("apparel", 0.16, 0.14, 0.060, 0.050, 0.020, 0.016, 129.0, False),
    Category("beauty", 0.12, 0.17, 0.070, 0.045, 0.024, 0.026, 89.0, True),
    Category("food", 0.12, 0.13, 0.035, 0.060, 0.038, 0.022, 39.0, True),
    Category("household", 0.11, 0.08, 0.045, 0.045, 0.026, 0.010, 59.0, False),
    Category("electronics", 0.09, 0.09, 0.065, 0.040, 0.012, 0.020, 899.0, True),
    Category("toys", 0.07, 0.15, 0.045, 0.035, 0.018, 0.014, 79.0, True),
    Category("sports", 0.07, 0.13, 0.045, 0.032, 0.014, 0.013, 199.0, False),
    Category("books", 0.05, 0.10, 0.070, 0.030, 0.020, 0.018, 45.0, False),
    Category("gaming", 0.07, 0.22, 0.030, 0.008, 0.005, 0.050, 128.0, True),
    Category("travel", 0.05, 0.19, 0.075, 0.010, 0.003, 0.028, 1299.0, True),
    Category("comedy", 0.06, 0.30, 0.025, 0.001, 0.0004, 0.060, 9.0, True),
    Category("music", 0.03, 0.27, 0.055, 0.003, 0.001, 0.045, 19.0, True),
)

CHANNELS: tuple[str, ...] = (
    "feed",
    "search",
    "shop",
    "live",
    "share_link",
    "external_video",
    "external_post",
    "external_chat",
    "campaign",
    "api",
    "list",
    "cart_page",
)
FEED, SEARCH, SHOP, LIVE, SHARE_LINK, EXTERNAL_VIDEO = 0, 1, 2, 3, 4, 5
EXTERNAL_POST, EXTERNAL_CHAT, CAMPAIGN, API, LIST, CART_PAGE = 6, 7, 8, 9, 10, 11

HOURS: tuple[float, ...] = (
    0.55, 0.32, 0.18, 0.12, 0.10, 0.14, 0.28, 0.50, 0.72, 0.80, 0.82, 0.95,
    1.20, 1.08, 0.82, 0.78, 0.80, 0.88, 1.05, 1.30, 1.60, 1.75, 1.50, 0.98,
)  # fmt: skip
"""Weight of each local hour: a noon peak and an evening peak, as shopping platforms see."""

WEEKDAYS: tuple[float, ...] = (0.94, 0.93, 0.95, 0.97, 1.03, 1.12, 1.10)
