"""Joins what rules say to what detectors say: the one place where a rule can have an effect.

A rule raises or lowers the evidence of its own family. What the family says already is not said
twice, and all rules of a family together are bounded. Then ``decide.count_states`` decides as it
always does: a rule alone is one family, and one family never excludes (safety rule 1).

Shadow rules end here: only live rules reach the score, the evidence and the count state. What
shadow rules would have done is computed beside it, from the same numbers, and only recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zhenzan.events.state import CountState
from zhenzan.rules.limits import FAMILY_NATS_MAX
from zhenzan.rules.ruleset import CompiledRule, Effects, Mode
from zhenzan.scoring.context import sigmoid
from zhenzan.scoring.evidence import FAMILIES
from zhenzan.scoring.hook import F32, F64, I8, Decide


@dataclass(frozen=True, slots=True)
class Answer:
    """Scores, evidence by family, and count states, one row per like."""

    score: F64
    nats: F32
    states: I8


@dataclass(frozen=True, slots=True)
class Ruled:
    """The answer with the live rules, without any, and as it would be with shadow rules too.

    ``rows`` says which likes they are: those at which any rule fired.
    """

    rows: NDArray[np.int64]
    answer: Answer
    without: Answer
    would: Answer


def join_rules(score: F64, nats: F32, effects: Effects, decide: Decide, *, holds: bool) -> Ruled:
    """Join rules to scores, at the likes at which any fired; the others stay as they are.

    Parameters
    ----------
    score
        Probabilities without rules, of all likes.
    nats
        Evidence of all likes, shape (likes, families).
    decide
        Decides the count states.
    holds
        Whether ``then hold`` has an effect: at once it has; a settled like is no longer held for
        a rule, because a hold without an end would be an exclusion without evidence (T12, T17).
    """
    rows = np.flatnonzero(effects.fired.any(axis=1))
    told = Effects(effects.rules, effects.fired[rows])
    score, nats = score[rows], nats[rows]

    if not len(rows):
        nothing = Answer(score, nats, np.zeros(0, np.int8))
        return Ruled(rows, nothing, nothing, nothing)

    def joined(chosen: Effects) -> Answer:
        return _joined(score, nats, chosen, lambda s, n: decide(s, n, rows), holds=holds)

    live = told.of(Mode.LIVE)
    answer = joined(live)
    return Ruled(
        rows=rows,
        answer=answer,
        without=Answer(score, nats, decide(score, nats, rows)),
        would=answer if len(live.rules) == len(told.rules) else joined(told),
    )


def put(whole: NDArray[Any], rows: NDArray[np.int64], part: NDArray[Any]) -> NDArray[Any]:
    """Put what rules gave in place of what stood there, in a copy."""
    changed = whole.copy()
    changed[rows] = part
    return changed


def weights_of(rules: tuple[CompiledRule, ...]) -> F64:
    """Give the weight of each rule in each family, shape (rules, families)."""
    weights = np.zeros((len(rules), FAMILIES))
    for place, rule in enumerate(rules):
        weights[place, rule.family] = rule.nats
    return weights


def _joined(
    score: F64,
    nats: F32,
    effects: Effects,
    decide: Callable[[F64, F32], I8],
    *,
    holds: bool,
) -> Answer:
    said = effects.fired.astype(np.float64) @ weights_of(effects.rules)
    score, nats = raised(score, nats, said)
    states = decide(score, nats)
    if holds:
        held = np.zeros(len(states), np.bool_)
        for place, rule in enumerate(effects.rules):
            if rule.holds:
                held |= effects.fired[:, place]
        states[held & (states == CountState.COUNTED)] = CountState.HELD
    return Answer(score, nats, states)


def raised(score: F64, nats: F32, said: F64) -> tuple[F64, F32]:
    """Raise or lower scores by what rules say beyond what their families say already."""
    said = np.clip(said, -FAMILY_NATS_MAX, FAMILY_NATS_MAX)
    own = nats.astype(np.float64)
    more = np.where(
        said > 0,
        np.maximum(said - np.maximum(own, 0.0), 0.0),
        np.minimum(said - np.minimum(own, 0.0), 0.0),
    )
    total = more.sum(axis=1)
    sure = np.clip(score, 1e-9, 1.0 - 1e-9)
    moved = sigmoid(np.log(sure / (1.0 - sure)) + total)
    touched = (more != 0).any(axis=1)
    joined = np.where(more != 0, own + more, own).astype(np.float32)
    return np.where(touched, moved, score), np.where(touched[:, None], joined, nats)
