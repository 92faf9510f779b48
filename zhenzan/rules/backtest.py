"""Tries a rule on history: which likes would change, whose they are, and who turned out how."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zhenzan.clock import DAY_US, as_utc
from zhenzan.errors import SchemaError, SourceError, nearest
from zhenzan.events.ingest import Ingest
from zhenzan.events.state import COUNT_STATES
from zhenzan.rules.batch import BatchRules
from zhenzan.rules.book import RuleBook
from zhenzan.rules.load import load_paths, pick
from zhenzan.rules.ruleset import CompiledRule, Mode, RuleSet, compile_rule
from zhenzan.scoring.job import Progress, Run, read, settle_run, silent, start_run
from zhenzan.scoring.spill import LikeSpill
from zhenzan.settings import Settings

SEGMENTS_MAX = 10
"""Values of a segment that a report tells; the rest are summed."""

EXAMPLES_MAX = 5
"""Examples per change of state."""

_AGES = ((3, "under 3 days"), (30, "3 to 30 days"), (180, "30 to 180 days"))
_OUTCOMES = ("inauthentic", "honest", "not known")

I8 = NDArray[np.int8]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Backtest:
    """What would change if a rule went live beside the rules that are live already.

    Attributes
    ----------
    content
        Fingerprint of the rule that was tried; publishing asks for this one.
    fired
        Likes at which the rule fires.
    changes
        By moment (``at_once``, ``settled``): changes such as ``counted to held`` with their
        number.
    outcomes
        By moment and change: how many of those likes are known to be inauthentic or honest.
    segments
        By segment and value: likes, and likes whose settled state changes.
    examples
        By change of the settled state: some of the likes.
    """

    rule: str
    version: int
    content: str
    likes: int
    first_ts: str
    last_ts: str
    fired: int
    changes: dict[str, dict[str, int]]
    outcomes: dict[str, dict[str, dict[str, int]]]
    segments: dict[str, dict[str, dict[str, int]]]
    examples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def as_json(self) -> str:
        """Write the report for `publish`."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    def text(self) -> str:
        """Write the report for people."""
        return "\n".join(_lines(self)) + "\n"


def backtest(
    ingest: Ingest,
    candidate: CompiledRule,
    settings: Settings,
    *,
    live: Sequence[CompiledRule] = (),
    outcomes: Path | None = None,
    progress: Progress | None = None,
) -> Backtest:
    """Score a log with the live rules, and note what one more rule would change.

    Parameters
    ----------
    candidate
        The rule to try; it runs in shadow whatever its mode.
    live
        Rules that are live already; an earlier version of the candidate takes no part.
    outcomes
        Parquet file with ``event_id`` and ``is_inauthentic``: labels, or what reviewers found.

    Raises
    ------
    SourceError
        The log or the outcomes cannot be read.
    SchemaError
        The outcomes lack a column.
    """
    known = None if outcomes is None else _read_outcomes(outcomes)
    others = [rule for rule in live if rule.rule.name != candidate.rule.name]
    rules = BatchRules(RuleSet([replace(candidate, mode=Mode.SHADOW), *others]))
    with LikeSpill() as spill:
        run = start_run(ingest, settings, spill, rules)
        read(run, progress or silent)
        settle_run(run, progress or silent)
        return _Report(run, rules, candidate, known).made()


def _read_outcomes(path: Path) -> pa.Table:
    try:
        names = pq.read_schema(path).names
        for name in ("event_id", "is_inauthentic"):
            if name not in names:
                raise SchemaError(f"`{path}` has no column `{name}`", hint=nearest(name, names))
        return pq.read_table(path, columns=["event_id", "is_inauthentic"])
    except (OSError, pa.ArrowException) as error:
        raise SourceError(f"`{path}` cannot be read: {error}") from error


class _Report:
    """Makes the report of one run."""

    def __init__(
        self, run: Run, rules: BatchRules, candidate: CompiledRule, known: pa.Table | None
    ) -> None:
        self._run = run
        self._rules = rules
        self._candidate = candidate
        self._known = known
        self._ids = run.spill.event_ids()

    def made(self) -> Backtest:
        ts = self._run.spill.key("ts")
        place = [r.key for r in self._rules.rules.rules].index(self._candidate.key)
        pairs = {"at_once": self._at_once(), "settled": self._settled()}
        changes, outcomes = {}, {}
        for moment, (before, after) in pairs.items():
            changed = _by_change(before, after)
            changes[moment] = {word: len(rows) for word, rows in changed.items()}
            outcomes[moment] = {word: self._outcomes(rows) for word, rows in changed.items()}
        before, after = pairs["settled"]
        return Backtest(
            rule=self._candidate.rule.name,
            version=self._candidate.rule.version,
            content=self._candidate.content,
            likes=len(ts),
            first_ts=as_utc(int(ts.min())).isoformat() if len(ts) else "",
            last_ts=as_utc(int(ts.max())).isoformat() if len(ts) else "",
            fired=int(self._rules.effects.fired[:, place].sum()),
            changes=changes,
            outcomes=outcomes if self._known is not None else {},
            segments=self._segments(before != after),
            examples={
                word: self._examples(rows) for word, rows in _by_change(before, after).items()
            },
        )

    def _at_once(self) -> tuple[I8, I8]:
        empty = np.zeros(0, np.int8)
        live = [empty, *(part[1] for part in self._rules.at_once_states)]
        would = [empty, *(part[2] for part in self._rules.at_once_states)]
        return np.concatenate(live), np.concatenate(would)

    def _settled(self) -> tuple[I8, I8]:
        ruled = self._rules.ruled
        assert ruled is not None, "the likes are settled"
        before = np.zeros(self._run.spill.count, np.int8)
        after = before.copy()
        # Where no rule fired both are the same, whatever they are.
        before[ruled.rows], after[ruled.rows] = ruled.answer.states, ruled.would.states
        return before, after

    def _outcomes(self, rows: Rows) -> dict[str, int]:
        if self._known is None or not len(rows):
            return {}
        ids = self._ids.take(pa.array(rows)).cast(pa.string()).combine_chunks()
        told = self._known.filter(pc.is_in(self._known["event_id"].cast(pa.string()), ids))
        inauthentic = pc.sum(told["is_inauthentic"].cast(pa.int64())).as_py() or 0
        answered = len(told) - told["is_inauthentic"].null_count
        numbers = (inauthentic, answered - inauthentic, len(rows) - answered)
        return dict(zip(_OUTCOMES, numbers, strict=True))

    def _segments(self, changed: NDArray[np.bool_]) -> dict[str, dict[str, dict[str, int]]]:
        spill, tables = self._run.spill, self._run.ingest.tables
        segments = {"account age": _tally(*self._ages(), changed)}
        for column in ("category", "merchant", "channel"):
            codes = spill.key(column)
            names = tables[column].strings(np.arange(len(tables[column]), dtype=np.int32))
            words = [*(names.to_pylist()), "not known"]
            segments[column] = _tally(np.where(codes < 0, len(words) - 1, codes), words, changed)
        return segments

    def _ages(self) -> tuple[NDArray[np.int64], list[str]]:
        ts, made = self._run.spill.key("ts"), self._run.spill.key("registered_us")
        days = (ts - made) / DAY_US
        code = np.searchsorted([limit for limit, _ in _AGES], days, side="right")
        words = [*(word for _, word in _AGES), "over 180 days", "not known"]
        return np.where(made < 0, len(words) - 1, code), words

    def _examples(self, rows: Rows) -> list[dict[str, Any]]:
        # Spread over the change, so that one minute of one attack does not fill the page.
        some = rows[np.linspace(0, len(rows) - 1, min(EXAMPLES_MAX, len(rows))).astype(np.int64)]
        spill, tables = self._run.spill, self._run.ingest.tables
        columns = {
            name: tables[name].strings(spill.key(name)[some]).to_pylist()
            for name in ("item", "merchant", "category", "channel")
        }
        age, words = self._ages()
        ids = self._ids.take(pa.array(some)).to_pylist()
        return [
            {
                "event_id": ids[place],
                "ts": as_utc(int(spill.key("ts")[row])).isoformat(),
                "account age": words[int(age[row])],
                **{name: values[place] for name, values in columns.items()},
            }
            for place, row in enumerate(some)
        ]


def _by_change(before: I8, after: I8) -> dict[str, Rows]:
    """Give the rows of each change, in the order of the states."""
    found: dict[str, Rows] = {}
    for source, old in enumerate(COUNT_STATES):
        for target, new in enumerate(COUNT_STATES):
            rows = np.flatnonzero((before == source) & (after == target))
            if source != target and len(rows):
                found[f"{old} to {new}"] = rows
    return found


def _tally(
    code: NDArray[np.int64], words: list[str], changed: NDArray[np.bool_]
) -> dict[str, dict[str, int]]:
    likes = np.bincount(code, minlength=len(words))
    moved = np.bincount(code[changed], minlength=len(words))
    order = [p for p in np.argsort(-moved, kind="stable")[:SEGMENTS_MAX] if moved[p]]
    told = {words[p]: {"likes": int(likes[p]), "changed": int(moved[p])} for p in order}
    rest = int(moved.sum() - moved[order].sum()) if order else 0
    if rest:
        left = int(likes.sum() - likes[order].sum())
        told["all others"] = {"likes": left, "changed": rest}
    return told


def _lines(report: Backtest) -> list[str]:
    lines = [
        f"Rule {report.rule}@{report.version} ({report.content[:12]})",
        f"{report.likes:,} likes from {report.first_ts} to {report.last_ts}",
        f"The rule fires at {report.fired:,} of them.",
    ]
    for moment, title in (("at_once", "At once"), ("settled", "Settled")):
        lines += ["", f"{title}:"]
        if not report.changes[moment]:
            lines.append("  nothing changes")
        for change, number in report.changes[moment].items():
            known = report.outcomes.get(moment, {}).get(change)
            told = ", ".join(f"{count:,} {word}" for word, count in known.items()) if known else ""
            lines.append(f"  {change}: {number:,}" + (f" ({told})" if told else ""))
    for segment, values in report.segments.items():
        if values:
            lines += ["", f"By {segment}, settled:"]
        for value, numbers in values.items():
            share = 100 * numbers["changed"] / max(numbers["likes"], 1)
            lines.append(
                f"  {value}: {numbers['changed']:,} of {numbers['likes']:,} likes ({share:.2f} %)"
            )
    for change, likes in report.examples.items():
        lines += ["", f"Examples, {change}:"]
        lines += [
            "  " + ", ".join(f"{name} {value}" for name, value in like.items() if value)
            for like in likes
        ]
    return lines


def candidate_of(
    text: Path, name: str | None, book: Path | None
) -> tuple[CompiledRule, tuple[CompiledRule, ...]]:
    """Load the rule to try, and the rules that are live in a rulebook."""
    loaded = load_paths([text])
    candidate = compile_rule(pick(loaded, name), loaded.lists)
    if book is None:
        return candidate, ()
    running = RuleBook(book).rule_set().rules
    return candidate, tuple(rule for rule in running if rule.mode == Mode.LIVE)
