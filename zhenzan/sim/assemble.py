"""From rows of codes to tables: order, nulls, opaque ids, labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhenzan.events.schema import ACCOUNTS, INTERACTION, ITEMS, KINDS, Kind
from zhenzan.sim import opaque, wording
from zhenzan.sim.catalogue import Catalogue
from zhenzan.sim.order import Order
from zhenzan.sim.population import OLD_APP, WEB, Population
from zhenzan.sim.rows import ATTACK, I64, ROLES, Bools, Rows
from zhenzan.sim.stage import Stage
from zhenzan.sim.world import API, CATEGORIES, CHANNELS, LIVE, REGIONS

EVENT, ACCOUNT, ITEM, MERCHANT, DEVICE, SESSION, CAMPAIGN, TASK, GROUP = range(1, 10)

COOKIES_REFUSED = 0.35
"""Share of people in a browser on whom no device id sticks."""

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


def settle(rows: Rows, stage: Stage, rng: np.random.Generator) -> Rows:
    """Keep what this platform logs: its time, its kinds, first likes; lose what it loses."""
    world = stage.world
    ts = rows.ts // world.resolution_us * world.resolution_us
    logged = np.isin(rows.kind, [int(kind) for kind in world.form.kinds])
    rows = rows.with_(ts=ts).take(logged & (ts >= world.start_us) & (ts < world.end_us))
    rows = rows.take(np.argsort(rows.ts, kind="stable"))
    rows = rows.take(~_repeated(rows))
    return _gaps(rows, stage, rng)


def _gaps(rows: Rows, stage: Stage, rng: np.random.Generator) -> Rows:
    """Lose fields and views by session, by client and by channel, whoever made the row."""
    world = stage.world
    lot = rng.random((4, 1 << 16))
    # The lot falls on the session, so that all rows of one visit miss the same field.
    slot = _slots(rows.session, rng)
    lost = (lot[3, slot] < world.missing_view) & (rows.kind == Kind.VIEW)
    rows, slot = rows.take(~lost), slot[~lost]
    client = stage.population.client[rows.account]
    refused = (client == WEB) & (lot[0, _slots(rows.account, rng)] < COOKIES_REFUSED)
    mute = (client == OLD_APP) | (rows.channel == LIVE)
    quiet = rows.channel == API
    blank = world.blank
    device = (lot[0, slot] < world.missing_device) | quiet | refused | ("device" in blank)
    session = (lot[2, slot] < world.missing_session) | quiet | ("session" in blank)
    return rows.with_(
        device=np.where(device, -1, rows.device),
        ip=np.where((lot[1, slot] < world.missing_ip) | ("ip" in blank), -1, rows.ip),
        session=np.where(session, -1, rows.session),
        channel=-1 if "channel" in blank else rows.channel,
        dwell_ms=np.where(mute, -1, rows.dwell_ms),
        completion=np.where(mute | (client == WEB), np.nan, rows.completion),
    )


def _slots(codes: NDArray[Any], rng: np.random.Generator) -> I64:
    """Map codes to the places of a lot, without order."""
    hashed = opaque.scramble(codes.astype(np.int64), seed=int(rng.integers(1 << 31)), salt=99)
    return (hashed >> np.uint64(48)).astype(np.int64)


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


def _merchants(merchant: I64, owner: NDArray[Any], ids: Ids) -> pa.Array:
    """Name merchants; one that is an account carries the account's name."""
    owned = owner >= 0
    names = ids.of(np.where(owned, -1, merchant).astype(np.int64), MERCHANT)
    if not owned.any():
        return names
    return pc.coalesce(ids.of(owner.astype(np.int64), ACCOUNT), names)


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
        _merchants(merchant, np.where(has_item, catalogue.owner[shelf], -1), ids),
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
            _merchants(catalogue.merchant[codes].astype(np.int64), catalogue.owner[codes], ids),
            _words([row.name for row in CATEGORIES], catalogue.category[codes].astype(np.int64)),
            pa.array(catalogue.created_us[codes] // 1_000 * 1_000, ITEMS.field(3).type),
            ids.of(catalogue.owner[codes].astype(np.int64), ACCOUNT),
        ],
        schema=ITEMS,
    )
    return table.sort_by("item_id")
