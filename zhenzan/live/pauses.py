"""Keeps the pauses short that the interpreter makes by itself while callers wait."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager

YOUNG = (10_000, 20, 20)
"""New objects after which the youngest generation is looked through, and how often each older one
is left out; Python's own first number is 700, which a group of answers passes by itself."""


@contextmanager
def short_pauses() -> Generator[None]:
    """Set aside what is in memory now, and look through what comes after it less often.

    A full collection looks at every object: modules, kernels and routes are some hundred thousand
    that never go, and looking at them stops all threads for a tenth of a second. They are looked
    at once more here and then left alone. What was before holds again at the end.
    """
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*YOUNG)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
