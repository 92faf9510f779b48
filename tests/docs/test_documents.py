"""Documents name what exists, and what exists is documented."""

from __future__ import annotations

import dataclasses
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from zhenzan import errors
from zhenzan.cli import VERBS
from zhenzan.settings import Settings

CODES = [c.code for c in (errors.ZhenzanError, *errors.ZhenzanError.__subclasses__())]
README_LINES_MAX = 150


def _documents(root: Path) -> list[Path]:
    return sorted([*root.glob("*.md"), *root.glob("docs/**/*.md")])


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_documented_beyond_its_reference_line(root: Path, verb: str):
    texts = [p.read_text("utf-8") for p in _documents(root) if p.parent.name != "reference"]
    assert any(f"zhenzan {verb}" in text for text in texts)


@pytest.mark.parametrize("verb", VERBS)
def test_the_sentence_of_a_verb_is_the_first_line_of_its_docstring(verb: str):
    function = getattr(importlib.import_module(f"zhenzan.cli.{verb}"), verb)
    assert (function.__doc__ or "").strip().split("\n")[0] == VERBS[verb]


@pytest.mark.parametrize("name", [row.name for row in dataclasses.fields(Settings)])
def test_every_setting_is_documented(root: Path, name: str):
    assert f"`{name}`" in (root / "docs/reference/settings.md").read_text("utf-8")


@pytest.mark.parametrize("code", CODES)
def test_every_error_code_is_documented_once(root: Path, code: str):
    assert (root / "docs/reference/errors.md").read_text("utf-8").count(f"`{code}`") == 1


def test_the_reference_pages_are_fresh(root: Path):
    done = subprocess.run(
        [sys.executable, "scripts/reference.py", "--check"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_make_target_in_a_document_exists(root: Path):
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {
        word
        for p in _documents(root)
        for word in re.findall(r"`?make ([a-z-]+)`", p.read_text("utf-8"))
    }
    assert named <= targets


def test_every_zhenzan_command_in_a_document_exists(root: Path):
    for path in _documents(root):
        for block in re.findall(r"```sh\n(.*?)```", path.read_text("utf-8"), re.DOTALL):
            for verb in re.findall(r"(?:^|/)zhenzan ([a-z]+)", block, re.MULTILINE):
                assert verb in VERBS, f"{path.name}: zhenzan {verb}"


def test_every_link_between_documents_leads_somewhere(root: Path):
    broken = [
        f"{path.name}: {target}"
        for path in _documents(root)
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text("utf-8"))
        if not (path.parent / target).exists()
    ]
    assert not broken


def test_the_readme_is_short(root: Path):
    assert len((root / "README.md").read_text("utf-8").splitlines()) < README_LINES_MAX


def test_every_shipped_mapping_is_documented(root: Path):
    text = (root / "docs/mapping.md").read_text("utf-8")
    names = [path.stem for path in (root / "zhenzan/events/mappings").glob("*.yaml")]
    assert names
    assert not [name for name in names if f"`{name}`" not in text]
