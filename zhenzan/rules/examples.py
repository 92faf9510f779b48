"""Runs the examples of a rule: where it says that it fires it must, and spare who it spares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zhenzan.rules import tree
from zhenzan.rules.check import names_in
from zhenzan.rules.compiled import Frame, Words
from zhenzan.rules.faults import Source
from zhenzan.rules.names import Readable
from zhenzan.rules.ruleset import compile_rule
from zhenzan.rules.values import CODED, NETWORK_CLASSES, Type, moment_us, number_of


def check_examples(
    rules: Sequence[tree.Rule], lists: Mapping[str, tree.ListOf], source: Source
) -> None:
    """Take down every example that does not come out as the rule says."""
    for rule in rules:
        for example in rule.examples:
            if fires_at(rule, example, lists) != example.fires:
                told = "does not fire" if example.fires else "fires"
                message = f'the rule {told} at "{example.title}"'
                hint = f"it reads {', '.join(sorted(names_in(rule.when)))}"
                source.note("RL022", example.span, message, hint)


def fires_at(rule: tree.Rule, example: tree.Example, lists: Mapping[str, tree.ListOf]) -> bool:
    """Tell whether a rule fires at the like of an example, without regard to its own dates."""
    values = dict(example.values)
    now = values.get("ts", rule.valid_from)
    assert isinstance(now, tree.Date), "the checker compares types"
    ts = np.array([int(moment_us(now.second))])
    frame = _ExampleFrame(values, ts)
    with np.errstate(all="ignore"):
        return bool(np.all(compile_rule(rule, lists).condition(frame)[0]))


class _Texts:
    """Gives the texts of examples codes of their own."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}

    def code(self, text: str) -> int:
        return self._codes.setdefault(text, len(self._codes))

    def find(self, words: Words) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        codes = np.array([self.code(text) for text in words.texts], np.int64)
        order = np.argsort(codes)
        return codes[order], words.until_us[order]


class _ExampleFrame(Frame):
    """One like, of which only the values of an example are known."""

    def __init__(self, values: Mapping[str, tree.Literals], ts: NDArray[np.int64]) -> None:
        self._texts = _Texts()
        super().__init__({"ts": ts}, self._texts)
        self._values = values

    def read(self, readable: Readable) -> NDArray[Any]:
        coded = readable.type in CODED or readable.type == Type.NETWORK
        if readable.name == "ts":
            return self.ts.astype(np.float64)
        value = self._values.get(readable.name)
        match value:
            case tree.Text(text) if readable.type == Type.NETWORK:
                return np.array([NETWORK_CLASSES.get(text, -1)])
            case tree.Text(text):
                return np.array([self._texts.code(text)])
            case tree.Number(digits, unit):
                return np.array([number_of(digits, unit)])
            case tree.Truth(truth):
                return np.array([float(truth)])
            case tree.Date(second):
                return np.array([moment_us(second)])
        return np.array([-1 if coded else np.nan])
