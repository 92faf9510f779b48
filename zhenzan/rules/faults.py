"""What is wrong with a rule: every fault at once, each with place, caret and a stable code."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from zhenzan.errors import RuleError
from zhenzan.rules.limits import FAULTS_MAX

CODES: dict[str, str] = {
    "RL001": "A character that the language does not have.",
    "RL002": "A text has no closing quote, or holds what a text may not hold.",
    "RL003": "A number has an unknown unit, or is too large.",
    "RL004": "Something else was expected here.",
    "RL005": "No feature, signal or column has this name.",
    "RL006": "Two things cannot be compared or joined, because they measure different things.",
    "RL007": "A line that every rule needs is missing.",
    "RL008": "A line stands twice.",
    "RL009": "No family of evidence has this name.",
    "RL010": "A weight is outside its limits.",
    "RL011": "A rule ends before it begins.",
    "RL012": "A condition is nested too deeply.",
    "RL013": "A file, a condition, a list or a text is too large.",
    "RL014": "A condition would cost too much.",
    "RL015": "A name is used twice.",
    "RL016": "No list has this name.",
    "RL017": "A list holds something else than what is looked up in it.",
    "RL018": "An entry stands twice in a list.",
    "RL019": "A rule could fire without any evidence of its own family.",
    "RL020": "A condition is needed here, and this is a number or a name.",
    "RL021": "A date does not exist.",
    "RL022": "An example does not come out as the rule says.",
    "RL023": "A file is not text in UTF-8, or cannot be read.",
    "RL024": "A rule never excludes.",
    "RL025": "A comparison between constants is always the same.",
    "RL026": "A reason tells a number, and a reader could learn a threshold from it.",
    "RL027": "A value that this column never has.",
    "RL028": "A number of parts that cannot be reached, or always is.",
    "RL030": "A version does not follow the one before, or its content has changed.",
    "RL031": "A rule cannot go from its present state to this one.",
    "RL032": "A rule goes live only with a backtest report of this very content.",
    "RL033": "No rule or version has this name in the rulebook.",
    "RL034": "The rulebook is damaged.",
    "RL035": "The running service does not measure what the rule reads.",
}
"""Code of each fault and when it happens; codes are never used again."""


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a text: offsets of its characters, the end not in it."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    Attributes
    ----------
    code
        Stable, see `CODES`.
    message
        What is wrong, in one clause.
    hint
        The nearest valid thing, or what to do.
    file, line, column
        Where; counted from 1. Line 0 stands for the whole file.
    source
        The line as it stands in the file.
    width
        How many characters the caret marks.
    """

    code: str
    message: str
    hint: str
    file: str
    line: int
    column: int
    source: str
    width: int

    def text(self) -> str:
        """Write the fault with its line and a caret under the place."""
        head = f"{self.file}:{self.line}:{self.column}: {self.code} {self.message}"
        if not self.line:
            head = f"{self.file}: {self.code} {self.message}"
        lines = [head]
        if self.source.strip():
            number = str(self.line)
            before = self.source[: self.column - 1]
            marked = self.source[self.column - 1 : self.column - 1 + self.width]
            caret = _blank(before) + "^" * max(1, _columns(marked))
            lines += [f"  {number} | {self.source}", f"  {' ' * len(number)} | {caret}"]
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


class Source:
    """A text with its name, and the faults found in it so far."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self._faults: list[tuple[int, Fault]] = []
        self._dropped = 0

    @property
    def faults(self) -> tuple[Fault, ...]:
        """List the faults in the order in which they stand in the text."""
        return tuple(fault for _, fault in sorted(self._faults, key=lambda pair: pair[0]))

    def note(self, code: str, span: Span, message: str, hint: str = "") -> None:
        """Take down one fault; the same one at the same place is told once."""
        assert code in CODES, code
        if len(self._faults) >= FAULTS_MAX:
            return
        start = min(span.start, len(self.text))
        line_start = self.text.rfind("\n", 0, start) + 1
        line_end = self.text.find("\n", start)
        line_end = len(self.text) if line_end < 0 else line_end
        fault = Fault(
            code=code,
            message=message,
            hint=hint,
            file=self.name,
            line=self.text.count("\n", 0, start) + 1,
            column=start - line_start + 1,
            source="".join(_plain(c) for c in self.text[line_start:line_end]),
            width=max(1, min(span.end, line_end) - start),
        )
        if (start, fault) not in self._faults:
            self._faults.append((start, fault))


def fault_of_file(code: str, file: str, message: str, hint: str = "") -> Fault:
    """Make a fault that concerns a whole file."""
    return Fault(code, message, hint, file, 0, 0, "", 0)


def refusal(code: str, where: str | Path, message: str, hint: str = "") -> RuleError:
    """Make the error of one fault that has no place in a text."""
    fault = fault_of_file(code, str(where), message, hint)
    return RuleError(fault.text(), faults=(fault,))


def raise_faults(faults: Iterable[Fault]) -> None:
    """Raise all faults as one error; do nothing where there are none.

    Raises
    ------
    RuleError
        With every fault in ``faults`` and all of them written in its message.
    """
    found = tuple(faults)
    if not found:
        return
    text = "\n".join(fault.text() for fault in found)
    if len(found) > 1:
        text += f"\n{len(found)} faults"
    raise RuleError(text, faults=found)


def _plain(character: str) -> str:
    """Show a tab or a control character as one blank, so that the caret stands right."""
    return " " if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") else character


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in ("W", "F") else 1 for c in text)


def _blank(text: str) -> str:
    return " " * _columns(text)
