"""Makes small streams of likes with known groups: farms, slow crowds, pools and fan clubs."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhenzan.clock import DAY_US, MINUTE_US, generator
from zhenzan.groups.schema import Groups
from zhenzan.testing.streams import START_US

ITEMS = 1_500
ACCOUNTS = 4_000


Codes = NDArray[np.int64]


class LikeStream:
    """Honest likes of popular and rare items over a week, to which groups are added."""

    def __init__(self, seed: int, likes: int = 40_000) -> None:
        self.rng = generator(seed)
        popular = 1 / np.arange(1, ITEMS + 1) ** 0.9
        active = self.rng.lognormal(0, 1, ACCOUNTS)
        self.popular = popular / popular.sum()
        account = self.rng.choice(ACCOUNTS, likes, p=active / active.sum())
        item = self.rng.choice(ITEMS, likes, p=self.popular)
        self.parts = [(account, item, self.rng.integers(0, 7 * DAY_US, likes))]
        self.merchant = self.rng.integers(0, ITEMS // 5, ITEMS)
        self.accounts = ACCOUNTS
        self.rare = list(self.rng.permutation(np.arange(200, ITEMS)))

    def targets(self, count: int, *, merchant: int | None = None) -> Codes:
        """Take rare items that no other group has, of one merchant if it is named."""
        chosen = np.array([self.rare.pop() for _ in range(count)])
        if merchant is not None:
            self.merchant[chosen] = merchant
        return chosen

    def members(self, count: int) -> Codes:
        """Add accounts with a private life of ten likes."""
        new = np.arange(self.accounts, self.accounts + count)
        self.accounts += count
        item = self.rng.choice(ITEMS, 10 * count, p=self.popular)
        self.parts.append((np.repeat(new, 10), item, self.rng.integers(0, 7 * DAY_US, 10 * count)))
        return new

    def order(self, members: Codes, targets: Codes, *, window_us: int, share: float = 0.8) -> None:
        """Have each target liked by a share of the members within a window."""
        for target in targets:
            taking = members[self.rng.random(len(members)) < share]
            start = self.rng.integers(0, 7 * DAY_US - window_us)
            when = start + self.rng.integers(0, window_us, len(taking))
            self.parts.append((taking, np.full(len(taking), target), when))

    def fans(self, members: Codes, targets: Codes) -> None:
        """Let fans come when their items appear, most within hours."""
        for target in targets:
            taking = members[self.rng.random(len(members)) < 0.7]
            lag = self.rng.lognormal(np.log(60 * MINUTE_US), 1.3, len(taking)).astype(np.int64)
            start = int(self.rng.integers(0, 6 * DAY_US))
            for part, (account, item, ts) in enumerate(self.parts):
                # Nobody likes an item before it exists.
                early = (item == target) & (ts < start)
                self.parts[part] = (account[~early], item[~early], ts[~early])
            self.parts.append((taking, np.full(len(taking), target), start + lag))

    def taste(self, members: Codes, targets: Codes, likes: int) -> None:
        """Let each member like some of the targets, by popularity, in the life of each target."""
        popular = self.popular[targets] / self.popular[targets].sum()
        account = np.repeat(members, likes)
        item = self.rng.choice(targets, len(account), p=popular)
        for target in targets:
            start = int(self.rng.integers(0, 4 * DAY_US))
            for part, (who, what, ts) in enumerate(self.parts):
                mine = what == target
                life = self.rng.exponential(DAY_US, int(mine.sum())).astype(np.int64)
                ts[mine] = np.minimum(start + life, 7 * DAY_US - 1)
                self.parts[part] = (who, what, ts)
            mine = item == target
            life = self.rng.exponential(DAY_US, int(mine.sum())).astype(np.int64)
            self.parts.append((account[mine], item[mine], np.minimum(start + life, 7 * DAY_US - 1)))

    def table(self) -> pa.Table:
        """Return the likes as `find_groups` reads them, one an account and item."""
        account, item, ts = (np.concatenate(column) for column in zip(*self.parts, strict=True))
        _, first = np.unique(account * ITEMS + item, return_index=True)
        account, item, ts = account[first], item[first], ts[first]
        return pa.table(
            {
                "row": np.arange(len(ts)),
                "ts": START_US + ts,
                "account": account.astype(np.int32),
                "item": item.astype(np.int32),
                "merchant": self.merchant[item].astype(np.int32),
            }
        )


def members_of(groups: Groups, *, benign: bool = False) -> dict[str, set[int]]:
    """Return the sets of members of the groups on one side, by identity."""
    side = dict(
        zip(groups.groups["group_id"].to_pylist(), groups.groups["benign"].to_pylist(), strict=True)
    )
    found: dict[str, set[int]] = {}
    for name, account in zip(
        groups.members["group_id"].to_pylist(), groups.members["account"].to_pylist(), strict=True
    ):
        if side[name] is benign:
            found.setdefault(name, set()).add(account)
    return found
