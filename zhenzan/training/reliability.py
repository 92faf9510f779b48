"""Draws reliability diagrams: what was said beside what was, with the number of likes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
SIZE = 320
_MARGIN = 44
BINS = 10


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
    """Draw one line per segment over the diagonal, as an SVG with a title in both languages."""
    inner = SIZE - 2 * _MARGIN
    height = SIZE + 18 * len(curves) + 24
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {height}" role="img" '
            f'font-family="sans-serif" font-size="11">'
        ),
        f"<title>{_escaped(title)} / {_escaped(title_zh)}</title>",
        f'<rect width="{SIZE}" height="{height}" fill="white"/>',
        f'<text x="{_MARGIN}" y="16">{_escaped(title)}</text>',
        f'<text x="{_MARGIN}" y="31">{_escaped(title_zh)}</text>',
        (
            f'<rect x="{_MARGIN}" y="{_MARGIN}" width="{inner}" height="{inner}" fill="none" '
            'stroke="#888"/>'
        ),
        (
            f'<line x1="{_MARGIN}" y1="{_MARGIN + inner}" x2="{_MARGIN + inner}" y2="{_MARGIN}" '
            'stroke="#bbb" stroke-dasharray="4 3"/>'
        ),
        f'<text x="{_MARGIN}" y="{SIZE - 26}">said / 所述 0 … 1</text>',
        f'<text x="14" y="{SIZE - 60}" transform="rotate(-90 14 {SIZE - 60})">was / 实际</text>',
    ]
    for number, (name, rows) in enumerate(curves.items()):
        hue = number * 67 % 360
        colour = f"hsl({hue} 70% 38%)"
        points = [
            (_MARGIN + row["said"] * inner, _MARGIN + (1 - row["was"]) * inner) for row in rows
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        likes = sum(int(row["likes"]) for row in rows)
        y = SIZE + 18 * number
        parts.append(f'<text x="{_MARGIN}" y="{y}" fill="{colour}">{_escaped(name)} ({likes:,})')
        parts.append("</text>")
    return "\n".join([*parts, "</svg>"]) + "\n"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
