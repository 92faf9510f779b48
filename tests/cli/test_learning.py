"""The verbs of learning say what is wrong before they read a log."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "zhenzan", *words], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("models", "praise", "x"), "No such command"),
        (("models", "promote", "x", "v"), "--comparison"),
        (("models", "rollback", "x"), "no model of `x` is promoted"),
        (("train", "log.parquet", "--weights", "gossip=1"), "no source is named `gossip`"),
        (("train", "log.parquet", "--harm-max", "2"), "harm_max is 2.0"),
        (("explain", "like", "--out", "nowhere"), "`nowhere` holds no answers"),
        (("score", "log.parquet", "--model", "nowhere"), "no model of `nowhere` is promoted"),
    ],
)
def test_what_is_wrong_is_named(words: tuple[str, ...], told: str, tmp_path: Path):
    done = run(*words)
    assert done.returncode == 2, done.stderr
    assert told in done.stderr


def test_the_base_install_never_loads_lightgbm():
    code = (
        "import sys, zhenzan.scoring.job, zhenzan.training.job, zhenzan.training.registry; "
        "sys.exit('lightgbm' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
