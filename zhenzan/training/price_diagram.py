"""Draws what a surviving like costs under each model, beside the price of advertising."""

from __future__ import annotations

import numpy as np

from zhenzan.training.redteam import Outcome
from zhenzan.training.shadow import NONE

WIDTH, HEIGHT = 360, 300
_LEFT, _TOP, _FLOOR = 48, 56, 222
_COLOURS = {False: "#1f5fa8", True: "#b3541e"}
_WORDS = {False: "sold / 出售", True: "in kind / 互赞"}


def price_diagram(outcome: Outcome, advertising_yuan: float | None) -> str:
    """Draw the least price of a like that is still counted, model by model, as an SVG.

    All bars of one kind are the same finds in the same plays, so they may be compared. Where none
    of the finds serves its buyer, an open bar reaches the top and says so.

    Parameters
    ----------
    advertising_yuan
        Price of an honest like by advertising; None where the log holds no views.
    """
    prices = [
        {kind: outcome.cheapest(again, in_kind=kind)[0] for kind in (False, True)}
        for again in outcome.again
    ]
    known = [p for row in prices for p in row.values() if np.isfinite(p)]
    top = 1.15 * max([*known, advertising_yuan or 0.0, 0.01])
    title = "Least price of a like that still counts, by model"
    title_zh = "仍被计数的点赞的最低价格，按模型"
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            'font-family="sans-serif" font-size="11">'
        ),
        f"<title>{title} / {title_zh}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="10" y="18" font-size="12">{title}</text>',
        f'<text x="10" y="35" font-size="12">{title_zh}</text>',
        f'<text x="10" y="{_TOP - 4}">yuan / 元</text>',
        *_scale(top),
    ]
    slot = (WIDTH - _LEFT - 10) / max(len(prices), 1)
    for place, (again, row) in enumerate(zip(outcome.again, prices, strict=True)):
        left = _LEFT + place * slot
        for number, kind in enumerate((False, True)):
            parts += _bar(left + slot * (0.14 + 0.37 * number), slot * 0.33, row[kind], top, kind)
        name = "evidence / 证据" if again.version == NONE else f"{place}"
        parts.append(
            f'<text x="{left + slot / 2:.0f}" y="{_FLOOR + 15}" text-anchor="middle">{name}</text>'
        )
    parts += _advertising(advertising_yuan, top)
    for number, kind in enumerate((False, True)):
        x = _LEFT + 120 * number
        parts.append(f'<rect x="{x}" y="{_FLOOR + 31}" width="9" height="9" '
                     f'fill="{_COLOURS[kind]}"/>')  # fmt: skip
        parts.append(f'<text x="{x + 14}" y="{_FLOOR + 40}">{_WORDS[kind]}</text>')
    parts.append(
        f'<text x="{_LEFT}" y="{_FLOOR + 58}">1, 2, …: taught / 学习次数 (simulation / 模拟)</text>'
    )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _scale(top: float) -> list[str]:
    """Draw the floor and three steps of the price."""
    step = 10.0 ** np.floor(np.log10(top / 2))
    step *= next(k for k in (5, 2, 1) if k * step <= top / 2)
    parts = []
    for number in range(int(top / step) + 1):
        y = _height(number * step, top)
        parts.append(f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{WIDTH - 10}" y2="{y:.1f}" '
                     f'stroke="#{"888" if not number else "ddd"}"/>')  # fmt: skip
        parts.append(
            f'<text x="{_LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{number * step:.3g}</text>'
        )
    return parts


def _bar(left: float, width: float, price: float, top: float, kind: bool) -> list[str]:
    colour = _COLOURS[kind]
    middle = left + width / 2
    if not np.isfinite(price):
        return [
            (
                f'<rect x="{left:.1f}" y="{_TOP}" width="{width:.1f}" height="{_FLOOR - _TOP}" '
                f'fill="none" stroke="{colour}" stroke-dasharray="3 3" stroke-opacity="0.6"/>'
            ),
            (
                f'<text transform="translate({middle + 4:.1f} {_FLOOR - 6}) rotate(-90)" '
                f'fill="{colour}">none survives / 无一存活</text>'
            ),
        ]
    y = _height(price, top)
    return [
        (
            f'<rect x="{left:.1f}" y="{y:.1f}" width="{width:.1f}" height="{_FLOOR - y:.1f}" '
            f'fill="{colour}"/>'
        ),
        (
            f'<text x="{middle:.1f}" y="{y - 4:.1f}" text-anchor="middle" fill="{colour}">'
            f"{price:.3f}</text>"
        ),
    ]


def _advertising(price: float | None, top: float) -> list[str]:
    if price is None:
        return []
    y = _height(price, top)
    return [
        (
            f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{WIDTH - 10}" y2="{y:.1f}" stroke="#2a7a2a" '
            'stroke-dasharray="5 3"/>'
        ),
        (
            f'<text x="{_LEFT + 4}" y="{y - 4:.1f}" fill="#2a7a2a">'
            f"advertising / 广告 {price:.2f}</text>"
        ),
    ]


def _height(price: float, top: float) -> float:
    return _FLOOR - (_FLOOR - _TOP) * price / top
