"""Writes docs/reference from the registries, so that no page is kept by hand.

With ``--check`` nothing is written; the exit status is 1 where a page is stale.
"""

from __future__ import annotations

import dataclasses
import importlib
import sys
from pathlib import Path

from zhenzan import errors
from zhenzan.cli import VERBS
from zhenzan.cli.settings import table
from zhenzan.detectors.registry import all_detectors
from zhenzan.features.library import FEATURES
from zhenzan.glossary import FAMILIES, GROUP_KINDS, GROUP_ROLES, WORDS
from zhenzan.rules.faults import CODES
from zhenzan.rules.listing import readable_rows
from zhenzan.rules.load import load_shipped
from zhenzan.rules.page import page_of

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
NOTE = "<!-- Written by `make docs`; change the code instead. -->\n"


def _rows(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    cells = ((str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) for row in lines)
    return "\n".join("| " + " | ".join(row) + " |" for row in cells) + "\n"


def _settings() -> str:
    rows = [
        (f"`{r['name']}`", f"{r['default']:,}", f"{r['low']:,} to {r['high']:,}", r["sentence"])
        for r in table()
    ]
    text = (
        "# Settings\n\n"
        "A value comes from the flag, else the environment (`ZHENZAN_` and the name in capitals), "
        "else the settings file, else the default.\n"
        "An unknown name is an error.\n"
        "`zhenzan settings` prints each value and where it came from.\n\n"
    )
    return text + _rows(("setting", "default", "limits", "meaning"), rows)


def _errors() -> str:
    classes = [errors.ZhenzanError, *errors.ZhenzanError.__subclasses__()]
    rows = [
        (f"`{c.code}`", c.__name__, (c.__doc__ or "").split("\n")[0])
        for c in sorted(classes, key=lambda c: c.code)
    ]
    text = "# Errors\n\nThe command line prints the code and exits with 2.\n\n"
    return text + _rows(("code", "class", "when"), rows)


def _features() -> str:
    rows = [
        (
            f"`{f.name}`",
            ", ".join(f.key),
            f.agg + (f" of {f.column}" if f.column else ""),
            f.window or "lifetime",
            f.sentence,
        )
        for f in sorted(FEATURES, key=lambda f: f.name)
    ]
    text = f"# Features\n\n{len(rows)} built in.\n\n"
    return text + _rows(("feature", "key", "aggregate", "window", "meaning"), rows)


def _detectors() -> str:
    text = "# Detectors\n\nEach measures one signal per like.\n"
    text += "None of them excludes a like alone: see [the safety rules](../concepts.md).\n"
    for detector in all_detectors():
        doc = importlib.import_module(detector.measure.__module__).__doc__ or ""
        when = "settled only" if detector.settled else "at once and settled"
        edges = ", ".join(f"{edge:g}" for edge in detector.edges)
        reads = ", ".join(f"`{name}`" for name in detector.reads)
        text += (
            f"\n## {detector.code} {detector.name}\n\n{doc.strip()}\n\n"
            f"- Family: {detector.family.word}; answers: {when}; unit: {detector.unit}.\n"
            f"- Bin edges: {edges}; the {detector.suspicious} end speaks for an inauthentic like.\n"
            f"- Reads: {reads}.\n"
            f"- Reason: {detector.reason} / {detector.reason_zh}\n"
        )
    return text


def _words() -> str:
    text = "# Words\n\nOne idea, one word, in English and simplified Chinese.\n"
    chapters = (
        ("The product", WORDS),
        ("Evidence families", FAMILIES),
        ("Kinds of group", GROUP_KINDS),
        ("Roles in a group", GROUP_ROLES),
    )
    for title, words in chapters:
        rows = [tuple(dataclasses.astuple(word)) for word in words.values()]
        text += f"\n## {title}\n\n" + _rows(("English", "中文", "meaning", "含义"), rows)
    return text


def _commands() -> str:
    text = "# Commands\n\nExit 0: fine; 1: the answer is bad; 2: it could not run.\n"
    text += "Every command knows `-h` and `--json`.\n\n"
    rows = [(f"`zhenzan {verb}`", sentence) for verb, sentence in VERBS.items()]
    return text + _rows(("command", "what it does"), rows)


def _rules() -> str:
    text = "# What rules may read, and what can be wrong with them\n\n"
    text += "How to write a rule: [rules](../rules.md).\n\n## Names\n\n"
    text += "`zhenzan rules list --names` prints the same.\n\n"
    names = [tuple(f"`{v}`" if k == "name" else v for k, v in r.items()) for r in readable_rows()]
    text += _rows(("name", "measures", "families", "known", "meaning"), names)
    codes = [(f"`{code}`", sentence) for code, sentence in CODES.items()]
    return text + "\n## Codes of faults\n\n" + _rows(("code", "when"), codes)


PAGES = {
    "commands.md": _commands,
    "detectors.md": _detectors,
    "errors.md": _errors,
    "features.md": _features,
    "rules.md": _rules,
    "settings.md": _settings,
    "words.md": _words,
}


def _rule_pages() -> dict[Path, str]:
    rules = load_shipped().rules
    folder = FOLDER.parent / "rules"
    pages = {folder / f"{name}.md": NOTE + page_of(rule) for name, rule in rules.items()}
    text = "# Rules that are shipped\n\nNone is live before it is published into a rulebook: "
    text += "see [how to write and publish rules](../rules.md).\n\n"
    rows = [
        (f"[{name}]({name}.md)", rule.family, rule.then.side, rule.about or rule.reason)
        for name, rule in rules.items()
    ]
    table = _rows(("rule", "family", "effect", "what it sees"), rows)
    return {**pages, folder / "README.md": NOTE + text + table}


def main() -> int:
    """Write the pages, or with ``--check`` name the stale ones."""
    check = "--check" in sys.argv[1:]
    stale = []
    pages = {FOLDER / name: NOTE + write() for name, write in PAGES.items()}
    for path, text in (pages | _rule_pages()).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(path.name)
            if not check:
                path.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"{name}: {'stale; run `make docs`' if check else 'written'}")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
