"""Imports point only downward (design.md, "Where things live")."""

from __future__ import annotations

import ast
from pathlib import Path

from sources import PACKAGE, modules, name_of, tree_of

BOTTOM = {"settings", "errors", "clock", "glossary", "kernel", "arrays", "files"}

MEASURED = BOTTOM | {"events", "features", "engine", "traces", "detectors"}
SCORED = MEASURED | {"groups", "scoring"}
SERVED = SCORED | {"rules", "store", "counts", "telemetry", "alarm"}

BELOW: dict[str, set[str]] = {
    "settings": {"errors"},
    "errors": set(),
    "clock": {"errors"},
    "glossary": set(),
    "kernel": set(),
    "arrays": set(),
    "files": set(),
    "events": BOTTOM,
    "features": BOTTOM | {"events"},
    "engine": BOTTOM | {"events", "features"},
    "traces": BOTTOM | {"events", "features", "engine"},
    "detectors": BOTTOM | {"events", "features", "engine", "traces"},
    "groups": BOTTOM | {"events", "features", "engine", "traces"},
    "scoring": MEASURED | {"groups"},
    "audit": SCORED,
    # Training injects what the simulator makes into a platform's own history.
    "training": SCORED | {"sim"},
    # Rules take back what they did as the audit revises: the figures follow the likes.
    "rules": SCORED | {"audit"},
    "alarm": MEASURED | {"store"},
    "telemetry": BOTTOM,
    # Relational state knows tables and nothing of what fills them.
    "store": BOTTOM,
    "counts": BOTTOM | {"store"},
    "access": BOTTOM | {"store"},
    "live": SERVED,
    # Topics carry what the live service takes and tells; they know nothing of HTTP.
    "broker": BOTTOM | {"events", "counts", "live", "telemetry"},
    "api": SERVED | {"access", "live", "insight"},
    # The simulator knows the contract of a log and nothing of what judges it.
    "sim": BOTTOM | {"events"},
    # Insight reads the outputs; it may name the words and bounds that judges declare.
    "insight": SCORED,
}
"""Folder or module at the package root to those it may import; `testing` and `cli` see all."""

TOP = {"cli", "testing", "__main__", "__init__"}


def _imported(path: Path) -> set[str]:
    """The parts of the package that a module imports, at its head or inside a function."""
    package = path.relative_to(PACKAGE.parent).with_suffix("").parts[:-1]
    names: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            stem = ".".join([*base, *([node.module] if node.module else [])])
            # `from zhenzan import x` may name a module as well as a value.
            names |= {f"{stem}.{alias.name}" for alias in node.names}
    parts = [name.split(".") for name in names if name.split(".")[0] == "zhenzan"]
    return {words[1] for words in parts if len(words) > 1}


def _part(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def _known() -> set[str]:
    entries = (e for e in PACKAGE.iterdir() if e.suffix == ".py" or (e / "__init__.py").is_file())
    return {entry.stem for entry in entries}


def test_every_part_has_a_place_in_the_order():
    assert _known() <= set(BELOW) | TOP


def test_imports_point_only_downward():
    wrong = [
        f"{name_of(path)} imports zhenzan.{target}"
        for path in modules()
        if (part := _part(path)) in BELOW
        for target in sorted(_imported(path) & _known())
        if target != part and target not in BELOW[part]
    ]
    assert not wrong


def test_nothing_below_imports_what_sits_on_top():
    for part, below in BELOW.items():
        assert not below & TOP, part


def test_the_order_has_no_circle():
    placed: set[str] = set()
    waiting = dict(BELOW)
    while waiting:
        free = {part for part, below in waiting.items() if below <= placed}
        assert free, f"a circle among {sorted(waiting)}"
        placed |= free
        for part in free:
            del waiting[part]


def test_the_simulator_is_driven_from_outside():
    importers = {_part(p) for p in modules() if "sim" in _imported(p)} - {"sim"}
    assert importers <= {"cli", "testing", "training"}
