"""What a model may read: detectors, measures of neighbours, windows, and nothing else.

Ids, codes, row order and absolute time are no inputs (design.md, rule 5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from zhenzan.detectors.interface import Detector, Family
from zhenzan.detectors.registry import all_detectors
from zhenzan.scoring.learned.windows import windows
from zhenzan.scoring.neighbours import NEAR
from zhenzan.scoring.weights import Moment

F32 = NDArray[np.float32]

AGE = "ACC007"
_LENGTH = "account_item_dwell_24h"


@dataclass(frozen=True, slots=True)
class Input:
    """One column that a model reads.

    ``monotone`` is 1 where a greater value may only speak for an inauthentic like, -1 where a
    smaller one may, 0 where no direction is known: only verdicts of people teach such an input
    (`training.fit`). ``purpose`` says what it is for (model cards, S1-02).
    """

    name: str
    family: Family
    monotone: int
    purpose: str


@cache
def inputs(moment: Moment) -> tuple[Input, ...]:
    """List the inputs of a moment: its detectors by code, neighbours, then windows."""
    detectors = [detector for detector in all_detectors() if reads(detector, moment)]
    signals = [
        Input(d.code, d.family, 1 if d.suspicious == "high" else -1, d.name.replace("_", " "))
        for d in detectors
    ]
    near = [
        Input(near.name, near.family, 1, near.reason.partition(" is {value}")[0]) for near in NEAR
    ]
    told = [Input(w.name, w.family, 0, w.reason.partition(": {value}")[0]) for w in windows()]
    return (*signals, *near, *told)


def reads(detector: Detector, moment: Moment) -> bool:
    """Tell whether a model of this moment may read a detector: no hindsight at once."""
    return moment == "settled" or not detector.settled


def assemble(values: F32, bins: NDArray[np.int8], near: F32) -> F32:
    """Put the inputs of likes into one matrix; NaN where a detector says nothing.

    Parameters
    ----------
    values, bins
        Of the detectors that the moment reads, in their order.
    near
        Measures of neighbours, then windows.
    """
    return np.concatenate([np.where(bins > 0, values, np.float32(np.nan)), near], axis=1)


PATTERNS: tuple[str, ...] = tuple(
    "+".join(name for bit, name in enumerate(("network", "visit", "age")) if code >> bit & 1)
    or "nothing"
    for code in range(8)
)
"""Which evidence a like comes with, in words, by code."""


def patterns_zh(code: int) -> str:
    """Name a pattern in Chinese, by its place in `PATTERNS`."""
    words = [word for bit, word in enumerate(("网络", "浏览", "账号年龄")) if code >> bit & 1]
    return "＋".join(words) or "无"


def patterns(matrix: F32, names: Sequence[str]) -> NDArray[np.int8]:
    """Tell which evidence each like comes with: an index into `PATTERNS`.

    Network: a device or an address is known; visit: a look with a length was seen; age: when the
    account was made is known.
    """
    known = ~np.isnan(matrix)
    by_code = {detector.code: detector for detector in all_detectors()}
    network = [k for k, n in enumerate(names) if n.startswith("near_device") or "near_block" in n]
    network += [
        k for k, n in enumerate(names) if n in by_code and by_code[n].family == Family.NETWORK
    ]
    visit = [k for k, n in enumerate(names) if n in by_code and _LENGTH in by_code[n].reads]
    age = [k for k, n in enumerate(names) if n == AGE]
    result = np.zeros(len(matrix), np.int8)
    for bit, columns in enumerate((network, visit, age)):
        result |= (known[:, columns].any(axis=1) if columns else np.zeros(len(matrix), bool)) << bit
    return result
