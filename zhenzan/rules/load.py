"""From texts to rules: reads files, checks them together, and tells every fault at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TypeVar

from zhenzan.errors import RuleError, nearest
from zhenzan.rules import tree
from zhenzan.rules.canonical import render
from zhenzan.rules.check import check_list, check_rule
from zhenzan.rules.examples import check_examples
from zhenzan.rules.faults import Fault, Source, fault_of_file, raise_faults, refusal
from zhenzan.rules.grammar import parse
from zhenzan.rules.limits import FILE_BYTES_MAX, RULES_MAX

SUFFIX = ".rule"

_Part = TypeVar("_Part", tree.Rule, tree.ListOf)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Rules and lists by name, with the document that each file holds."""

    rules: Mapping[str, tree.Rule]
    lists: Mapping[str, tree.ListOf]
    documents: Mapping[str, tree.Document]


def load_texts(texts: Mapping[str, str | bytes]) -> Loaded:
    """Parse and check texts together.

    Parameters
    ----------
    texts
        Text by the name that messages show.

    Raises
    ------
    RuleError
        With every fault of every text.
    """
    faults: list[Fault] = []
    sources: dict[str, Source] = {}
    for name, content in texts.items():
        decoded = _decoded(name, content)
        if isinstance(decoded, Fault):
            faults.append(decoded)
        else:
            sources[name] = Source(name, decoded)
    documents = {name: parse(source) for name, source in sources.items()}
    lists = _unique([(sources[n], part) for n, d in documents.items() for part in d.lists])
    rules = _unique([(sources[n], part) for n, d in documents.items() for part in d.rules])
    for name, document in documents.items():
        for part in document.lists:
            check_list(part, sources[name])
        for rule in document.rules:
            check_rule(rule, lists, sources[name])
    for name, document in documents.items():
        if not sources[name].faults:
            check_examples(document.rules, lists, sources[name])
    faults += [fault for source in sources.values() for fault in source.faults]
    if len(rules) > RULES_MAX:
        message = f"{len(rules)} rules are too many"
        faults.append(fault_of_file("RL013", next(iter(texts)), message, f"at most {RULES_MAX}"))
    raise_faults(faults)
    return Loaded(rules, lists, documents)


def load_paths(paths: Iterable[Path]) -> Loaded:
    """Load files, and all files of folders that end in ``.rule``.

    Raises
    ------
    RuleError
        A file cannot be read, or has faults.
    """
    texts: dict[str, str | bytes] = {}
    faults: list[Fault] = []
    for path in paths:
        found = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
        if not found:
            hint = f"files of rules end in `{SUFFIX}`"
            faults.append(fault_of_file("RL023", str(path), "the folder holds no rule", hint))
        for file in found:
            try:
                if file.stat().st_size > FILE_BYTES_MAX:
                    texts[str(file)] = b"\0" * (FILE_BYTES_MAX + 1)
                else:
                    texts[str(file)] = file.read_bytes()
            except OSError as error:
                reason = error.strerror or str(error)
                faults.append(fault_of_file("RL023", str(file), f"cannot be read: {reason}"))
    try:
        loaded = load_texts(texts)
    except RuleError as error:
        raise_faults([*faults, *(f for f in error.faults if isinstance(f, Fault))])
        raise
    raise_faults(faults)
    return loaded


def load_shipped() -> Loaded:
    """Load the rules that come with the product."""
    folder = resources.files("zhenzan.rules") / "shipped"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(SUFFIX)), key=lambda f: f.name)
    return load_texts({file.name: file.read_bytes() for file in files})


def format_text(name: str, text: str | bytes) -> str:
    """Write a text in canonical form; only its grammar has to be right.

    Raises
    ------
    RuleError
        The text cannot be parsed.
    """
    decoded = _decoded(name, text)
    if isinstance(decoded, Fault):
        raise_faults([decoded])
    assert isinstance(decoded, str)
    source = Source(name, decoded)
    document = parse(source)
    raise_faults(source.faults)
    return render(document)


def _decoded(name: str, content: str | bytes) -> str | Fault:
    size = len(content.encode("utf-8", "replace") if isinstance(content, str) else content)
    if size > FILE_BYTES_MAX:
        message = f"the file is longer than {FILE_BYTES_MAX:,} bytes"
        return fault_of_file("RL013", name, message, "put lists into files of their own")
    if isinstance(content, str):
        return content
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"byte {error.start + 1} is not UTF-8"
        return fault_of_file("RL023", name, message, "save the file as UTF-8")


def _unique(parts: list[tuple[Source, _Part]]) -> dict[str, _Part]:
    found: dict[str, _Part] = {}
    for source, part in parts:
        if part.name in found and part.name:
            source.note("RL015", part.span, f"`{part.name}` is there already")
        found.setdefault(part.name, part)
    return found


def pick(loaded: Loaded, name: str | None) -> tree.Rule:
    """Choose a rule by name, or the only one.

    Raises
    ------
    RuleError
        No rule has the name, or there are several and none is named.
    """
    if name is None and len(loaded.rules) == 1:
        return next(iter(loaded.rules.values()))
    if name is None:
        words = ", ".join(f"`{word}`" for word in sorted(loaded.rules)) or "none"
        hint = f"name one with `--rule`: {words}"
        raise refusal("RL033", "rules", f"the text holds {len(loaded.rules)} rules", hint)
    if name not in loaded.rules:
        raise refusal("RL033", name, "no such rule", nearest(name, loaded.rules))
    return loaded.rules[name]


def format_files(paths: Iterable[Path], *, write: bool) -> list[Path]:
    """Bring files into canonical form; return those that were not in it.

    Raises
    ------
    RuleError
        A file cannot be read or parsed; then no file is written.
    """
    changed: dict[Path, str] = {}
    faults: list[Fault] = []
    for path in paths:
        for file in sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]:
            try:
                before = file.read_bytes()
                after = format_text(str(file), before)
            except OSError as error:
                reason = error.strerror or str(error)
                faults.append(fault_of_file("RL023", str(file), f"cannot be read: {reason}"))
            except RuleError as error:
                faults += [fault for fault in error.faults if isinstance(fault, Fault)]
            else:
                if before != after.encode():
                    changed[file] = after
    raise_faults(faults)
    for file, text in changed.items() if write else ():
        file.write_text(text, encoding="utf-8")
    return list(changed)
