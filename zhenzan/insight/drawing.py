"""Geometry of the charts, free of words: templates draw it, each language labels it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from zhenzan.insight.affected import Step
from zhenzan.insight.overview import Bar

CHART_WIDTH = 960
CHART_HEIGHT = 240
BAR_FULL = 100.0
"""Length of a funnel bar in its drawing's units."""


@dataclass(frozen=True, slots=True)
class TimeChart:
    """Stacked bars over time: one path a count state, drawn in a stretched box."""

    counted: str
    held: str
    excluded: str
    top: int
    start_us: int
    end_us: int
    ticks_us: tuple[int, ...]
    levels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FunnelBar:
    """One step of a funnel: lengths of the item's and the usual bar, 0 to 100."""

    step: Step
    own: float
    usual: float


def time_chart(bars: Sequence[Bar], step_us: int) -> TimeChart:
    """Lay out the bars of likes over time."""
    top = nice_top(max((bar.claimed for bar in bars), default=0))
    width = CHART_WIDTH / max(1, len(bars))
    gap = min(2.0, width * 0.18)
    parts: dict[str, list[str]] = {"counted": [], "held": [], "excluded": []}
    for place, bar in enumerate(bars):
        x, y = place * width + gap / 2, float(CHART_HEIGHT)
        for state in ("counted", "held", "excluded"):
            height = getattr(bar, state) * CHART_HEIGHT / top
            if height:
                y -= height
                parts[state].append(
                    f"M{x:.1f} {y:.1f}h{width - gap:.1f}v{height:.1f}h{gap - width:.1f}z"
                )
    start = bars[0].start_us if bars else 0
    end = bars[-1].start_us + step_us if bars else 0
    return TimeChart(
        counted="".join(parts["counted"]),
        held="".join(parts["held"]),
        excluded="".join(parts["excluded"]),
        top=top,
        start_us=start,
        end_us=end,
        ticks_us=tuple(start + (end - start) * quarter // 4 for quarter in range(5)),
        levels=(top, top // 2, 0),
    )


def funnel(steps: Sequence[Step]) -> list[FunnelBar]:
    """Scale each step to its own larger bar: steps differ a thousandfold, pairs are compared."""
    bars = []
    for step in steps:
        own, usual = step.value or 0.0, step.usual or 0.0
        full = max(own, usual) or 1.0
        bars.append(FunnelBar(step, BAR_FULL * own / full, BAR_FULL * usual / full))
    return bars


def nice_top(value: int) -> int:
    """Round up to an even number whose half has few digits.

    Examples
    --------
    >>> nice_top(0), nice_top(7), nice_top(4_321)
    (2, 8, 5000)
    """
    if value <= 2:
        return 2
    size: int = 10 ** math.floor(math.log10(value))
    for factor in (1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10):
        top = int(factor * size)
        if top >= value and top % 2 == 0:
            return top
    return 10 * size
