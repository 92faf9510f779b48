"""Sizes, docstrings, names and words of the package (STYLE.md)."""

from __future__ import annotations

import ast
import importlib
import io
import re
import tokenize
from pathlib import Path

import pytest
from sources import PACKAGE, ROOT, functions, modules, name_of, text_of, tracked, tree_of

MODULE_LINES_MAX = 800
MODULE_LINES_MEDIAN_MAX = 150
FUNCTION_LINES_MAX = 70
ROOT_FILES_MAX = 10
BAD_NAMES = {"utils", "helpers", "common", "manager", "service", "misc", "base2"}
EXEMPT_FROM_WORDS = {"tests/house/test_shape.py", "STYLE.md", "LICENSE"}

# "simply" and its kin tell a reader who is stuck that the fault is theirs.
PROSE = re.compile(r"\b(simply|obviously|easy|easily|just)\b", re.IGNORECASE)
# One idea, one word: an interaction is never called a "like event".
GLOSSARY = re.compile(r"\blike[ _-]events?\b|\bwhitelist|\bblacklist", re.IGNORECASE)
TODO = re.compile(r"\b(?:TODO|FIXME|XXX)\b(?!\s*\(?#\d+)")
MACHINE_PATH = re.compile(r"(?<![\w.~/-])/(?:work|tmp|root|home|Users)/")


def test_no_module_is_longer_than_a_reader_can_hold():
    long = {name_of(p): n for p in modules() if (n := _lines(p)) > MODULE_LINES_MAX}
    assert not long


def test_most_modules_are_short():
    sizes = sorted(_lines(path) for path in modules())
    assert sizes[len(sizes) // 2] <= MODULE_LINES_MEDIAN_MAX


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_function_is_longer_than_a_screen():
    long = [
        f"{name_of(path)}:{node.lineno} {node.name} has {size} lines"
        for path in modules()
        for node in functions(path)
        if (size := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert not long


def _public(path: Path) -> list[tuple[str, ast.AST]]:
    """The module, its public classes and functions, and their public methods."""
    found: list[tuple[str, ast.AST]] = [("module", tree_of(path))]
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    waiting: list[ast.AST] = [tree_of(path)]
    while waiting:
        for node in getattr(waiting.pop(), "body", []):
            if isinstance(node, kinds) and not node.name.startswith("_"):
                found.append((f"{node.name}:{node.lineno}", node))
                if isinstance(node, ast.ClassDef):
                    waiting.append(node)
    return found


def test_every_public_thing_says_what_it_does():
    wrong = []
    for path in modules():
        for name, node in _public(path):
            first = (ast.get_docstring(node) or "").split("\n\n")[0].strip()  # type: ignore[arg-type]
            if not first.split("\n")[0].strip().endswith((".", ".``")) and not (
                name == "module" and first.endswith(".")
            ):
                wrong.append(f"{name_of(path)} {name}: {first[:60]!r}")
    assert not wrong


def _prose(path: Path) -> str:
    """What a file says to people: comments and docstrings of code, all of a document."""
    text = text_of(path) or ""
    if path.suffix != ".py":
        return text
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    comments = [token.string for token in tokens if token.type == tokenize.COMMENT]
    nodes = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    strings = [ast.get_docstring(n) or "" for n in ast.walk(tree_of(path)) if isinstance(n, nodes)]
    return "\n".join(comments + strings)


def _documents() -> list[Path]:
    return [
        path
        for path in tracked()
        if path.suffix in {".py", ".md"}
        and path.is_file()
        and name_of(path) not in EXEMPT_FROM_WORDS
    ]


@pytest.mark.parametrize("banned", [PROSE, GLOSSARY], ids=["prose", "glossary"])
def test_no_banned_word_is_used(banned: re.Pattern[str]):
    wrong = [
        f"{name_of(path)}: {found.group()}"
        for path in _documents()
        for found in banned.finditer(_prose(path))
    ]
    assert not wrong


def test_an_unfinished_thing_names_its_issue():
    wrong = [
        f"{name_of(path)}: {found.group()}"
        for path in _documents()
        for found in TODO.finditer(text_of(path) or "")
    ]
    assert not wrong


def test_no_tracked_file_names_a_place_on_one_machine():
    wrong = [
        f"{name_of(path)}:{number} {line.strip()[:80]}"
        for path in tracked()
        if path.is_file() and name_of(path) not in EXEMPT_FROM_WORDS
        for number, line in enumerate((text_of(path) or "").splitlines(), start=1)
        if MACHINE_PATH.search(line)
    ]
    assert not wrong


def test_names_say_what_a_module_holds():
    wrong = [name_of(p) for p in modules() if BAD_NAMES & set(p.with_suffix("").parts)]
    assert not wrong


def test_few_files_lie_at_the_root_of_the_package():
    files = [entry.name for entry in PACKAGE.iterdir() if entry.is_file()]
    assert len(files) <= ROOT_FILES_MAX, sorted(files)


def _exports() -> list[str]:
    return [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in modules()
        if path.name == "__init__.py" and "__all__" in path.read_text(encoding="utf-8")
    ]


@pytest.mark.parametrize("name", _exports())
def test_an_export_list_names_what_is_there(name: str):
    # Its order is ruff's business (RUF022).
    module = importlib.import_module(name)
    assert len(module.__all__) == len(set(module.__all__))
    assert not [export for export in module.__all__ if not hasattr(module, export)]


JIT = re.compile(r"\b(?:kernel|njit|jit|kernel|vectorize|guvectorize)\b")
OBJECTS = re.compile(r"\b(?:str|bytes|object|Any|[Dd]ict|[Ll]ist|[Ss]et|Mapping|Batch|pa\.\w+)\b")


def test_kernels_take_arrays_and_numbers_only():
    wrong = [
        f"{name_of(path)}:{node.lineno} {node.name}({argument.arg})"
        for path in modules()
        for node in functions(path)
        if any(JIT.search(ast.unparse(decorator)) for decorator in node.decorator_list)
        for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        if argument.arg == "self"
        or (argument.annotation and OBJECTS.search(ast.unparse(argument.annotation)))
    ]
    assert not wrong
