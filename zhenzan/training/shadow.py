"""Two models side by side on the same traffic: whose likes would change state, and why.

Both read what was measured once, so the comparison costs one reading of the log. ``none`` is the
evidence without a model.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zhenzan.events.state import COUNT_STATES, CountState
from zhenzan.scoring.learned.judge import Answer, strengthen, unaided
from zhenzan.scoring.learned.model import Model
from zhenzan.training.measure import Likes

NONE = "none"
EXAMPLES_MAX = 20


@dataclass(frozen=True, slots=True)
class Comparison:
    """What would change if ``after`` took the place of ``before``.

    ``changes`` counts likes by (state before, state after); ``segments`` gives, by segment and
    value, the likes and how many are newly excluded or let go; ``examples`` are likes that change,
    those first whose score moves most.
    """

    before: str
    after: str
    likes: int
    changes: Mapping[str, int]
    segments: Mapping[str, Mapping[str, Mapping[str, int]]]
    examples: tuple[Mapping[str, Any], ...]

    def as_dict(self) -> dict[str, Any]:
        """Turn the comparison into plain values, with a digest that promotion checks."""
        plain: dict[str, Any] = {
            "before": self.before,
            "after": self.after,
            "likes": self.likes,
            "changes": dict(self.changes),
            "segments": {k: {w: dict(n) for w, n in v.items()} for k, v in self.segments.items()},
            "examples": [dict(example) for example in self.examples],
        }
        plain["digest"] = digest_of(plain)
        return plain


def digest_of(plain: Mapping[str, Any]) -> str:
    """Hash a comparison, its own digest apart."""
    rest = {name: value for name, value in plain.items() if name != "digest"}
    text = json.dumps(rest, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def compare(likes: Likes, before: Model | None, after: Model | None) -> Comparison:
    """Judge the same likes by two models and list what changes."""
    old, new = answers(likes, before), answers(likes, after)
    moved = old.states != new.states
    changes = {
        f"{COUNT_STATES[was]} to {COUNT_STATES[now]}": int(
            ((old.states == was) & (new.states == now)).sum()
        )
        for was in range(len(COUNT_STATES))
        for now in range(len(COUNT_STATES))
        if was != now
    }
    gone = (new.states == CountState.EXCLUDED) & (old.states != CountState.EXCLUDED)
    let_go = (old.states == CountState.EXCLUDED) & (new.states != CountState.EXCLUDED)
    segments = {
        name: _by_word(words, {"changed": moved, "newly_excluded": gone, "let_go": let_go})
        for name, words in likes.segments.items()
    }
    far = np.abs(new.score - old.score)
    # Ids settle ties, so that rows in another order give the same examples.
    places = np.lexsort((likes.event_id.astype(str), -far))
    shown = [place for place in places.tolist() if moved[place]][:EXAMPLES_MAX]
    examples = tuple(_example(likes, old, new, place) for place in shown)
    return Comparison(_name(before), _name(after), len(likes), changes, segments, examples)


def answers(likes: Likes, model: Model | None) -> Answer:
    """Give the settled answers under a model; None: the evidence alone."""
    plain = unaided(likes.score["settled"], likes.states, likes.nats)
    if model is None:
        return plain
    return strengthen(
        model.parts["settled"],
        plain,
        likes.matrix["settled"],
        is_new=likes.is_new,
        owned=likes.owned,
    )


def _name(model: Model | None) -> str:
    return NONE if model is None else model.version


def _by_word(
    words: NDArray[np.object_], marks: Mapping[str, NDArray[np.bool_]]
) -> dict[str, dict[str, int]]:
    table = {}
    for word in sorted({str(word) for word in words.tolist()}):
        chosen = words == word
        counts = {name: int((mark & chosen).sum()) for name, mark in marks.items()}
        if any(counts.values()):
            table[word] = {"likes": int(chosen.sum()), **counts}
    return table


def _example(likes: Likes, old: Answer, new: Answer, place: int) -> dict[str, Any]:
    return {
        "event_id": str(likes.event_id[place]),
        "state_before": COUNT_STATES[old.states[place]],
        "state_after": COUNT_STATES[new.states[place]],
        "score_before": round(float(old.score[place]), 4),
        "score_after": round(float(new.score[place]), 4),
        **{name: str(words[place]) for name, words in likes.segments.items()},
    }
