"""Account x item matrices: who liked what, and in which order.

One column a member, one row a target; a cell is a like, larger and darker the earlier it came
among the members' likes of that item. Below a rule, grey, stand other items of the same people:
what they do there is their own affair and is judged without the group. Groups have more members
than targets, so lying down they fit a page and a phone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from zhenzan.insight.limits import MATRIX_MEMBERS_MAX, MATRIX_OTHERS_MAX, MATRIX_TARGETS_MAX
from zhenzan.insight.outputs import Row

CELL = 10
"""Pitch of the cells in the drawing's units."""

SHADES = 4
"""Steps of order, the first the earliest."""

_APART = 1.4
"""Cells between the targets and the other items."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """One drawing: a path for each shade of order, and one for likes of other items."""

    shades: tuple[str, ...]
    others: str
    rule: str
    width: int
    height: int
    members: int
    targets: int
    other_items: int


def draw_matrix(
    members: Sequence[Row], targets: Sequence[Row], likes: Mapping[str, Sequence[Row]]
) -> Matrix | None:
    """Draw the strongest members beside the targets with most of their likes.

    Parameters
    ----------
    members, targets
        Rows with ``account_id`` and ``item_id``, strongest first.
    likes
        Likes of each account: ``item_id`` and ``t`` in microseconds.
    """
    items = {target["item_id"] for target in targets}
    accounts = [member["account_id"] for member in members[:MATRIX_MEMBERS_MAX]]
    when = {
        account: {like["item_id"]: like["t"] for like in reversed(likes.get(account, []))}
        for account in accounts
    }
    goods = [target["item_id"] for target in targets[:MATRIX_TARGETS_MAX]]
    goods.sort(key=lambda item: (min(_moments(item, when), default=0), item))
    order = {item: _order(item, when) for item in goods}
    if not any(order.values()):
        return None
    accounts.sort(key=lambda account: (_mean_place(account, order), account))
    shades: list[list[str]] = [[] for _ in range(SHADES)]
    for column, account in enumerate(accounts):
        for row, item in enumerate(goods):
            if account in order[item]:
                shade = min(SHADES - 1, int(order[item][account] * SHADES))
                shades[shade].append(_cell(column, row))
    others = _other_items(accounts, when, items)
    start = len(goods) + _APART
    beside = [
        _cell(column, start + row)
        for column, account in enumerate(accounts)
        for row, item in enumerate(others)
        if item in when[account]
    ]
    width = CELL * len(accounts)
    middle = CELL * (len(goods) + _APART / 2)
    return Matrix(
        shades=tuple("".join(cells) for cells in shades),
        others="".join(beside),
        rule=f"M0 {middle:g}h{width}" if others else "",
        width=width,
        height=round(CELL * (start + len(others) if others else len(goods))),
        members=len(accounts),
        targets=len(goods),
        other_items=len(others),
    )


def _moments(item: str, when: Mapping[str, Mapping[str, int]]) -> list[int]:
    return [own[item] for own in when.values() if item in own]


def _order(item: str, when: Mapping[str, Mapping[str, int]]) -> dict[str, float]:
    """Place each account in the order of likes of one item, 0 the first, 1 the last.

    Likes at the same time have the same place: no id decides who came first.
    """
    moments = sorted(_moments(item, when))
    last = max(1, len(moments) - 1)
    place = {moment: place / last for place, moment in reversed(list(enumerate(moments)))}
    return {account: place[own[item]] for account, own in when.items() if item in own}


def _mean_place(account: str, order: Mapping[str, Mapping[str, float]]) -> float:
    places = [by_account[account] for by_account in order.values() if account in by_account]
    return sum(places) / len(places) if places else 1.0


def _other_items(
    accounts: Sequence[str], when: Mapping[str, Mapping[str, int]], targets: set[str]
) -> list[str]:
    """Choose the other items that most members liked."""
    liked = Counter(
        item for account in accounts for item in when[account] if item and item not in targets
    )
    ranked = sorted(liked, key=lambda item: (-liked[item], item))
    return ranked[:MATRIX_OTHERS_MAX]


def _cell(column: int, row: float) -> str:
    return f"M{CELL * column + CELL / 2:g} {CELL * row + CELL / 2:g}h0"
