"""An alarm as people see it: what fell silent, since when, and what was usual."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zhenzan.alarm.gauges import Gauges, What
from zhenzan.alarm.silence import SilenceAlarm


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm that is on.

    Attributes
    ----------
    alarm_id
        The same in every replay of the same interactions.
    name
        The code of a detector, or the name of a column, a kind or a channel.
    since_us
        Event time at which it was raised.
    share_usual
        The share that was usual at the least; the other is that of the window when it was raised.
    """

    alarm_id: str
    what: What
    name: str
    since_us: int
    share_usual: float
    share: float

    @property
    def text(self) -> str:
        """Say in English what is wrong."""
        return TEXTS[self.what][0].format(name=self.name, **self._shares())

    @property
    def text_zh(self) -> str:
        """Say in Chinese what is wrong."""
        return TEXTS[self.what][1].format(name=self.name, **self._shares())

    def _shares(self) -> dict[str, str]:
        return {"usual": f"{self.share_usual:.2%}", "now": f"{self.share:.2%}"}


TEXTS: dict[What, tuple[str, str]] = {
    "detector_silent": (
        "detector {name} can say nothing of most likes: it spoke of {usual} or more, now of {now}",
        "检测器 {name} 对大多数点赞已无法判断：此前至少可判断 {usual}，现在为 {now}",
    ),
    "detector_never_fires": (
        "detector {name} no longer fires: {usual} or more of likes looked suspicious, now {now}",
        "检测器 {name} 仍有读数但不再触发：此前至少 {usual} 的点赞落在可疑一侧，现在为 {now}",
    ),
    "column_missing": (
        "column {name} goes missing: at least {usual} of rows had it, now {now}",
        "字段 {name} 正在缺失：此前至少 {usual} 的互动带有该字段，现在为 {now}",
    ),
    "kind_gone": (
        "interactions of kind {name} stay away: they were at least {usual} of all, now {now}",
        "种类为 {name} 的互动不再到来：此前至少占 {usual}，现在为 {now}",
    ),
    "channel_gone": (
        "interactions of channel {name} stay away: they were at least {usual}, now {now}",
        "来自渠道 {name} 的互动不再到来：此前至少占 {usual}，现在为 {now}",
    ),
}
"""What each kind of alarm says, in both languages."""


def alarms_on(
    gauges: Gauges, alarm: SilenceAlarm, channel: Callable[[int], str]
) -> tuple[Alarm, ...]:
    """List the alarms that are on, in the order of the gauges.

    Parameters
    ----------
    channel
        Names the channel of a code.
    """
    state = alarm.arrays()
    found = []
    for place in np.flatnonzero(alarm.raised).tolist():
        gauge = gauges.all[place]
        name = channel(int(gauge.name)) if gauge.what == "channel_gone" else gauge.name
        since_us = int(state["raised_us"][place])
        found.append(
            Alarm(
                alarm_id=f"{gauge.what}:{name}:{since_us}",
                what=gauge.what,
                name=name,
                since_us=since_us,
                share_usual=float(state["bound"][place]),
                share=float(state["raised_share"][place]),
            )
        )
    return tuple(found)
