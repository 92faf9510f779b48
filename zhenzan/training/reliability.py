"""Draws reliability diagrams: what was said beside what was, with the number of likes."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
SIZE = 320
_MARGIN = 48
BINS = 10
LIKES_MIN = 20
"""Likes from which a point is more than luck."""


def curve(probability: F64, bought: NDArray[np.bool_], weight: F64) -> list[dict[str, float]]:
    """Tell per bin of a tenth: mean probability, share that was bought, weight and likes."""
    place = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
    rows = []
    for number in range(BINS):
        chosen = place == number
        mass = float(weight[chosen].sum())
        if mass <= 0:
            continue
        rows.append(
            {
                "said": float((weight * probability)[chosen].sum() / mass),
                "was": float((weight * bought)[chosen].sum() / mass),
                "weight": mass,
                "likes": int(chosen.sum()),
            }
        )
    return rows


def diagram(curves: Mapping[str, list[dict[str, float]]], title: str, title_zh: str) -> str:
    """Draw one line per segment over the diagonal, as an SVG with a title in both languages.

    A point is the larger the more likes it rests on. One of fewer than `LIKES_MIN` likes is an
    empty ring that no line passes through, because it shows luck.
    """
    title, title_zh = escape(title, quote=False), escape(title_zh, quote=False)
    inner = SIZE - 2 * _MARGIN
    height = SIZE + 18 * len(curves) + 24
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {height}" role="img" '
            f'font-family="sans-serif" font-size="11">'
        ),
        f"<title>{title} / {title_zh}</title>",
        f'<rect width="{SIZE}" height="{height}" fill="white"/>',
        f'<text x="{_MARGIN}" y="16">{title}</text>',
        f'<text x="{_MARGIN}" y="31">{title_zh}</text>',
        *_axes(inner),
    ]
    for number, (name, rows) in enumerate(curves.items()):
        # Steps of the golden angle keep the hues of many lines apart.
        colour = f"hsl({number * 137.5 % 360:.0f} 70% 36%)"
        parts += _line(rows, colour, inner)
        likes = sum(int(row["likes"]) for row in rows)
        y = SIZE + 14 + 18 * number
        named = escape(name, quote=False)
        parts.append(f'<text x="{_MARGIN}" y="{y}" fill="{colour}">{named} ({likes:,})')
        parts.append("</text>")
    return "\n".join([*parts, "</svg>"]) + "\n"


def _axes(inner: int) -> list[str]:
    """Draw the frame, the diagonal, and what both axes are."""
    low, high = _MARGIN + inner, _MARGIN
    parts = [
        (
            f'<rect x="{_MARGIN}" y="{_MARGIN}" width="{inner}" height="{inner}" fill="none" '
            'stroke="#888"/>'
        ),
        (
            f'<line x1="{high}" y1="{low}" x2="{low}" y2="{high}" stroke="#bbb" '
            'stroke-dasharray="4 3"/>'
        ),
    ]
    for tick in (0.0, 0.5, 1.0):
        x, y = _MARGIN + tick * inner, _MARGIN + (1 - tick) * inner
        parts.append(f'<text x="{x:.0f}" y="{low + 13}" text-anchor="middle">{tick:g}</text>')
        parts.append(f'<text x="{_MARGIN - 5}" y="{y + 4:.0f}" text-anchor="end">{tick:g}</text>')
    middle = _MARGIN + inner / 2
    return [
        *parts,
        f'<text x="{middle:.0f}" y="{low + 28}" text-anchor="middle">said / 所述概率</text>',
        (
            f'<text x="13" y="{middle:.0f}" transform="rotate(-90 13 {middle:.0f})" '
            'text-anchor="middle">share bought / 实际购买比例</text>'
        ),
    ]


def _line(rows: list[dict[str, float]], colour: str, inner: int) -> list[str]:
    """Draw the points of one segment, and a line through those that rest on enough likes."""
    most = max((row["likes"] for row in rows), default=1)
    points, rings, dots = [], [], []
    for row in rows:
        x, y = _MARGIN + row["said"] * inner, _MARGIN + (1 - row["was"]) * inner
        if row["likes"] < LIKES_MIN:
            rings.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="white" stroke="{colour}" '
                'stroke-opacity="0.5"/>'
            )
            continue
        size = 2.0 + 3.0 * (row["likes"] / most) ** 0.5
        points.append(f"{x:.1f},{y:.1f}")
        dots.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}" fill="{colour}"/>')
    line = f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}"/>'
    return [line, *rings, *dots]
