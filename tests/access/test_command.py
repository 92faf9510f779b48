"""The actions of ``zhenzan access``."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from sqlalchemy import update

from zhenzan.access.users import UserBook
from zhenzan.cli import main
from zhenzan.store.engine import open_store
from zhenzan.store.tables.access import AUDIT_LOG


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    # The command line listens to signals; the run of the tests keeps its own ears.
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
    told = capsys.readouterr()
    return int(left.value.code or 0), told.out + told.err


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def test_a_key_is_made_listed_and_revoked(capsys, database):
    code, out = run(capsys, "access", "make-key", "x", "--role", "viewer", "--database", database)
    assert code == 0
    prefix = out.strip().split("_")[1]
    rows = json.loads(run(capsys, "access", "keys", "--database", database, "--json")[1])
    assert [(row["prefix"], row["state"]) for row in rows] == [(prefix, "valid")]
    assert run(capsys, "access", "revoke-key", prefix, "--database", database)[0] == 0
    rows = json.loads(run(capsys, "access", "keys", "--database", database, "--json")[1])
    assert rows[0]["state"] == "revoked"
    assert run(capsys, "access", "revoke-key", prefix, "--database", database)[0] == 2


def test_a_first_token_is_printed_until_there_is_a_user(capsys, database):
    assert run(capsys, "access", "first-token", "--database", database)[0] == 0
    code, out = run(capsys, "access", "first-token", "--database", database)
    assert code == 0
    store = open_store(database)
    from zhenzan.access.rate import RateLimits

    UserBook(store, RateLimits(lambda: 0.0)).begin(out.strip(), "root", "correct horse battery")
    store.close()
    assert run(capsys, "access", "first-token", "--database", database)[0] == 2


def test_a_log_that_was_changed_exits_with_1_and_an_anchor_shows_a_cut(capsys, database):
    for name in ("x", "y"):
        run(capsys, "access", "make-key", name, "--role", "viewer", "--database", database)
    code, out = run(capsys, "access", "verify", "--database", database)
    assert code == 0
    anchor = out.strip().removeprefix("anchor ")
    assert run(capsys, "access", "verify", "--anchor", anchor, "--database", database)[0] == 0
    assert run(capsys, "access", "verify", "--anchor", "x", "--database", database)[0] == 2
    store = open_store(database)
    with store.writing() as connection:
        connection.execute(update(AUDIT_LOG).where(AUDIT_LOG.c.seq == 1).values(actor="nobody"))
    store.close()
    code, out = run(capsys, "access", "verify", "--anchor", anchor, "--database", database)
    assert code == 1
    assert "entry 1 was changed" in out


def test_an_empty_history_is_stripped_of_nothing(capsys, database, tmp_path):
    (tmp_path / "history").mkdir()
    code, out = run(capsys, "access", "strip", tmp_path / "history", "--database", database)
    assert code == 0
    assert "files: 0" in out


def test_what_is_over_is_told_first_and_then_removed(capsys, database, tmp_path):
    from zhenzan.access.audit import AuditLog, Look, looks_at, write_looks

    store = open_store(database)
    write_looks(store, [Look(1, "key x (0a)", "r", name) for name in ("a1", "a2", "a3")])
    (tmp_path / "hold").write_text("a3", "utf-8")
    words = ("access", "retention", "--database", database, "--hold", tmp_path / "hold")
    code, out = run(capsys, *words, "--dry-run")
    assert code == 0
    assert "access log               over 3, on hold 1, would go 2" in out
    assert list(AuditLog(store).entries()) == []
    code, out = run(capsys, *words, "--json")
    told = {row["what"]: row for row in json.loads(out)["classes"]}
    assert (code, told["access log"]["removed"], len(looks_at(store, "a3"))) == (0, 2, 1)
    actors = {entry.actor for entry in AuditLog(store).entries()}
    assert len(actors) == 1 and actors.pop().endswith(" at the command line")
    assert run(capsys, *words[:-1], tmp_path / "missing")[0] == 2
    store.close()


def test_a_folder_of_the_service_is_gone_over_with_its_journal(capsys, database, tmp_path):
    words = ["access", "retention", "--database", database, "--data", tmp_path, "--dry-run"]
    code, out = run(capsys, *words, "--json")
    assert code == 0
    whats = [row["what"] for row in json.loads(out)["classes"]]
    assert "records of the journal" in whats
    settings = tmp_path / "settings.yaml"
    settings.write_text("journal_days: 0", "utf-8")
    kept = json.loads(run(capsys, *words, "--settings", settings, "--json")[1])["classes"]
    assert "records of the journal" not in [row["what"] for row in kept]
    code, out = run(capsys, *words, "--history", tmp_path)
    assert (code, "name two folders" in out) == (2, True)
