"""Checkpoints: whole or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zhenzan.engine.checkpoint import restore, save
from zhenzan.engine.embedded import EmbeddedEngine
from zhenzan.errors import CheckpointError
from zhenzan.features.library import FEATURES
from zhenzan.testing.streams import random_batch


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    engine = EmbeddedEngine(FEATURES)
    engine.compute(random_batch(np.random.default_rng(2), 200))
    path = tmp_path / "engine.zz"
    save(engine, path)
    return path


def test_one_damaged_byte_is_found(saved: Path) -> None:
    content = bytearray(saved.read_bytes())
    for at in np.random.default_rng(1).integers(0, len(content), 20):
        content[at] ^= 1
        saved.write_bytes(content)
        with pytest.raises(CheckpointError):
            restore(FEATURES, saved)
        content[at] ^= 1


def test_a_cut_file_is_refused(saved: Path) -> None:
    content = saved.read_bytes()
    for size in (0, 10, 40, len(content) // 2, len(content) - 1):
        saved.write_bytes(content[:size])
        with pytest.raises(CheckpointError):
            restore(FEATURES, saved)


def test_another_feature_list_is_refused(saved: Path) -> None:
    with pytest.raises(CheckpointError, match="feature list"):
        restore(FEATURES[:-1], saved)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"gone\.zz"):
        restore(FEATURES, tmp_path / "gone.zz")


def test_a_failed_save_leaves_the_old_file_and_no_rest(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = saved.read_bytes()

    def full(_: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="space"):
        save(EmbeddedEngine(FEATURES), saved)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]
