"""The rulebook: every version of every rule with who did what to it and when, never rewritten.

A folder holds ``history.jsonl``, one record a line in the order in which things were done, the
texts by their fingerprint, and the backtest reports. What is live follows from the records alone,
so any earlier moment can be had back (requirements C2-32, C6-12, C10 of section 3).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from zhenzan.clock import Clock, as_utc, system
from zhenzan.errors import nearest
from zhenzan.files import whole_file
from zhenzan.rules import tree
from zhenzan.rules.canonical import content_hash, render
from zhenzan.rules.faults import refusal
from zhenzan.rules.load import load_texts
from zhenzan.rules.ruleset import Mode, RuleSet, compile_rule

State = Literal["draft", "shadow", "live", "retired", "stopped"]

_NEXT: dict[str, tuple[State, ...]] = {
    "none": ("draft", "shadow"),
    "draft": ("draft", "shadow", "retired"),
    "shadow": ("shadow", "live", "retired"),
    "live": ("live", "shadow", "retired"),
    "stopped": ("shadow", "live", "retired"),
    "retired": (),
}
"""Which states may follow which; a stop may follow shadow and live. Nothing goes live that was not
in shadow before, and what is retired comes back as a new version."""


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that somebody did.

    Attributes
    ----------
    at
        When, in UTC.
    action
        ``publish``, ``list``, ``stop`` or ``undo``.
    name, version
        Of the rule or list; empty and 0 where a stop concerns all rules.
    state
        What the rule is from here on.
    content
        Fingerprint of the text.
    report
        Fingerprint of the backtest report that was shown.
    note
        Why.
    """

    seq: int
    at: str
    author: str
    action: str
    name: str
    version: int
    state: str
    content: str
    report: str
    note: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How one version of a rule stands."""

    name: str
    version: int
    state: State
    content: str
    since: str
    author: str


class RuleBook:
    """A rulebook in a folder.

    Parameters
    ----------
    clock
        Says when something is done.
    """

    def __init__(self, folder: Path, *, clock: Clock = system) -> None:
        self._folder = folder
        self._clock = clock
        self._history = folder / "history.jsonl"

    @property
    def stamp(self) -> int:
        """Length of the history in bytes: it grows with everything that is done."""
        try:
            return self._history.stat().st_size
        except FileNotFoundError:
            return 0

    def records(self) -> list[Record]:
        """Read the history.

        Raises
        ------
        RuleError
            A line is damaged.
        """
        try:
            lines = self._history.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        found: list[Record] = []
        # What follows the last line end is being written at this moment, or was cut off.
        for number, line in enumerate(lines[:-1], start=1):
            try:
                record = Record(**json.loads(line))
            except (ValueError, TypeError):
                raise refusal("RL034", self._history, f"line {number} is damaged") from None
            if record.seq != number:
                raise refusal("RL034", self._history, f"line {number} has number {record.seq}")
            found.append(record)
        return found

    def standings(self) -> dict[tuple[str, int], Standing]:
        """Say how each version of each rule stands."""
        found: dict[tuple[str, int], Standing] = {}
        for record in self.records():
            if record.action == "publish":
                key = record.name, record.version
                found[key] = _standing(record, record.state)
                if record.state == "live":
                    # One version of a rule is live; the one before makes room.
                    for other, standing in found.items():
                        if other[0] == record.name and other != key and standing.state == "live":
                            found[other] = _moved(standing, record, "retired")
            elif record.action == "stop":
                for key, standing in found.items():
                    if record.name in ("", key[0]) and standing.state in ("live", "shadow"):
                        found[key] = _moved(standing, record, "stopped")
        return found

    def lists(self) -> dict[str, str]:
        """Give the fingerprint of each list as it is now."""
        return {r.name: r.content for r in self.records() if r.action == "list"}

    def publish(
        self,
        rule: tree.Rule,
        lists: Mapping[str, tree.ListOf],
        *,
        author: str,
        state: State,
        report: bytes | None = None,
        note: str = "",
    ) -> Record:
        """Put a version of a rule into a state.

        Parameters
        ----------
        rule
            Checked together with ``lists``, which become the lists of the book.
        report
            What `Backtest.as_json` wrote; needed for ``live``.

        Raises
        ------
        RuleError
            The state cannot follow the present one, the version does not follow on the last, its
            content has changed, or the report is missing or of something else.
        """
        content = content_hash(rule)
        with self._locked():
            known = self.standings()
            self._check_version(rule, content, known)
            before = known.get((rule.name, rule.version))
            was = before.state if before else "none"
            if state not in _NEXT[was]:
                allowed = ", ".join(f"`{s}`" for s in _NEXT[was]) or "nothing"
                message = f"from {was} a rule cannot become {state}"
                raise refusal("RL031", _key(rule), message, f"what may follow: {allowed}")
            shown = self._check_report(rule, content, report) if state == "live" else ""
            for part in lists.values():
                self._publish_list(part, author)
            self._keep(content, render(tree.Document((rule,))))
            return self._append(author, "publish", rule.name, rule.version, state, content, shown,
                                note)  # fmt: skip

    def stop(self, name: str, *, author: str, note: str = "") -> Record:
        """Stop a rule, or with an empty name all of them, from the next batch on.

        Raises
        ------
        RuleError
            No rule has this name.
        """
        with self._locked():
            names = {key[0] for key in self.standings()}
            if name and name not in names:
                raise refusal("RL033", name, "no such rule", nearest(name, names))
            return self._append(author, "stop", name, 0, "stopped", "", "", note)

    def note_undo(self, name: str, version: int, *, author: str, note: str) -> Record:
        """Record that everything that a version did was taken back."""
        with self._locked():
            key = name, version
            known = self.standings()
            if key not in known:
                names = {f"{n}@{v}" for n, v in known}
                hint = nearest(f"{name}@{version}", names) if names else "the book is empty"
                raise refusal("RL033", f"{name}@{version}", "no such version", hint)
            return self._append(author, "undo", name, version, known[key].state,
                                known[key].content, "", note)  # fmt: skip

    def rule_set(self) -> RuleSet:
        """Compile what is live and what runs in shadow.

        Raises
        ------
        RuleError
            A text is missing, was changed, or no longer passes the check.
        """
        running = [s for s in self.standings().values() if s.state in ("live", "shadow")]
        texts: dict[str, str | bytes] = {
            f"list {name}": self._text(content) for name, content in self.lists().items()
        }
        compiled = []
        for standing in running:
            key = f"{standing.name}@{standing.version}"
            loaded = load_texts({**texts, key: self._text(standing.content)})
            mode = Mode.LIVE if standing.state == "live" else Mode.SHADOW
            compiled.append(compile_rule(loaded.rules[standing.name], loaded.lists, mode))
        return RuleSet(compiled)

    def text_of(self, name: str, version: int) -> str:
        """Give the text of one version as it was published."""
        standing = self.standings().get((name, version))
        if standing is None:
            raise refusal("RL033", f"{name}@{version}", "no such version")
        return self._text(standing.content)

    def _check_version(
        self, rule: tree.Rule, content: str, known: Mapping[tuple[str, int], Standing]
    ) -> None:
        same = known.get((rule.name, rule.version))
        if same is not None and same.state != "draft" and same.content != content:
            message = "this version was published with another content"
            raise refusal("RL030", _key(rule), message, "write the next version")
        versions = [version for name, version in known if name == rule.name]
        if same is None and versions and rule.version <= max(versions):
            message = f"version {rule.version} does not follow on version {max(versions)}"
            hint = f"write `version {max(versions) + 1}`"
            raise refusal("RL030", _key(rule), message, hint)

    def _check_report(self, rule: tree.Rule, content: str, report: bytes | None) -> str:
        hint = "run `zhenzan rules backtest` and give its file with `--report`"
        if report is None:
            raise refusal("RL032", _key(rule), "a rule goes live with a backtest report", hint)
        try:
            told: Any = json.loads(report)
            wanted = (rule.name, rule.version, content)
            fits = (told["rule"], told["version"], told["content"]) == wanted
            likes = int(told["likes"])
        except (ValueError, TypeError, KeyError):
            raise refusal("RL032", _key(rule), "the file is no backtest report", hint) from None
        if not fits:
            message = f"the report is of {told['rule']}@{told['version']} with another content"
            raise refusal("RL032", _key(rule), message, hint)
        if likes < 1:
            raise refusal("RL032", _key(rule), "the report saw no like", hint)
        shown = hashlib.sha256(report).hexdigest()
        _write_whole(self._folder / "reports" / f"{shown}.json", report)
        return shown

    def _publish_list(self, part: tree.ListOf, author: str) -> None:
        content = content_hash(part)
        if self.lists().get(part.name) != content:
            self._keep(content, render(tree.Document((part,))))
            self._append(author, "list", part.name, 0, "", content, "", "")

    def _keep(self, content: str, text: str) -> None:
        _write_whole(self._folder / "texts" / f"{content}.rule", text.encode())

    def _text(self, content: str) -> str:
        path = self._folder / "texts" / f"{content}.rule"
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise refusal("RL034", path, "the text is missing") from None
        if hashlib.sha256(text.encode()).hexdigest() != content:
            raise refusal("RL034", path, "the text was changed after it was published")
        return text

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _append(
        self, author: str, action: str, name: str, version: int, state: str, content: str,
        report: str, note: str,
    ) -> Record:  # fmt: skip
        at = as_utc(int(self._clock() * 1e6)).isoformat(timespec="seconds")
        seq = len(self.records()) + 1
        record = Record(seq, at, author, action, name, version, state, content, report, note)
        line = json.dumps(asdict(record), ensure_ascii=False) + "\n"
        with self._history.open("ab") as file:
            whole = self._history.read_bytes().rfind(b"\n") + 1
            file.truncate(whole)  # a line that was cut off by a crash was never done
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())
        return record


class Watched:
    """Gives the rules of a book, read anew only after something was done to it.

    ``changed`` costs one look at the length of a file, so it can be asked before every batch: a
    stop takes effect at the next one.
    """

    def __init__(self, book: RuleBook) -> None:
        self._book = book
        self._stamp = -1

    def changed(self) -> RuleSet | None:
        """Give the rules if anything was done since the last call, else None."""
        stamp = self._book.stamp
        if stamp == self._stamp:
            return None
        rules = self._book.rule_set()
        self._stamp = stamp
        return rules


def _standing(record: Record, state: str) -> Standing:
    return Standing(
        record.name, record.version, _as_state(state), record.content, record.at, record.author
    )


def _moved(standing: Standing, record: Record, state: State) -> Standing:
    return Standing(
        standing.name, standing.version, state, standing.content, record.at, record.author
    )


def _as_state(word: str) -> State:
    states: Iterable[State] = ("draft", "shadow", "live", "retired", "stopped")
    for state in states:
        if word == state:
            return state
    raise refusal("RL034", "history.jsonl", f"`{word}` is no state")


def _key(rule: tree.Rule) -> str:
    return f"{rule.name}@{rule.version}"


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file that is named by its content: whole, or not at all."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as unfinished:
        unfinished.write_bytes(content)
