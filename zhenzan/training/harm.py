"""Honest harm, measured on likes that counted whatever their score.

An excluded like is hardly ever appealed, so outcomes of excluded likes say little about harm. The
random hold-out counts whatever its score (``zhenzan.scoring.holdout``); what reviewers then say
about those that *would* have been excluded is an unbiased sample of what exclusions cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.stats import beta

from zhenzan.errors import SchemaError, SourceError
from zhenzan.training.truth import Verdicts

Bools = NDArray[np.bool_]

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Harm:
    """What one count state would have done to honest likes.

    Attributes
    ----------
    state
        ``excluded`` or ``held``.
    likes, in_state, reviewed, honest
        Likes held out, those that would have this state, of these the ones that somebody judged,
        and of these the honest ones.
    share, low, high
        Honest share of the likes in the state, with its interval; None without a review.
    of_all, of_all_low, of_all_high
        The same of all likes held out: what one like in how many loses.
    """

    state: str
    likes: int
    in_state: int
    reviewed: int
    honest: int
    share: float | None
    low: float
    high: float
    of_all: float | None
    of_all_low: float
    of_all_high: float


def exact_interval(hits: int, tries: int) -> tuple[float, float]:
    """Give the exact 95 % interval of a share (Clopper and Pearson 1934); 0 to 1 without a try.

    Examples
    --------
    >>> tuple(round(end, 4) for end in exact_interval(0, 100))
    (0.0, 0.0362)
    """
    tail = (1 - CONFIDENCE) / 2
    low = float(beta.ppf(tail, hits, tries - hits + 1)) if hits > 0 else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, tries - hits)) if hits < tries else 1.0
    return low, high


def measure_harm(holdout: Path, verdicts: Verdicts) -> list[Harm]:
    """Measure what exclusion and holding would have cost honest likes.

    Parameters
    ----------
    holdout
        ``holdout.parquet`` of a scoring run.
    verdicts
        What reviewers said. Within a state they must be a random part of it: whoever reviews only
        what looks wrong measures too much harm.

    Raises
    ------
    SourceError
        The file cannot be read.
    SchemaError
        It is no hold-out.
    """
    table = _read(holdout)
    # The last word about a like counts.
    said = dict(zip(verdicts.event_id.to_pylist(), verdicts.bought.tolist(), strict=True))
    bought = [said.get(name) for name in table["event_id"].to_pylist()]
    told = np.array([word is not None for word in bought])
    honest = np.array([word is False for word in bought])
    states = table["count_state"].cast(pa.string())
    return [
        _harm(word, pc.equal(states, word).to_numpy(), told, honest)
        for word in ("excluded", "held")
    ]


def _harm(word: str, there: Bools, told: Bools, honest: Bools) -> Harm:
    likes, in_state = len(there), int(there.sum())
    reviewed, wrong = int((there & told).sum()), int((there & honest).sum())
    low, high = exact_interval(wrong, reviewed)
    share = wrong / reviewed if reviewed else None
    part = in_state / likes
    return Harm(
        word, likes, in_state, reviewed, wrong, share, low, high,
        None if share is None else share * part, low * part, high * part,
    )  # fmt: skip


def _read(path: Path) -> pa.Table:
    try:
        table = pq.read_table(path)
    except (OSError, ValueError) as error:
        hint = "score with the setting `holdout_share` above 0"
        raise SourceError(f"`{path}` cannot be read: {error}", hint=hint) from error
    missing = {"event_id", "count_state"} - set(table.column_names)
    if missing or not len(table):
        raise SchemaError(f"`{path}` is no hold-out", hint="name the `holdout.parquet` of a run")
    return table
