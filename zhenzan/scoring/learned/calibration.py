"""Maps from a margin in log odds to a probability, rising everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from zhenzan.errors import ModelError
from zhenzan.scoring.context import sigmoid

F64 = NDArray[np.float64]
Kind = Literal["platt", "beta", "isotonic"]

_SURE = 1e-6
"""No knot of an isotonic map is surer than this or its opposite."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """One map. ``numbers`` are its parameters.

    ``platt``: slope and offset of the margin. ``beta``: a, b and c of
    log p/(1-p) = a log q - b log(1-q) + c with q the sigmoid of the margin (Kull, Silva Filho and
    Flach, 2017). ``isotonic``: margins, then as many probabilities, joined in log odds by straight
    lines. Beyond the first and the last it goes on with slope 1, so that the likes that are surest
    keep their order: a flat end would call honest likes near it as sure as the surest.
    """

    kind: Kind
    numbers: tuple[float, ...]

    def __call__(self, margin: F64) -> F64:
        """Turn margins into probabilities."""
        if self.kind == "platt":
            slope, offset = self.numbers
            return sigmoid(slope * margin + offset)
        if self.kind == "beta":
            a, b, c = self.numbers
            return sigmoid(a * -np.logaddexp(0, -margin) + b * np.logaddexp(0, margin) + c)
        half = len(self.numbers) // 2
        where = np.array(self.numbers[:half])
        level = np.clip(self.numbers[half:], _SURE, 1 - _SURE)
        inside = np.interp(margin, where, np.log(level) - np.log1p(-level))
        return sigmoid(inside + (margin - np.clip(margin, where[0], where[-1])))

    def as_dict(self) -> dict[str, Any]:
        """Turn the map into plain values."""
        return {"kind": self.kind, "numbers": list(self.numbers)}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Calibration:
        """Read a map from plain values.

        Raises
        ------
        ModelError
            It is no map, or does not rise.
        """
        try:
            read = cls(plain["kind"], tuple(float(value) for value in plain["numbers"]))
            probe = read(np.linspace(-12.0, 12.0, 97))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"a calibration cannot be read: {error}") from error
        if (np.diff(probe) < -1e-12).any():
            raise ModelError("a calibration falls somewhere", hint="train the model again")
        return read
