"""The window features that a model reads beside detectors and neighbours.

They are those that detectors read anyhow, so a model costs no window of its own. What is counted
since a key was first seen is left out: it grows with the log and so tells the time. Trees hear them
where people have judged and nowhere else (docs/learning.md, "What it reads").
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from zhenzan.detectors.interface import Family, Likes
from zhenzan.detectors.registry import all_detectors
from zhenzan.features.library import FEATURES
from zhenzan.features.spec import Feature
from zhenzan.glossary import WORDS

F32 = NDArray[np.float32]

_FAMILIES = {"item": Family.TARGET, "merchant": Family.TARGET, "account": Family.BEHAVIOUR,
             "session": Family.BEHAVIOUR, "device": Family.NETWORK, "block": Family.NETWORK,
             "channel": Family.CONTEXT, "category": Family.CONTEXT}  # fmt: skip
_KEYS_ZH = {"item": "该条目", "merchant": "该商家", "account": "该账号", "session": "该会话",
            "device": "该设备", "block": "该网段", "channel": "该渠道",
            "category": "该品类"}  # fmt: skip
_VALUES_ZH = {"account": "账号", "block": "网段", "device": "设备", "item": "条目",
              "merchant": "商家", "kind": "行为种类", "channel": "渠道"}  # fmt: skip
_KINDS_ZH = {name: word.zh for name, word in WORDS.items()} | {"report": "举报", "register": "注册"}
_WINDOWS_ZH = {"10m": "10 分钟", "1h": "1 小时", "24h": "24 小时", "7d": "7 天"}


@dataclass(frozen=True, slots=True)
class Window:
    """One window feature, and its sentences with a place for the value.

    Shown values are ``scale`` times the measured ones, in ``unit``.
    """

    name: str
    family: Family
    unit: str
    scale: float
    reason: str
    reason_zh: str


@cache
def windows() -> tuple[Window, ...]:
    """List the window features that a model reads, in the order of their declaration."""
    read = {name for detector in all_detectors() for name in detector.reads}
    chosen = [f for f in FEATURES if f.name in read and (f.window or f.agg == "ratio")]
    return tuple(_window(feature) for feature in chosen)


def windows_of(likes: Likes) -> F32:
    """Put the window features of likes into a matrix, one row per like; NaN where missing."""
    columns = [np.asarray(likes[window.name], np.float64) for window in windows()]
    if not columns:
        return np.zeros((len(likes["ts"]), 0), np.float32)
    matrix = np.stack(columns, axis=1)
    matrix[matrix < 0] = np.nan
    return matrix.astype(np.float32)


def _window(feature: Feature) -> Window:
    # Of a pair the second key says what is special: on an item from one device.
    families = [_FAMILIES[part] for part in feature.key]
    family = Family.BEHAVIOUR if feature.key[0] == "account" else families[-1]
    if feature.key[-1] == "category":
        family = Family.CONTEXT
    unit, scale = ("share" if feature.agg in {"ratio", "top_share"} else "count"), 1.0
    if feature.agg in {"min_gap", "max_gap"}:
        unit, scale = "seconds", 1e-6
    english, _, kinds = feature.sentence.rstrip(".").partition("; kinds: ")
    named = f" ({kinds})" if kinds not in {"", "any"} else ""
    return Window(
        feature.name,
        family,
        unit,
        scale,
        english[0].lower() + english[1:] + named + ": {value}",
        _chinese(feature) + "：{value}",
    )


def _chinese(feature: Feature) -> str:
    """Say in Chinese what is measured, from its key, window, kinds and aggregate."""
    if feature.agg == "ratio":
        return f"{_KEYS_ZH[feature.key[0]]}过去 7 天的互动中点赞的占比"
    whose = "对".join(_KEYS_ZH[part] for part in feature.key)
    if feature.key[0] == "item":
        whose = "在".join(_KEYS_ZH[part] for part in feature.key)
    when = f"过去 {_WINDOWS_ZH[feature.window or '']}"
    kinds = "、".join(_KINDS_ZH[kind.word] for kind in feature.kinds) or "互动"
    head = f"{whose}{when}"
    if feature.agg == "count":
        return f"{head}的{kinds}数"
    if feature.agg == "nunique":
        return f"{head}的{kinds}涉及的不同{_VALUES_ZH[feature.column or '']}数"
    if feature.agg == "top_share":
        return f"{head}的{kinds}中最常见{_VALUES_ZH[feature.column or '']}的占比"
    if feature.agg in {"min_gap", "max_gap"}:
        return f"{head}相邻两次{kinds}的{'最短' if feature.agg == 'min_gap' else '最长'}间隔"
    total = "平均" if feature.agg == "mean" else "总"
    return f"{head}的{total}浏览时长（毫秒）"
