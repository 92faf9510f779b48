"""How many different things: accounts behind a device, devices behind an account, and so on.

Device and address fan-out (S0-15, S2-13), single login device (S1-12), likes without an
interest structure (S1-11), device rotation (S4-29).
"""

from __future__ import annotations

from zhenzan.events.schema import Kind
from zhenzan.features.spec import Feature

_WORDS = {
    "account": "accounts",
    "block": "address blocks",
    "category": "categories",
    "device": "devices",
    "item": "items",
    "kind": "kinds",
    "merchant": "shops",
}
_COLUMNS = {plural.split()[0]: column for column, plural in _WORDS.items()} | {
    "blocks": "block",
    "merchants": "merchant",
}


def _distinct(name: str, key: tuple[str, ...], *kinds: Kind) -> Feature:
    what, window = name.rsplit("_", 2)[-2:]
    column = _COLUMNS[what]
    through = "liked with" if kinds else "seen with"
    subject = ", ".join("address block" if part == "block" else part for part in key)
    return Feature(
        name=name,
        key=key,
        agg="nunique",
        kinds=kinds,
        column=column,
        window=window,
        sentence=f"Different {_WORDS[column]} {through} the {subject} in the last {window}.",
    )


DIVERSITY: tuple[Feature, ...] = (
    _distinct("account_devices_24h", ("account",)),
    _distinct("account_blocks_24h", ("account",)),
    _distinct("account_categories_7d", ("account",), Kind.LIKE),
    _distinct("account_merchants_24h", ("account",), Kind.LIKE),
    _distinct("account_merchants_7d", ("account",), Kind.LIKE),
    _distinct("account_kinds_7d", ("account",)),
    _distinct("device_accounts_1h", ("device",)),
    _distinct("device_accounts_24h", ("device",)),
    _distinct("device_accounts_7d", ("device",)),
    _distinct("block_accounts_1h", ("block",)),
    _distinct("block_accounts_24h", ("block",)),
    _distinct("block_devices_24h", ("block",)),
    _distinct("merchant_like_items_24h", ("merchant",), Kind.LIKE),
    _distinct("item_block_accounts_24h", ("item", "block")),
    _distinct("item_device_accounts_24h", ("item", "device")),
)
"""Counts of distinct values."""
