"""Reads one step ahead, so that decoding and scoring share the cores."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

DEPTH = 1
"""Batches that may wait; the reader stops until one is taken, so memory stays bounded."""


def ahead(items: Iterable[Item]) -> Iterator[Item]:
    """Yield the same items in the same order, taken from ``items`` in a thread of its own.

    What goes wrong in the thread is raised here, after the items before it. If the consumer
    stops early, the thread ends at its next item.

    Examples
    --------
    >>> list(ahead(range(3)))
    [0, 1, 2]
    """
    waiting: queue.Queue[tuple[str, object]] = queue.Queue(DEPTH)
    stopped = threading.Event()

    def put(entry: tuple[str, object]) -> None:
        while not stopped.is_set():
            try:
                waiting.put(entry, timeout=0.1)
            except queue.Full:
                continue
            return

    def read() -> None:
        try:
            for item in items:
                put(("item", item))
                if stopped.is_set():
                    return
            put(("end", None))
        except BaseException as error:
            put(("error", error))

    reader = threading.Thread(target=read, name="zhenzan-reader", daemon=True)
    reader.start()
    try:
        while True:
            kind, content = waiting.get()
            if kind == "error":
                assert isinstance(content, BaseException)
                raise content
            if kind == "end":
                return
            yield content  # type: ignore[misc]
    finally:
        stopped.set()
        reader.join()
