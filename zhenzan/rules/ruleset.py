"""A set of compiled rules: applied to the likes of a batch, swapped as a whole."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from zhenzan.detectors.interface import Family, Likes
from zhenzan.features.library import FEATURES
from zhenzan.rules import tree
from zhenzan.rules.canonical import content_hash
from zhenzan.rules.check import names_in
from zhenzan.rules.compiled import Bools, Codes, Condition, Frame, compile_condition
from zhenzan.rules.values import moment_us

_FEATURE_NAMES = frozenset(feature.name for feature in FEATURES)
_FAMILIES = {family.word: family for family in Family}


class Mode(enum.IntEnum):
    """What may come of a rule: nothing but a record of it, or an effect."""

    SHADOW = 0
    LIVE = 1

    @property
    def word(self) -> str:
        """The word used in outputs and the rulebook."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRule:
    """One rule, ready to run.

    Attributes
    ----------
    rule
        What it says.
    content
        Fingerprint of what it says.
    mode
        Whether it may have an effect.
    family
        The kind of evidence that it adds.
    nats
        What it adds: above zero for an inauthentic like, below for an authentic one, 0 for a hold.
    settled
        True if it reads what is known only when a like settles.
    reads
        Names in ``Likes`` that its condition needs.
    """

    rule: tree.Rule
    content: str
    mode: Mode
    family: Family
    nats: float
    settled: bool
    reads: frozenset[str]
    condition: Condition

    @property
    def key(self) -> str:
        """Name the rule with its version, as in ``shop_sweep@2``: what a decision cites."""
        return f"{self.rule.name}@{self.rule.version}"

    @property
    def holds(self) -> bool:
        """Tell whether the rule holds likes in place of adding evidence."""
        return self.rule.then.side == "hold"

    def fires(self, frame: Frame) -> Bools:
        """Tell at which likes the rule fires: in its time, and where its condition holds."""
        start, end = (moment_us(d.second) for d in (self.rule.valid_from, self.rule.valid_until))
        in_time = (frame.ts >= start) & (frame.ts < end)
        return np.broadcast_to(self.condition(frame)[0], in_time.shape) & in_time


def compile_rule(
    rule: tree.Rule, lists: Mapping[str, tree.ListOf], mode: Mode = Mode.SHADOW
) -> CompiledRule:
    """Compile a rule that was checked."""
    read = names_in(rule.when).values()
    weight = float(rule.then.nats.digits) if rule.then.nats else 0.0
    return CompiledRule(
        rule=rule,
        content=content_hash(rule),
        mode=mode,
        family=_FAMILIES[rule.family],
        nats=-weight if rule.then.side == "against" else weight,
        settled=any(readable.settled for readable in read),
        reads=frozenset(name for readable in read for name in readable.reads),
        condition=compile_condition(rule.when, lists),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """Which rules fired at which likes.

    Attributes
    ----------
    rules
        The rules of the set.
    fired
        Shape (likes, rules).
    """

    rules: tuple[CompiledRule, ...]
    fired: Bools

    def of(self, mode: Mode) -> Effects:
        """Keep the rules of one mode."""
        chosen = [place for place, rule in enumerate(self.rules) if rule.mode == mode]
        return Effects(tuple(self.rules[place] for place in chosen), self.fired[:, chosen])

    def without(self, key: str) -> Effects:
        """Leave one version of a rule out."""
        chosen = [place for place, rule in enumerate(self.rules) if rule.key != key]
        return Effects(tuple(self.rules[place] for place in chosen), self.fired[:, chosen])

    def silenced(self, likes: Bools, family: Family) -> Effects:
        """Silence the rules of one family at some likes."""
        theirs = np.array([rule.family == family for rule in self.rules], np.bool_)
        return replace(self, fired=self.fired & ~(likes[:, None] & theirs))


class RuleSet:
    """Rules that run together. Never changes: a swap puts another set in its place."""

    def __init__(self, rules: Iterable[CompiledRule]) -> None:
        self.rules = tuple(sorted(rules, key=lambda rule: (rule.rule.name, rule.rule.version)))
        keys = [rule.key for rule in self.rules]
        assert len(set(keys)) == len(keys), "a version stands in a set once"

    def __len__(self) -> int:
        """Count the rules."""
        return len(self.rules)

    @property
    def features(self) -> frozenset[str]:
        """Name the window features that the rules read; an engine must measure them."""
        return self.reads & _FEATURE_NAMES

    @property
    def reads(self) -> frozenset[str]:
        """Name every array that the rules read."""
        return frozenset(name for rule in self.rules for name in rule.reads)

    def apply(self, likes: Likes, codes: Codes) -> Effects:
        """Run the rules that need no hindsight over the likes of a batch.

        Parameters
        ----------
        likes
            Features, traces and columns as ``SignalSource.update`` gives them, ``ts`` among them;
            ``evidence`` (likes, families) as well where rules read it. What is missing is unknown.
        codes
            Finds the codes of strings that rules name.
        """
        return self._apply(Frame(likes, codes), settled=False)

    def apply_settled(self, likes: Likes, codes: Codes) -> Effects:
        """Run the rules that need hindsight; signals of detectors stand under their codes."""
        return self._apply(Frame(likes, codes), settled=True)

    def _apply(self, frame: Frame, *, settled: bool) -> Effects:
        fired = np.zeros((len(frame.ts), len(self.rules)), np.bool_)
        with np.errstate(all="ignore"):
            for place, rule in enumerate(self.rules):
                if rule.settled == settled:
                    fired[:, place] = rule.fires(frame)
        return Effects(self.rules, fired)


NO_RULES = RuleSet(())
"""The set without rules."""
