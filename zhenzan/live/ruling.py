"""The rules of analysts in the live service: in force from the next group on, never inside one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from zhenzan.detectors.interface import Likes
from zhenzan.errors import ZhenzanError
from zhenzan.events.codes import CodeTable
from zhenzan.live.interface import Reason
from zhenzan.rules.batch import with_rules
from zhenzan.rules.book import RuleBook, Watched
from zhenzan.rules.compiled import TableCodes
from zhenzan.rules.hot import HotRules
from zhenzan.rules.joining import join_rules, put
from zhenzan.rules.ruleset import NO_RULES, CompiledRule, Mode
from zhenzan.scoring.hook import F64, I8, Answered, Decide


@dataclass(frozen=True, slots=True)
class RuledAnswers:
    """Scores and states with the live rules, and which of them fired at each like."""

    score: F64
    states: I8
    fired: list[tuple[CompiledRule, ...]]

    def reasons(self, reasons: list[tuple[Reason, ...]]) -> list[tuple[Reason, ...]]:
        """Put what the rules say among the reasons of each like."""
        speaking = [tuple(rule for rule in rules if rule.nats) for rules in self.fired]
        return [
            cast("tuple[Reason, ...]", tuple(with_rules(told, rules))) if rules else told
            for told, rules in zip(reasons, speaking, strict=True)
        ]

    def keys(self) -> list[str | None]:
        """Name the rules that fired at each like with their versions."""
        return [",".join(rule.key for rule in rules) or None for rules in self.fired]


class LiveRules:
    """Joins the rules of a book to answers at once; without a book there are none.

    What is learned from likes never sees what rules gave them, so no state depends on a rule.
    """

    def __init__(self, book: Path | None) -> None:
        self._watched = Watched(RuleBook(book)) if book is not None else None
        found = self._watched.changed() if self._watched else None
        self._first = found if found is not None else NO_RULES
        self.features = self._first.features
        self.error: str | None = None
        self._hot: HotRules | None = None
        self._codes = TableCodes({})

    def run_on(self, tables: Mapping[str, CodeTable], features: Iterable[str]) -> None:
        """Say what the engine measures and which codes it gives."""
        self._hot = HotRules(features, self._first)
        self._codes = TableCodes(tables)

    def look(self) -> None:
        """Take over what was done to the book; a set that cannot run leaves the old one."""
        if self._watched is None or self._hot is None:
            return
        try:
            changed = self._watched.changed()
            if changed is not None:
                self._hot.swap(changed)
                self.error = None
        except ZhenzanError as error:
            self.error = str(error).split("\n")[0]

    def join(self, likes: Likes, answer: Answered, decide: Decide) -> RuledAnswers:
        """Give the answers with the live rules; shadow rules change nothing."""
        score, nats, states = answer
        rules = self._hot.current if self._hot is not None else NO_RULES
        if not len(rules):
            return RuledAnswers(score, states, [()] * len(score))
        effects = rules.apply({**likes, "evidence": nats}, self._codes)
        ruled = join_rules(score, nats, effects, decide, holds=True)
        live = effects.of(Mode.LIVE)
        fired: list[tuple[CompiledRule, ...]] = [()] * len(score)
        for like in np.flatnonzero(live.fired.any(axis=1)).tolist():
            fired[like] = tuple(live.rules[place] for place in np.flatnonzero(live.fired[like]))
        return RuledAnswers(
            put(score, ruled.rows, ruled.answer.score),
            put(states, ruled.rows, ruled.answer.states),
            fired,
        )
