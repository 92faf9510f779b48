"""A trained model on disk: two forests, their calibrations and bands, under the hash of it all.

A folder of models holds ``versions/<version>/`` and ``current.json``, which names the promoted
one. A version holds ``model.json``, ``at_once.txt``, ``settled.txt``, ``reference.json`` and the
model card; the version is the hash of the first four, so that a file changed by hand is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from zhenzan.errors import ModelError
from zhenzan.features.compile import feature_hash
from zhenzan.scoring.learned.calibration import Calibration
from zhenzan.scoring.learned.inputs import PATTERNS, inputs, patterns
from zhenzan.scoring.learned.trees import Forest, read_forest
from zhenzan.scoring.weights import Moment

HASHED = ("at_once.txt", "settled.txt", "reference.json")
ODDS_FLOOR = 1e-5
"""Scores are kept this far from 0 and 1 before they become log odds: what the evidence is sure of
stays sure, and the trees can still be heard."""

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bands:
    """Lowest probabilities at which a like is held and excluded, by the evidence it comes with.

    Each array has one number per pattern of `PATTERNS`; an excluded_min above 1 excludes nothing.
    """

    held_min: F64
    excluded_min: F64

    def as_dict(self) -> dict[str, Any]:
        """Turn the bands into plain values."""
        return {
            name: [round(float(held), 6), round(float(excluded), 6)]
            for name, held, excluded in zip(PATTERNS, self.held_min, self.excluded_min, strict=True)
        }

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Bands:
        """Read bands from plain values."""
        pairs = np.array([plain[name] for name in PATTERNS], np.float64)
        return cls(pairs[:, 0], pairs[:, 1])


@dataclass(frozen=True, slots=True)
class Part:
    """The model of one moment.

    The margin of a like is ``slope`` times the log odds that the evidence gives it, plus
    ``offset``, plus the trees: the trees correct the evidence and do not replace it.
    """

    moment: Moment
    forest: Forest
    slope: float
    offset: float
    calibration: Calibration
    bands: Bands

    @property
    def families(self) -> NDArray[np.int64]:
        """Family of each input."""
        known = {row.name: int(row.family) for row in inputs(self.moment)}
        return np.array([known[name] for name in self.forest.inputs])

    def margin(self, score: F64, matrix: F32) -> F64:
        """Give the log odds before calibration.

        Parameters
        ----------
        score
            What the evidence says by itself, 0 to 1.
        matrix
            The inputs, one row per like.
        """
        return self.slope * odds(score) + self.offset + self.forest.margin(matrix)

    def probability(self, score: F64, matrix: F32) -> F64:
        """Give the calibrated probability."""
        return np.asarray(self.calibration(self.margin(score, matrix)))

    def thresholds(self, matrix: F32) -> tuple[F64, F64]:
        """Give the lowest probabilities for held and excluded, one per like."""
        which = patterns(matrix, self.forest.inputs)
        return self.bands.held_min[which], self.bands.excluded_min[which]


@dataclass(frozen=True, slots=True)
class Model:
    """A version that has been read and checked."""

    version: str
    folder: Path
    parts: dict[Moment, Part]
    facts: dict[str, Any]
    reference: dict[str, Any]


def odds(score: F64) -> F64:
    """Turn scores into log odds, kept finite."""
    sure = np.clip(score, ODDS_FLOOR, 1.0 - ODDS_FLOOR)
    return np.asarray(np.log(sure / (1.0 - sure)))


def version_of(folder: Path, facts: Mapping[str, Any]) -> str:
    """Hash what decides about a score: trees, reference and facts, the version itself apart."""
    digest = hashlib.blake2b(digest_size=6)
    plain = {name: value for name, value in facts.items() if name != "version"}
    digest.update(json.dumps(plain, sort_keys=True).encode())
    for name in HASHED:
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()


def current_version(models: Path) -> str | None:
    """Tell which version of a folder of models is promoted; None where none is."""
    path = models / "current.json"
    if not path.is_file():
        return None
    version: str | None = json.loads(path.read_text("utf-8"))["version"]
    return version


def find_version(models: Path, version: str | None = None) -> Path:
    """Find the folder of a version: the named one, the promoted one, or ``models`` itself.

    Raises
    ------
    ModelError
        There is no such version, or none is promoted.
    """
    if version is None and (models / "model.json").is_file():
        return models
    chosen = version or current_version(models)
    known = sorted(path.name for path in (models / "versions").glob("*") if path.is_dir())
    if chosen is None:
        raise ModelError(
            f"no model of `{models}` is promoted",
            hint="name one of: " + (", ".join(known) or "none is there; run `zhenzan train`"),
        )
    found = [name for name in known if name.startswith(chosen)]
    if len(found) != 1:
        raise ModelError(
            f"`{chosen}` names {len(found)} versions of `{models}`",
            hint="versions: " + (", ".join(known) or "none"),
        )
    return models / "versions" / found[0]


def load_model(models: Path, version: str | None = None) -> Model:
    """Read a model and check that nothing of it was changed and that it fits this package.

    Raises
    ------
    ModelError
        A file is missing or changed, the features differ, or an input no longer exists.
    """
    folder = find_version(models, version)
    try:
        facts = json.loads((folder / "model.json").read_text("utf-8"))
        reference = json.loads((folder / "reference.json").read_text("utf-8"))
        found = version_of(folder, facts)
        parts = {moment: _part(folder, moment, facts) for moment in get_args(Moment)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"the model in `{folder}` cannot be read: {error}") from error
    if found != facts["version"]:
        raise ModelError(
            f"the model in `{folder}` was changed after training", hint=f"its hash is {found}"
        )
    if facts["feature_hash"] != feature_hash():
        raise ModelError(
            f"model {found} was trained on another list of features", hint="train it again"
        )
    return Model(found, folder, parts, facts, reference)


def _part(folder: Path, moment: Moment, facts: Mapping[str, Any]) -> Part:
    plain = facts["moments"][moment]
    text = (folder / f"{moment}.txt").read_text("utf-8")
    forest = read_forest(text, heard=float(plain["heard"]))
    if forest.inputs != tuple(row.name for row in inputs(moment)):
        raise ModelError(
            f"the {moment} model reads other inputs than this version measures",
            hint="train it again",
        )
    return Part(
        moment,
        forest,
        float(plain["slope"]),
        float(plain["offset"]),
        Calibration.of(plain["calibration"]),
        Bands.of(plain["bands"]),
    )
