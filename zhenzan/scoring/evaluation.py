"""Measures a scoring run against the truth: what was caught, who was harmed, how fast.

Camouflage likes stand on neither side: nobody ordered them and nobody meant them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhenzan.clock import SECOND_US
from zhenzan.errors import SchemaError, nearest
from zhenzan.events.state import CountState

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

HARM_LEVELS: tuple[float, ...] = (0.0001, 0.001, 0.01)
"""Shares of honest likes at which recall is told; 0.1 % is the level of design.md."""

BINS = 10

_LIKES = ("event_id", "ts", "score", "score_at_once", "count_state", "count_state_at_once")
_LABELS = ("event_id", "is_inauthentic", "role", "attack", "stealth", "twin", "group_id")


@dataclass(frozen=True, slots=True)
class Caught:
    """How the likes of one attack, or of all, fared against all honest likes.

    ``recall`` holds, per level of honest harm, the share of these likes that a threshold with
    no more harm than that would catch. ``excluded`` and ``held`` are shares by count state.
    ``delay_s`` is the median time from a group's first ordered like to its first one that was
    not counted at once; groups never noticed are only in ``groups_missed``.
    """

    attack: str
    stealth: str
    likes: int
    average_precision: float
    average_precision_at_once: float
    recall: dict[str, float]
    recall_at_once: dict[str, float]
    excluded: float
    held: float
    excluded_at_once: float
    held_at_once: float
    groups: int
    groups_missed: int
    delay_s: float | None


@dataclass(frozen=True, slots=True)
class Harm:
    """Which share of honest likes was not counted, for one twin or for everybody."""

    twin: str
    likes: int
    excluded: float
    held: float
    excluded_at_once: float
    held_at_once: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that ``zhenzan evaluate`` tells."""

    likes: int
    likes_honest: int
    likes_inauthentic: int
    likes_camouflage: int
    likes_unlabelled: int
    overall: Caught
    attacks: tuple[Caught, ...]
    harm: Harm
    twins: tuple[Harm, ...]
    calibration_error: float
    calibration_error_at_once: float

    def as_dict(self) -> dict[str, Any]:
        """Turn the evaluation into plain values for JSON; what is undefined becomes null."""
        plain = _plain(asdict(self))
        assert isinstance(plain, dict)
        return plain

    def text(self) -> str:
        """Write the evaluation as a table for people."""
        return "\n".join([*_head(self), "", *_attack_table(self), "", *_harm_table(self)])


def evaluate(likes: pa.Table, labels: pa.Table) -> Evaluation:
    """Join scored likes to their labels and measure.

    Parameters
    ----------
    likes
        The ``likes.parquet`` of a scoring run.
    labels
        One row per interaction with its truth; rows that are no scored like are ignored.

    Raises
    ------
    SchemaError
        A column is missing, an event id of the labels repeats, or no like has a label.
    """
    _need(likes, _LIKES, "likes")
    _need(labels, _LABELS, "labels")
    joined, unlabelled = _join(likes, labels)
    truth = _Truth.of(joined)
    marks = _marks(joined["attack"], joined["stealth"])
    marks_inauthentic = sorted(set(marks[truth.inauthentic].tolist()))
    twins = np.array(pc.fill_null(joined["twin"], "").to_pylist(), dtype=object)
    honest_twins = sorted(set(twins[truth.honest].tolist()) - {""})
    judged = truth.honest | truth.inauthentic
    return Evaluation(
        likes=len(joined),
        likes_honest=int(truth.honest.sum()),
        likes_inauthentic=int(truth.inauthentic.sum()),
        likes_camouflage=int((~judged).sum()),
        likes_unlabelled=unlabelled,
        overall=truth.caught(truth.inauthentic, "all", ""),
        attacks=tuple(
            truth.caught(truth.inauthentic & (marks == mark), *mark.split("\n"))
            for mark in marks_inauthentic
        ),
        harm=truth.harm(truth.honest, "everybody"),
        twins=tuple(truth.harm(truth.honest & (twins == twin), twin) for twin in honest_twins),
        calibration_error=calibration_error(truth.score[judged], truth.inauthentic[judged]),
        calibration_error_at_once=calibration_error(
            truth.score_at_once[judged], truth.inauthentic[judged]
        ),
    )


def average_precision(score: Floats, positive: Bools) -> float:
    """Sum precision over the recall that each distinct score adds; equal scores enter together.

    NaN where nothing is positive.

    Examples
    --------
    >>> average_precision(np.array([0.9, 0.5, 0.5]), np.array([True, True, False]))
    0.8333333333333333
    """
    total = int(positive.sum())
    if total == 0:
        return float("nan")
    order = np.argsort(-score, kind="stable")
    ranked, hits = score[order], np.cumsum(positive[order])
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    precision = hits[last] / (last + 1)
    gained = np.diff(np.concatenate([[0], hits[last]])) / total
    return float((precision * gained).sum())


def recall_at_harm(honest: Floats, inauthentic: Floats, *, harm: float) -> float:
    """Tell the best recall of a threshold that catches at most this share of honest likes.

    Examples
    --------
    >>> recall_at_harm(np.array([0.1, 0.6]), np.array([0.6, 0.9]), harm=0.0)
    0.5
    """
    if len(inauthentic) == 0:
        return float("nan")
    allowed = int(harm * len(honest) + 1e-9)
    if allowed >= len(honest):
        return 1.0
    # A threshold that spares this honest like must lie above it, whatever shares its score.
    spared = np.partition(honest, len(honest) - 1 - allowed)[len(honest) - 1 - allowed]
    return float((inauthentic > spared).mean())


def calibration_error(score: Floats, positive: Bools) -> float:
    """Tell the mean gap between score and truth over ten bins of equal width, by size."""
    if len(score) == 0:
        return float("nan")
    place = np.minimum((score * BINS).astype(np.int64), BINS - 1)
    said = np.bincount(place, weights=score, minlength=BINS)
    was = np.bincount(place, weights=positive.astype(np.float64), minlength=BINS)
    return float(np.abs(said - was).sum() / len(score))


@dataclass(frozen=True, slots=True)
class _Truth:
    """The joined likes as arrays."""

    ts: NDArray[np.int64]
    score: Floats
    score_at_once: Floats
    state: NDArray[np.int8]
    state_at_once: NDArray[np.int8]
    group: NDArray[np.int64]
    honest: Bools
    inauthentic: Bools

    @classmethod
    def of(cls, joined: pa.Table) -> _Truth:
        group = pc.fill_null(joined["group_id"], "").combine_chunks().dictionary_encode()
        inauthentic = joined["is_inauthentic"].to_numpy().astype(np.bool_)
        return cls(
            ts=joined["ts"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_numpy(),
            score=joined["score"].to_numpy().astype(np.float64),
            score_at_once=joined["score_at_once"].to_numpy().astype(np.float64),
            state=_states(joined["count_state"]),
            state_at_once=_states(joined["count_state_at_once"]),
            group=group.indices.to_numpy().astype(np.int64),
            honest=pc.equal(joined["role"], "honest").to_numpy().astype(np.bool_) & ~inauthentic,
            inauthentic=inauthentic,
        )

    def caught(self, chosen: Bools, attack: str, stealth: str) -> Caught:
        """Measure one attack against all honest likes."""
        both = chosen | self.honest
        groups, missed, delay_s = self._delay(chosen)
        return Caught(
            attack=attack,
            stealth=stealth,
            likes=int(chosen.sum()),
            average_precision=average_precision(self.score[both], chosen[both]),
            average_precision_at_once=average_precision(self.score_at_once[both], chosen[both]),
            recall=self._recalls(self.score, chosen),
            recall_at_once=self._recalls(self.score_at_once, chosen),
            excluded=_share(self.state[chosen], CountState.EXCLUDED),
            held=_share(self.state[chosen], CountState.HELD),
            excluded_at_once=_share(self.state_at_once[chosen], CountState.EXCLUDED),
            held_at_once=_share(self.state_at_once[chosen], CountState.HELD),
            groups=groups,
            groups_missed=missed,
            delay_s=delay_s,
        )

    def harm(self, chosen: Bools, twin: str) -> Harm:
        """Measure what happened to one set of honest likes."""
        return Harm(
            twin=twin,
            likes=int(chosen.sum()),
            excluded=_share(self.state[chosen], CountState.EXCLUDED),
            held=_share(self.state[chosen], CountState.HELD),
            excluded_at_once=_share(self.state_at_once[chosen], CountState.EXCLUDED),
            held_at_once=_share(self.state_at_once[chosen], CountState.HELD),
        )

    def _recalls(self, score: Floats, chosen: Bools) -> dict[str, float]:
        return {
            f"{harm:.2%}": recall_at_harm(score[self.honest], score[chosen], harm=harm)
            for harm in HARM_LEVELS
        }

    def _delay(self, chosen: Bools) -> tuple[int, int, float | None]:
        """Count groups, groups never noticed, and the median delay of the others in seconds."""
        groups, where = np.unique(self.group[chosen], return_inverse=True)
        never = np.iinfo(np.int64).max
        first = np.full(len(groups), never)
        noticed = np.full(len(groups), never)
        ts = self.ts[chosen]
        np.minimum.at(first, where, ts)
        stopped = self.state_at_once[chosen] != CountState.COUNTED
        np.minimum.at(noticed, where[stopped], ts[stopped])
        found = noticed < never
        delay = (noticed[found] - first[found]) / SECOND_US
        return len(groups), int((~found).sum()), float(np.median(delay)) if len(delay) else None


def _need(table: pa.Table, columns: Sequence[str], name: str) -> None:
    for column in columns:
        if column not in table.column_names:
            raise SchemaError(
                f"the {name} have no column `{column}`", hint=nearest(column, table.column_names)
            )


def _join(likes: pa.Table, labels: pa.Table) -> tuple[pa.Table, int]:
    """Attach the label of each like; tell how many likes have none."""
    known = pc.is_in(labels["event_id"], value_set=likes["event_id"].combine_chunks())
    labels = labels.filter(known)
    ids = labels["event_id"].combine_chunks()
    if pc.count_distinct(ids).as_py() != len(ids):
        raise SchemaError("an event id of the labels repeats", hint="keep one label per event")
    place = pc.index_in(likes["event_id"], value_set=ids)
    unlabelled = place.null_count
    likes = likes.select(list(_LIKES)).filter(pc.is_valid(place))
    if len(likes) == 0:
        raise SchemaError("no scored like has a label", hint="are both files of the same log?")
    truth = labels.select(list(_LABELS[1:])).take(pc.drop_null(place))
    for name in truth.column_names:
        likes = likes.append_column(name, truth[name])
    return likes.combine_chunks(), unlabelled


def _states(column: pa.ChunkedArray) -> NDArray[np.int8]:
    words = pa.array([state.word for state in CountState])
    found = pc.index_in(column.cast(pa.string()), value_set=words)
    if found.null_count:
        raise SchemaError("a count state is unknown", hint=nearest("", words.to_pylist()))
    return np.asarray(found.to_numpy(), dtype=np.int8)


def _marks(attack: pa.ChunkedArray, stealth: pa.ChunkedArray) -> NDArray[np.object_]:
    parts = [pc.fill_null(column.cast(pa.string()), "") for column in (attack, stealth)]
    joined = pc.binary_join_element_wise(*parts, "\n")
    return np.array(joined.to_pylist(), dtype=object)


def _share(states: NDArray[np.int8], state: CountState) -> float:
    return float((states == state).mean()) if len(states) else float("nan")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and np.isnan(value) else value


def _head(result: Evaluation) -> list[str]:
    best = result.overall
    return [
        (
            f"{result.likes:,} likes: {result.likes_honest:,} honest, "
            f"{result.likes_inauthentic:,} inauthentic, {result.likes_camouflage:,} camouflage, "
            f"{result.likes_unlabelled:,} without label"
        ),
        (
            f"average precision {best.average_precision:.4f} settled, "
            f"{best.average_precision_at_once:.4f} at once"
        ),
        (
            f"calibration error {result.calibration_error:.4f} settled, "
            f"{result.calibration_error_at_once:.4f} at once"
        ),
    ]


def _attack_table(result: Evaluation) -> list[str]:
    levels = list(result.overall.recall)
    head = ["attack", "stealth", "likes", "AP", "AP once"]
    head += [f"R@{level}" for level in levels]
    head += [f"once R@{levels[1]}", "excluded", "held", "groups missed", "delay"]
    rows = [head]
    for row in (result.overall, *result.attacks):
        delay = "-" if row.delay_s is None else f"{row.delay_s:,.0f} s"
        rows.append(
            [row.attack, row.stealth, f"{row.likes:,}"]
            + [f"{row.average_precision:.3f}", f"{row.average_precision_at_once:.3f}"]
            + [f"{row.recall[level]:.3f}" for level in levels]
            + [f"{row.recall_at_once[levels[1]]:.3f}", f"{row.excluded:.1%}", f"{row.held:.1%}"]
            + [f"{row.groups_missed}/{row.groups}", delay]
        )
    return _align(rows, words=2)


def _harm_table(result: Evaluation) -> list[str]:
    rows = [["honest likes of", "likes", "excluded", "held", "excluded at once", "held at once"]]
    for row in (result.harm, *result.twins):
        shares = (row.excluded, row.held, row.excluded_at_once, row.held_at_once)
        rows.append([row.twin, f"{row.likes:,}", *(f"{share:.3%}" for share in shares)])
    return _align(rows, words=1)


def _align(rows: list[list[str]], *, words: int) -> list[str]:
    """Set columns of equal width: words to the left, numbers to the right."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if place < words else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines
