"""Reads the next chunk while the last one is worked on."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")


def read_ahead(items: Generator[_Item, None, None]) -> Generator[_Item, None, None]:
    """Keep one item ready; decoding and kernels both leave the interpreter free meanwhile."""
    try:
        with ThreadPoolExecutor(1, thread_name_prefix="zhenzan-read") as pool:
            coming = pool.submit(next, items, None)
            while (item := coming.result()) is not None:
                coming = pool.submit(next, items, None)
                yield item
    finally:
        items.close()
