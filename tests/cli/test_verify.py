"""``zhenzan verify`` prints what differs and leaves with the answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from zhenzan.cli import main
from zhenzan.counts.interface import LikeState
from zhenzan.counts.ledger import CountLedger
from zhenzan.store import migrate
from zhenzan.store.engine import open_store


def _verify(folder: Path, *words: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(["verify", "--data", str(folder), *words])
    return int(left.value.code or 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A ledger with one like."""
    store = open_store(tmp_path / "counts.db")
    like = LikeState("e0", 0, 1_000, "ann", "mug", "shop", False, "counted", 0.1, 1_000)
    CountLedger(store).apply(0, 0, [like])
    store.close()
    return tmp_path


def _damage(folder: Path, statement: str) -> None:
    store = open_store(folder / "counts.db", migrate=False)
    with store.writing() as connection:
        connection.execute(text(statement))
    store.close()


def test_a_sound_ledger_leaves_with_0(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert _verify(folder) == 0
    assert "No journal is in the folder" in capsys.readouterr().out


def test_a_difference_is_named_and_leaves_with_1(folder: Path, capsys: pytest.CaptureFixture[str]):
    _damage(folder, "UPDATE counters SET counted = 5 WHERE key = 'mug'")
    assert _verify(folder) == 1
    assert "counters: item mug: stored counted 5; expected counted 1" in capsys.readouterr().out
    assert _verify(folder, "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["sound"], told["counts"]) == (False, {"counters": 1})


def test_a_folder_without_a_ledger_leaves_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert _verify(tmp_path) == 2
    assert "counts.db` is not there" in capsys.readouterr().err


def test_tables_of_another_version_leave_with_2(folder: Path, capsys: pytest.CaptureFixture[str]):
    store = open_store(folder / "counts.db")
    migrate.downgrade(store, migrate.versions()[0])
    store.close()
    assert _verify(folder) == 2
    assert "at another version" in capsys.readouterr().err
