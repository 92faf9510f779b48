"""How much each signal is worth beside the others: a small table, shipped and readable."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from zhenzan.detectors.interface import Detector

Moment = Literal["at_once", "settled"]
POOLS = ("item", "account", "device")
UNFITTED = 0.3
"""Weight of a detector that the table does not know, such as one that a platform adds."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of the signals and of the pools, at one moment.

    Attributes
    ----------
    signals
        One per detector: the part of its evidence that the others do not already give.
    louder
        One per detector: how much more it says, as a share of its weighed evidence, where it is
        the loudest of its family.
    pools
        One per pool of ``POOLS``.
    own
        What the sum of the signals is multiplied by once the pools have spoken as well.
    intercept
        Added to the log odds of the prior.
    """

    signals: NDArray[np.float32]
    louder: NDArray[np.float32]
    pools: tuple[float, ...]
    own: float
    intercept: float


def load(detectors: Sequence[Detector], moment: Moment) -> Weights:
    """Read the shipped table for these detectors, in their order.

    The table is fitted by ``python -m zhenzan.scoring.fit`` on closed simulated worlds, on the
    evidence relative to each world's own baseline, so that it carries over to logs of another
    shape; weights are never negative, and every attack has the same say.
    """
    table = _table()[moment]
    signals = [table["signals"].get(detector.code, UNFITTED) for detector in detectors]
    loudest = [table["loudest"][detector.family.word] for detector in detectors]
    return Weights(
        signals=np.array(signals, np.float32),
        louder=np.divide(loudest, signals).astype(np.float32),
        pools=tuple(table["pools"][name] for name in POOLS),
        own=table["own"],
        intercept=table["intercept"],
    )


@cache
def _table() -> dict[str, Any]:
    text = resources.files("zhenzan.scoring").joinpath("weights.json").read_text(encoding="utf-8")
    table: dict[str, Any] = json.loads(text)
    return table
