"""An order for likes: which attack, how covert, with which knobs, at what price.

Attacks and twins register here by name; ``attacks/`` and ``twins/`` hold one file each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from zhenzan.errors import SettingError, nearest
from zhenzan.sim.rows import Rows
from zhenzan.sim.stage import Stage

STEALTH: tuple[str, ...] = ("crude", "medium", "stealthy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """What a seller of likes can turn.

    ``accounts`` is the pool M, ``likes_per_item`` the quantity n that one buyer orders, and
    ``size_spread`` (log-normal) makes the buyers of one order differ in quantity. ``window_s``
    holds the likes of one item; ``span`` is the share of the log over which orders are spread;
    ``jitter_s`` blurs each time. ``camouflage`` is the number of likes on popular items per
    ordered like. ``devices_per_account`` below 1 shares devices. ``network`` is one of ``farm``,
    ``hosting``, ``carrier``, ``home``, ``own``; ``blocks`` limits the address blocks of the first
    two. ``age_days`` is the oldest account (0: registered in the log); ``life`` is ordinary
    sessions per account and day. Prices are in yuan.

    ``session`` says where ordered likes are made: ``bare`` in sessions that hold nothing else,
    ``browse`` in sessions in which the account also looks at other things, ``own`` inside or
    right after a session that its owner had anyway, or a new one like it. ``views`` is the share
    of ordered likes with a view before; ``dwell`` and ``follow_up`` compare the length of these
    views, and what follows them, with honest ones (1: as long, as often); bare work has nothing
    after it. ``comments`` and ``purchases`` are the shares of likes after which the task sheet
    also asks for one; only ``brush_orders`` delivers them.
    """

    accounts: int = 100
    items: int = 5
    likes_per_item: int = 60
    size_spread: float = 0.0
    window_s: float = 3_600.0
    span: float = 0.9
    jitter_s: float = 5.0
    camouflage: float = 0.0
    devices_per_account: float = 1.0
    network: str = "home"
    blocks: int = 4
    session: str = "browse"
    views: float = 0.9
    dwell: float = 0.8
    follow_up: float = 0.3
    comments: float = 0.0
    purchases: float = 0.0
    age_days: float = 30.0
    life: float = 0.0
    waking: bool = True
    price_per_like: float = 0.05
    price_per_account: float = 0.0

    def __post_init__(self) -> None:
        """Refuse knobs that no seller could turn.

        Raises
        ------
        SettingError
            A count below one, a share outside 0 to 1, or an unknown network or session.
        """
        for name in ("accounts", "items", "likes_per_item", "blocks"):
            if getattr(self, name) < 1:
                raise SettingError(f"knob `{name}` is {getattr(self, name)}", hint="min 1")
        for name in ("span", "views", "follow_up", "comments", "purchases"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise SettingError(f"knob `{name}` is {getattr(self, name)}", hint="0 to 1")
        for name, known in (("network", NETWORKS), ("session", SESSIONS)):
            if getattr(self, name) not in known:
                value = getattr(self, name)
                raise SettingError(f"knob `{name}` is `{value}`", hint=nearest(value, known))

    @property
    def participation(self) -> float:
        """Tell which part of the pool works on one item."""
        return min(1.0, self.likes_per_item / self.accounts)


NETWORKS: tuple[str, ...] = ("farm", "hosting", "carrier", "home", "own")
SESSIONS: tuple[str, ...] = ("bare", "browse", "own")

Play = Callable[[Stage, Knobs], Rows]


@dataclass(frozen=True, slots=True)
class Attack:
    """A registered attack: its name, the requirement it carries out, its presets and its play.

    ``likes`` is false for attacks that send other interactions than likes.
    """

    name: str
    row: str
    presets: Mapping[str, Knobs]
    play: Play
    likes: bool = True


@dataclass(frozen=True, slots=True)
class Order:
    """One attack as it was ordered."""

    attack: str
    stealth: str
    knobs: Knobs

    @property
    def cost(self) -> float:
        """Tell what the buyer pays, in yuan, when everything is delivered."""
        knobs = self.knobs
        likes = knobs.items * min(knobs.likes_per_item, knobs.accounts)
        return likes * knobs.price_per_like + knobs.accounts * knobs.price_per_account


ATTACKS: dict[str, Attack] = {}


def attack(
    name: str, *, row: str, presets: Mapping[str, Knobs], likes: bool = True
) -> Callable[[Play], Play]:
    """Register a play as an attack under a name, with one preset per stealth level."""
    assert set(presets) == set(STEALTH), f"{name} needs presets {STEALTH}"
    assert name not in ATTACKS, f"{name} is registered twice"

    def keep(play: Play) -> Play:
        ATTACKS[name] = Attack(name, row, presets, play, likes)
        return play

    return keep


def order(name: str, stealth: str = "medium", **knobs: Any) -> Order:
    """Place an order: a preset, with single knobs turned.

    Raises
    ------
    SettingError
        An attack, a stealth level or a knob of that name does not exist.

    Examples
    --------
    >>> import zhenzan.sim.attacks
    >>> order("emulator_farm", "crude", items=2).knobs.items
    2
    """
    if name not in ATTACKS:
        raise SettingError(f"no attack is named `{name}`", hint=nearest(name, ATTACKS))
    if stealth not in STEALTH:
        raise SettingError(f"no stealth level is named `{stealth}`", hint=nearest(stealth, STEALTH))
    known = {row.name for row in fields(Knobs)}
    for knob in knobs:
        if knob not in known:
            raise SettingError(f"no knob is named `{knob}`", hint=nearest(knob, known))
    return Order(name, stealth, replace(ATTACKS[name].presets[stealth], **knobs))


TwinPlay = Callable[[Stage, float], Rows]


@dataclass(frozen=True, slots=True)
class Twin:
    """A registered honest look-alike: its name, the requirement it serves and its play."""

    name: str
    row: str
    play: TwinPlay


TWINS: dict[str, Twin] = {}


def twin(name: str, *, row: str) -> Callable[[TwinPlay], TwinPlay]:
    """Register a play as an honest twin; it is given the stage and a size factor."""
    assert name not in TWINS, f"{name} is registered twice"

    def keep(play: TwinPlay) -> TwinPlay:
        TWINS[name] = Twin(name, row, play)
        return play

    return keep
