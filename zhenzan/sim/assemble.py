"""From rows of codes to tables: order, nulls, opaque ids, labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhenzan.events.schema import ACCOUNTS, INTERACTION, ITEMS, KINDS, Kind
from zhenzan.sim import opaque, wording
from zhenzan.sim.catalogue import Catalogue
from zhenzan.sim.order import Order
from zhenzan.sim.population import Population
from zhenzan.sim.rows import ATTACK, I64, ROLES, Bools, Rows
from zhenzan.sim.world import API, CATEGORIES, CHANNELS, REGIONS, World

EVENT, ACCOUNT, ITEM, MERCHANT, DEVICE, SESSION, CAMPAIGN, TASK, GROUP = range(1, 10)

LABELS = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("is_inauthentic", pa.bool_(), nullable=False),
        pa.field("role", pa.string(), nullable=False),
        pa.field("attack", pa.string()),
        pa.field("stealth", pa.string()),
        pa.field("twin", pa.string()),
        pa.field("group_id", pa.string()),
        pa.field("account_id", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class Ids:
    """Names of entities: those of a foreign log first, opaque ones for what was added."""

    seed: int
    accounts: pa.Array | None = None
    items: pa.Array | None = None
    merchants: pa.Array | None = None
    devices: pa.Array | None = None

    def of(self, codes: I64, salt: int) -> pa.Array:
        """Name each code."""
        known = {
            ACCOUNT: self.accounts,
            ITEM: self.items,
            MERCHANT: self.merchants,
            DEVICE: self.devices,
        }.get(salt)
        if known is None:
            return opaque.names(codes, seed=self.seed, salt=salt, digits=12)
        count = int(codes.max(initial=-1)) + 1
        if count > len(known):
            fresh = np.arange(len(known), count)
            added = opaque.names(fresh, seed=self.seed, salt=salt, digits=12)
            known = pa.concat_arrays([known, added])
        return known.take(pa.array(codes, mask=codes < 0))


def settle(rows: Rows, world: World, rng: np.random.Generator) -> Rows:
    """Cut to the log, round times, drop second likes, blank fields by session, sort by time."""
    ts = rows.ts // world.resolution_us * world.resolution_us
    rows = rows.with_(ts=ts).take((ts >= world.start_us) & (ts < world.end_us))
    rows = rows.take(np.argsort(rows.ts, kind="stable"))
    rows = rows.take(~_repeated(rows))
    lot = rng.random((3, 1 << 16))
    # The lot falls on the session, so that all rows of one visit miss the same field.
    hashed = opaque.scramble(rows.session, seed=int(rng.integers(1 << 31)), salt=99)
    slot = (hashed >> np.uint64(48)).astype(np.int64)
    quiet = rows.channel == API
    return rows.with_(
        device=np.where((lot[0, slot] < world.missing_device) | quiet, -1, rows.device),
        ip=np.where(lot[1, slot] < world.missing_ip, -1, rows.ip),
        session=np.where((lot[2, slot] < world.missing_session) | quiet, -1, rows.session),
    )


def _repeated(rows: Rows) -> Bools:
    """Find likes of an item that the same account liked before."""
    likes = np.flatnonzero(rows.kind == Kind.LIKE)
    key = rows.account[likes].astype(np.int64) << 32 | rows.item[likes]
    _, first = np.unique(key, return_index=True)
    repeated = np.zeros(len(rows), dtype=np.bool_)
    repeated[likes] = True
    repeated[likes[first]] = False
    return repeated


def _words(words: Sequence[str], codes: NDArray[Any]) -> pa.Array:
    return pa.array(list(words), pa.string()).take(pa.array(codes.astype(np.int32), mask=codes < 0))


def _numbers(values: NDArray[Any], dtype: pa.DataType) -> pa.Array:
    return pa.array(values, type=dtype, mask=values < 0)


def interactions(rows: Rows, catalogue: Catalogue, ids: Ids) -> pa.Table:
    """Write the contract's columns."""
    item = rows.item.astype(np.int64)
    has_item = item >= 0
    shelf = item.clip(0)
    merchant = np.where(has_item, catalogue.merchant[shelf], -1).astype(np.int64)
    category = np.where(has_item, catalogue.category[shelf], -1).astype(np.int64)
    kinds = sorted(KINDS, key=lambda word: int(KINDS[word]))
    unseen = np.isnan(rows.completion)
    columns = [
        opaque.names(np.arange(len(rows)), seed=ids.seed, salt=EVENT),
        pa.array(rows.ts, pa.timestamp("us", tz="UTC")),
        _words(kinds, rows.kind),
        ids.of(rows.account.astype(np.int64), ACCOUNT),
        ids.of(item, ITEM),
        ids.of(merchant, MERCHANT),
        _words([row.name for row in CATEGORIES], category),
        ids.of(rows.device.astype(np.int64), DEVICE),
        opaque.address_names(rows.ip),
        opaque.names(rows.session, seed=ids.seed, salt=SESSION),
        _words(CHANNELS, rows.channel),
        _numbers(rows.dwell_ms, pa.int32()),
        pa.array(rows.completion, pa.float32(), mask=unseen),
        _numbers(rows.amount_cents, pa.int64()),
        _words(wording.texts(), rows.text),
        ids.of(rows.campaign.astype(np.int64), CAMPAIGN),
        ids.of(rows.task.astype(np.int64), TASK),
    ]
    return pa.Table.from_arrays(columns, schema=INTERACTION)


def labels(
    rows: Rows, table: pa.Table, ids: Ids, orders: Sequence[Order], twins: Sequence[str]
) -> pa.Table:
    """Write who made each interaction and why."""
    made = rows.order.astype(np.int64)
    columns = [
        table["event_id"],
        pa.array(rows.role == ATTACK),
        _words(ROLES, rows.role),
        _words([placed.attack for placed in orders] or [""], made),
        _words([placed.stealth for placed in orders] or [""], made),
        _words(list(twins) or [""], rows.twin),
        ids.of(rows.group.astype(np.int64), GROUP),
        table["account_id"],
    ]
    return pa.Table.from_arrays(columns, schema=LABELS)


def accounts(population: Population, ids: Ids, end_us: int) -> pa.Table:
    """Write the side table of accounts that exist when the log ends."""
    codes = np.flatnonzero(population.created_us < end_us)
    verified = population.verified[codes]
    table = pa.Table.from_arrays(
        [
            ids.of(codes, ACCOUNT),
            pa.array(population.created_us[codes] // 1_000 * 1_000, ACCOUNTS.field(1).type),
            pa.array(verified == 1, mask=verified < 0),
            _words([region.name for region in REGIONS], population.region[codes].astype(np.int64)),
        ],
        schema=ACCOUNTS,
    )
    return table.sort_by("account_id")


def items(catalogue: Catalogue, ids: Ids, end_us: int) -> pa.Table:
    """Write the side table of items that are on sale before the log ends."""
    codes = np.flatnonzero(catalogue.created_us < end_us)
    table = pa.Table.from_arrays(
        [
            ids.of(codes, ITEM),
            ids.of(catalogue.merchant[codes].astype(np.int64), MERCHANT),
            _words([row.name for row in CATEGORIES], catalogue.category[codes].astype(np.int64)),
            pa.array(catalogue.created_us[codes] // 1_000 * 1_000, ITEMS.field(3).type),
        ],
        schema=ITEMS,
    )
    return table.sort_by("item_id")
