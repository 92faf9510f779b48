"""Rules inside the scoring of a whole log: at once, again when likes settle, and on record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zhenzan.detectors.interface import Family, Likes
from zhenzan.detectors.registry import all_detectors
from zhenzan.events.codes import CodeTable
from zhenzan.events.state import COUNT_STATES
from zhenzan.rules.book import RuleBook
from zhenzan.rules.compiled import TableCodes
from zhenzan.rules.faults import refusal
from zhenzan.rules.joining import Ruled, join_rules, put
from zhenzan.rules.ruleset import CompiledRule, Effects, Mode, RuleSet
from zhenzan.scoring.evidence import FAMILIES
from zhenzan.scoring.hook import F64, I8, Answered, Decide, Rows
from zhenzan.scoring.measured import Measured
from zhenzan.scoring.outputs import EVIDENCE, evidence_array
from zhenzan.scoring.reasons import FOR_MAX
from zhenzan.scoring.spill import LikeSpill

RECORDS = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("version", pa.int64(), nullable=False),
        pa.field("mode", pa.string(), nullable=False),
        pa.field("family", pa.string(), nullable=False),
        pa.field("nats", pa.float64(), nullable=False),
        pa.field("owned", pa.bool_(), nullable=False),
        pa.field("new_account", pa.bool_(), nullable=False),
        pa.field("score_without", pa.float64(), nullable=False),
        pa.field("evidence_without", EVIDENCE, nullable=False),
        pa.field("state_without", pa.string(), nullable=False),
        pa.field("state", pa.string(), nullable=False),
        pa.field("state_with_shadow", pa.string(), nullable=False),
    ]
)
"""One row per like and rule that fired at it, settled: what the like would be without any rule,
what it is, and what it would be if shadow rules were live. `undo` works from this table alone."""

FILE = "rules.parquet"


class BatchRules:
    """A set of rules at work while one log is scored; of one run only.

    Attributes
    ----------
    at_once_states
        Per batch: states without rules, with the live ones, and with shadow rules as well.
    ruled
        The settled answers at the likes at which any rule fired; None before likes settle.
    """

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self.at_once_states: list[tuple[I8, I8, I8]] = []
        self.ruled: Ruled | None = None
        self.effects = Effects(rules.rules, np.zeros((0, len(rules)), np.bool_))
        self._codes = TableCodes({})
        self._keys: dict[str, NDArray[np.bool_]] = {}
        self._codes_of = {detector.code for detector in all_detectors()}
        later = {name for rule in rules.rules if rule.settled for name in rule.reads}
        self._kept = tuple(sorted(later - {"ts"} - self._codes_of))

    @property
    def features(self) -> frozenset[str]:
        """Window features to measure beside those of the detectors."""
        return self.rules.features

    def at_once(
        self,
        likes: Likes,
        answer: Answered,
        tables: Mapping[str, CodeTable],
        decide: Decide,
    ) -> tuple[F64, I8, dict[str, NDArray[Any]]]:
        """Give scores and states at once, and matrices to keep until the likes settle."""
        if not self.at_once_states:
            self._codes = TableCodes(tables)
        score, nats, states = answer
        told: Likes = {**likes, "evidence": nats}
        effects = self.rules.apply(told, self._codes)
        ruled = join_rules(score, nats, effects, decide, holds=True)
        with_live = put(states, ruled.rows, ruled.answer.states)
        with_all = put(states, ruled.rows, ruled.would.states)
        self.at_once_states.append((states, with_live, with_all))
        kept: dict[str, NDArray[Any]] = {}
        if len(self.rules):
            kept["rules_fired"] = effects.fired
        if self._kept:
            parts = [np.asarray(told[n], np.float64).reshape(len(score), -1) for n in self._kept]
            kept["rules_read"] = np.concatenate(parts, axis=1)
        return put(score, ruled.rows, ruled.answer.score), with_live, kept

    def settled(
        self,
        answer: Answered,
        spill: LikeSpill,
        measured: Measured,
        *,
        decide: Decide,
        benign: NDArray[np.bool_],
    ) -> Answered:
        """Give the settled answer with rules: those that fired at once, and those of hindsight."""
        score, nats, states = answer
        fired = self._fired(spill, measured)
        # What a benign group explains is no evidence of a group, whoever says it (fan clubs).
        self.effects = Effects(self.rules.rules, fired).silenced(benign, Family.GROUP)
        self._keys = {
            "owned": spill.key("merchant") >= 0,
            "new_account": spill.key("new_account").astype(np.bool_),
        }
        ruled = join_rules(score, nats, self.effects, decide, holds=False)
        self.ruled = ruled
        return (
            put(score, ruled.rows, ruled.answer.score),
            put(nats, ruled.rows, ruled.answer.nats),
            put(states, ruled.rows, ruled.answer.states),
        )

    def _fired(self, spill: LikeSpill, measured: Measured) -> NDArray[np.bool_]:
        ts = spill.key("ts")
        if not spill.count or not len(self.rules) or ts.min() == ts.max():
            # A log whose likes share one time knows none, and windows over it say nothing.
            return np.zeros((spill.count, len(self.rules)), np.bool_)
        fired = np.array(spill.wide("rules_fired", len(self.rules)))
        if any(rule.settled for rule in self.rules.rules):
            likes = self._hindsight(spill, measured)
            fired |= self.rules.apply_settled(likes, self._codes).fired
        return fired

    def _hindsight(self, spill: LikeSpill, measured: Measured) -> Likes:
        """Gather what the rules of hindsight read, as it was at once, and the later signals."""
        likes: dict[str, NDArray[Any]] = {"ts": spill.key("ts")}
        width = sum(FAMILIES if name == "evidence" else 1 for name in self._kept)
        read = spill.wide("rules_read", width) if self._kept else np.zeros((spill.count, 0))
        at = 0
        for name in self._kept:
            wide = FAMILIES if name == "evidence" else 1
            part = np.asarray(read[:, at : at + wide])
            likes[name] = part if wide > 1 else part[:, 0]
            at += wide
        rows = np.arange(spill.count)
        needed = self.rules.reads & self._codes_of
        for place, detector in enumerate(all_detectors()):
            if detector.code in needed:
                column = np.full(spill.count, place, np.int16)
                likes[detector.code] = measured.values(rows, column)
        return likes

    def reasons(self, reasons: pa.ListArray, rows: Rows) -> pa.ListArray:
        """Put what live rules say among the reasons of a like, the strongest first."""
        live = self.effects.of(Mode.LIVE)
        speaking = [place for place, rule in enumerate(live.rules) if rule.nats]
        fired = live.fired[rows][:, speaking]
        touched = np.flatnonzero(fired.any(axis=1))
        if not len(touched):
            return reasons
        rules = [live.rules[place] for place in speaking]
        lists = reasons.take(pa.array(touched)).to_pylist()
        for told, row in zip(lists, touched, strict=True):
            told[:] = with_rules(told, [rules[place] for place in np.flatnonzero(fired[row])])
        place = np.arange(len(rows))
        place[touched] = len(rows) + np.arange(len(touched))
        both = pa.chunked_array([reasons, pa.array(lists, reasons.type)])
        return pa.table({"r": both}).combine_chunks()["r"].take(pa.array(place)).combine_chunks()

    def write(self, event_id: pa.ChunkedArray, out: Path) -> dict[str, Any]:
        """Write `RECORDS`; return per rule how often it fired, and what it changed."""
        pq.write_table(self.records(event_id), out / FILE, compression="zstd")
        return self.summary()

    def records(self, event_id: pa.ChunkedArray) -> pa.Table:
        """Make the table of what each rule did to each like, settled."""
        ruled = self.ruled
        if ruled is None or not len(ruled.rows):
            return RECORDS.empty_table()
        at, place = np.nonzero(self.effects.fired[ruled.rows])
        rules, rows = self.effects.rules, ruled.rows[at]
        words = np.array(COUNT_STATES)
        columns = {
            "event_id": event_id.take(pa.array(rows)).cast(pa.string()),
            "rule": [rules[p].rule.name for p in place],
            "version": [rules[p].rule.version for p in place],
            "mode": [rules[p].mode.word for p in place],
            "family": [rules[p].family.word for p in place],
            "nats": [rules[p].nats for p in place],
            **{name: values[rows] for name, values in self._keys.items()},
            "score_without": ruled.without.score[at],
            "evidence_without": evidence_array(ruled.without.nats[at]),
            "state_without": words[ruled.without.states[at]],
            "state": words[ruled.answer.states[at]],
            "state_with_shadow": words[ruled.would.states[at]],
        }
        return pa.table({name: columns[name] for name in RECORDS.names}).cast(RECORDS)

    def summary(self) -> dict[str, Any]:
        """Count per rule the likes at which it fired, by mode."""
        fired = self.effects.fired.sum(axis=0)
        return {
            rule.key: {"mode": rule.mode.word, "fired": int(number), "content": rule.content}
            for rule, number in zip(self.effects.rules, fired, strict=True)
        }


def hook_of(folder: Path | None) -> BatchRules | None:
    """Make the rules of a rulebook ready for scoring; None where there is no rulebook.

    Raises
    ------
    RuleError
        The folder is no rulebook, or a text in it was changed.
    """
    if folder is None:
        return None
    book = RuleBook(folder)
    if not book.stamp:
        hint = "publish a rule with `zhenzan rules publish`"
        raise refusal("RL034", folder, "the folder is no rulebook", hint)
    return BatchRules(book.rule_set())


def with_rules(
    reasons: Iterable[Mapping[str, Any]], rules: Iterable[CompiledRule]
) -> list[Mapping[str, Any]]:
    """Put what rules say among the reasons of one like, the strongest first."""
    told = [*reasons, *(_reason(rule) for rule in rules)]
    accusing = sorted((r for r in told if r["side"] == "for"), key=lambda r: -r["weight"])
    return accusing[:FOR_MAX] + [r for r in told if r["side"] != "for"]


def _reason(rule: CompiledRule) -> dict[str, Any]:
    """Say why, naming the rule and its version, as a decision must (requirements, 3.4)."""
    return {
        "code": rule.key,
        "family": rule.family.word,
        "side": "for" if rule.nats > 0 else "against",
        "value": None,
        "usual_low": None,
        "usual_high": None,
        "weight": rule.nats,
        "text": f"{rule.rule.reason} (rule {rule.key})",
        "text_zh": f"{rule.rule.reason_zh}（规则 {rule.key}）",
    }
