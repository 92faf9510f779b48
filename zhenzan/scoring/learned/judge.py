"""Joins what a model says to what the evidence says: the stronger of two answers stands.

The unsupervised answer stays as it is. Beside it the model gives an answer of its own: log odds
that start from the same evidence, and a share of each family in them, the evidence by family plus
the exact contributions of the trees. The safety rules (two families, no network alone, the account
on balance) are applied to each answer by itself, and the stronger one stands: a model can only add
to what is caught, and never excludes what its own evidence does not carry (design.md, rules 1
and 11).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zhenzan.detectors.interface import Family
from zhenzan.scoring.decide import states_at
from zhenzan.scoring.evidence import FAMILIES
from zhenzan.scoring.learned.model import Part

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
_CHUNK = 131_072


@dataclass(frozen=True, slots=True)
class Answer:
    """Answers of likes, one row each; ``by_model`` marks those that the model has strengthened."""

    score: F64
    states: NDArray[np.int8]
    nats: F32
    by_model: NDArray[np.bool_]


def unaided(score: F64, states: NDArray[np.int8], nats: F32) -> Answer:
    """Take the unsupervised answers as they are."""
    return Answer(score, states, nats, np.zeros(len(score), np.bool_))


def joined(answers: Sequence[Answer]) -> Answer:
    """Put answers behind each other."""
    return Answer(
        np.concatenate([one.score for one in answers]),
        np.concatenate([one.states for one in answers]),
        np.concatenate([one.nats for one in answers]),
        np.concatenate([one.by_model for one in answers]),
    )


def strengthen(
    part: Part,
    answer: Answer,
    matrix: F32,
    *,
    is_new: NDArray[np.bool_],
    owned: NDArray[np.bool_] | None = None,
) -> Answer:
    """Let a model strengthen answers.

    Contributions are computed only where the model would hold a like; a like that both count keeps
    the evidence it had.

    Parameters
    ----------
    answer
        The unsupervised answer.
    matrix
        Inputs of the model, one row per like.
    is_new
        As `decide.states_at` reads it.
    owned
        True where the log names the owner of the item; elsewhere groups support no exclusion (as
        in ``joining.settled_states``). None: no group speaks at this moment.
    """
    probability = part.probability(answer.score, matrix)
    held_min, excluded_min = part.thresholds(matrix)
    states, nats, by_model = (
        answer.states.copy(),
        answer.nats.copy(),
        np.zeros(len(matrix), np.bool_),
    )
    score = np.maximum(answer.score, probability)
    told = np.flatnonzero(probability >= held_min)
    for start in range(0, len(told), _CHUNK):
        rows = told[start : start + _CHUNK]
        spread = by_family(part, answer.nats[rows], matrix[rows])
        ruled = spread if owned is None else _without_groups(spread, owned[rows])
        found = states_at(
            probability[rows],
            ruled,
            held_min=held_min[rows],
            excluded_min=excluded_min[rows],
            is_new=is_new[rows],
        )
        stronger = (found > states[rows]) | (
            (found == states[rows]) & (probability[rows] > answer.score[rows])
        )
        chosen = rows[stronger]
        by_model[chosen] = True
        states[chosen] = found[stronger]
        nats[chosen] = spread[stronger]
    return Answer(score, states, nats, by_model)


def by_family(part: Part, nats: F32, matrix: F32) -> F32:
    """Give the model's evidence by family: that of the like itself, and the trees' shares."""
    shares = part.forest.contributions(matrix)
    spread = np.zeros((len(matrix), FAMILIES), np.float32)
    for column, family in enumerate(part.families):
        spread[:, family] += shares[:, column]
    return np.asarray(np.float32(part.slope) * nats + spread)


def _without_groups(nats: F32, owned: NDArray[np.bool_]) -> F32:
    told = nats.copy()
    told[~owned, Family.GROUP] = np.minimum(told[~owned, Family.GROUP], 0.0)
    return told
