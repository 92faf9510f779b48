"""Codes of pairs are kept through the removal of others."""

from __future__ import annotations

import numpy as np
import pytest

from zhenzan.engine.pairs import ABSENT, PairTable


@pytest.mark.parametrize("busy", [600, 40])
def test_pairs_that_stay_keep_their_codes_and_those_that_rest_lose_them(busy: int) -> None:
    """Few pairs a day also let the table shrink."""
    table, random = PairTable(), np.random.default_rng(busy)
    known: dict[tuple[int, int], tuple[int, int]] = {}
    for day in range(40):
        rows = busy if day % 10 else 3_000
        firsts = random.integers(0, 50, rows).astype(np.int32)
        seconds = random.integers(0, 90, rows).astype(np.int32)
        everyone, ts = np.ones(rows, np.uint8), np.full(rows, day, np.int64)
        codes = table.encode(firsts, seconds, everyone)
        table.touch(codes, everyone, ts)
        for pair in zip(firsts.tolist(), seconds.tolist(), codes.tolist(), strict=True):
            assert known.get(pair[:2], (pair[2], 0))[0] == pair[2]
            known[pair[:2]] = pair[2], day
        freed = {code for code, last in known.values() if last < day - 2}
        assert set(table.expire(day - 2).tolist()) == freed
        known = {pair: held for pair, held in known.items() if held[0] not in freed}
        grid = np.indices((50, 90), np.int32).reshape(2, -1)
        found = table.encode(grid[0], grid[1], np.zeros(4_500, np.uint8))
        expected = [known.get(pair, (ABSENT, 0))[0] for pair in np.ndindex(50, 90)]
        assert found.tolist() == expected
