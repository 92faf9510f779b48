"""The peak of a process is its own, however much its parent has held."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np

from bench.peak import peak_mib


def test_the_peak_of_a_child_does_not_hold_what_its_parent_held(root):
    held = np.ones(50_000_000)
    mine = peak_mib()
    assert mine > held.nbytes >> 20
    child = subprocess.run(
        [sys.executable, "-c", "from bench.peak import peak_mib; print(peak_mib())"],
        check=True, capture_output=True, text=True, cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip
    assert 0 < int(child.stdout) < held.nbytes >> 20


def test_the_peak_stays_when_memory_is_given_back():
    before = peak_mib()
    held = np.ones(((before + 64) << 20) // 8)
    grown = peak_mib()
    del held
    assert grown > before
    # The kernel counts pages in batches.
    assert peak_mib() >= grown - 16
