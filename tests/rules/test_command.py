"""The actions of ``zhenzan rules``, from the first check to the undo."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from zhenzan.cli import main

TEXT = """rule often
  version 1
  owner "tests"
  family account
  valid_from 2020-01-01
  valid_until 2030-01-01
  reason "many likes"
  reason_zh "点赞很多"
  when
    account_likes_24h >= 2
  then for 2 nats
  fires "f"
    account_likes_24h = 3
  spares "s"
    account_likes_24h = 1
"""


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    # The command line listens to signals; the run of the tests keeps its own ears.
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
    told = capsys.readouterr()
    return int(left.value.code or 0), told.out, told.err


@pytest.fixture
def rule(tmp_path: Path) -> Path:
    path = tmp_path / "often.rule"
    path.write_text(TEXT)
    return path


def test_a_sound_rule_passes_the_check(capsys, rule):
    code, out, _ = run(capsys, "rules", "check", rule)
    assert (code, out) == (0, "1 rules and 0 lists are sound.\n")


def test_a_wrong_rule_is_told_with_its_place_and_exits_with_2(capsys, rule):
    rule.write_text(TEXT.replace(">= 2", ">= 2h").replace("account\n", "acount\n"))
    code, _, err = run(capsys, "rules", "check", rule)
    assert code == 2
    assert f"{rule}:4:10: RL009" in err
    assert f"{rule}:10:26: RL006" in err


def test_the_formatter_writes_and_is_then_content(capsys, rule):
    rule.write_text(TEXT.replace("\n  ", " "))
    assert run(capsys, "rules", "format", rule, "--check")[0] == 1
    assert run(capsys, "rules", "format", rule)[0] == 0
    assert rule.read_text() == TEXT
    assert run(capsys, "rules", "format", rule, "--check")[0] == 0


def test_a_stop_names_one_rule_or_all(capsys, tmp_path):
    assert run(capsys, "rules", "stop", "--book", tmp_path)[0] == 2
    assert run(capsys, "rules", "stop", "x", "--all", "--book", tmp_path)[0] == 2


def test_everything_that_can_be_read_is_listed(capsys):
    code, out, _ = run(capsys, "rules", "list", "--names", "--json")
    rows = {row["name"]: row for row in json.loads(out)}
    assert code == 0
    assert rows["account_age"]["type"] == "a duration"
    assert rows["like_and_leave"]["known"] == "settled"
    assert len(json.loads(run(capsys, "rules", "list", "--json")[1])) >= 6


def test_a_score_needs_a_rulebook_where_one_is_named(capsys, tmp_path):
    log = tmp_path / "log.csv"
    log.write_text("event_id,ts,kind,account_id\n")
    code, _, err = run(capsys, "score", log, "--rules", tmp_path, "--out", tmp_path / "out")
    assert code == 2
    assert "RL034 the folder is no rulebook" in err


@pytest.mark.slow
def test_a_rule_goes_from_the_backtest_to_the_undo(capsys, rule, tmp_path):
    log, book, out = tmp_path / "log.csv", tmp_path / "book", tmp_path / "out"
    rows = [
        f"{i},2026-03-01T00:{i // 60:02}:{i % 60:02}Z,like,a{i % 7},i{i % 11},m1"
        for i in range(200)
    ]
    log.write_text("\n".join(["event_id,ts,kind,account_id,item_id,merchant_id", *rows]) + "\n")
    report = tmp_path / "report.json"
    code, told, _ = run(capsys, "rules", "backtest", rule, log, "--out", report)
    assert code == 0
    assert told.startswith("Rule often@1")
    for words in (["shadow"], ["live", "--report", report]):
        done = run(capsys, "rules", "publish", rule, "--book", book, "--state", *words)
        assert done[0] == 0, done
    code, told, _ = run(capsys, "score", log, "--rules", book, "--out", out, "--json")
    assert code == 0
    assert json.loads(told)["rules"]["often@1"]["fired"] > 100
    undone = run(capsys, "rules", "undo", "often", "--version", "1", "--scored", out, "--book",
                 book, "--json")  # fmt: skip
    assert json.loads(undone[1])["revised"] > 0
    assert run(capsys, "rules", "stop", "--all", "--book", book, "--author", "ana")[0] == 0
    _, told, _ = run(capsys, "rules", "list", "--book", book, "--json")
    assert [row["state"] for row in json.loads(told)] == ["stopped"]


def test_the_rule_of_the_manual_is_sound_and_the_manual_names_every_limit(root: Path):
    from zhenzan.rules import limits
    from zhenzan.rules.canonical import render
    from zhenzan.rules.load import load_texts

    manual = (root / "docs/rules.md").read_text("utf-8")
    text = manual.split("```text\n")[1].split("```")[0]
    assert render(load_texts({"manual": text}).documents["manual"]) == text
    table = manual.split("## Limits")[1]
    for number in ("DEPTH_MAX", "NODES_MAX", "COST_MAX", "TEXT_CHARS_MAX", "RULES_MAX"):
        assert f"| {getattr(limits, number):,} " in table, number
    assert f"| {limits.LIST_ENTRIES_MAX:,} |" in table
    assert limits.RULE_NATS_MAX == limits.FAMILY_NATS_MAX == 3.0
