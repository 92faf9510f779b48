"""Which account made each liked item."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zhenzan.groups.schema import MISSING

I32 = NDArray[np.int32]


def authors_of(item: I32, merchant: I32, by_item: I32, by_merchant: I32) -> I32:
    """Name the author of each like's item: what is told of the item, else of its merchant.

    Parameters
    ----------
    item, merchant
        Codes of each like; `MISSING` where there is none.
    by_item, by_merchant
        The account behind each code of an item and of a merchant; `MISSING` where nobody says it.

    Examples
    --------
    >>> item, merchant = np.array([0, 1, 1], np.int32), np.array([0, 1, -1], np.int32)
    >>> told = np.array([7, -1], np.int32), np.array([4, 5], np.int32)
    >>> authors_of(item, merchant, *told).tolist()
    [7, 5, -1]
    """
    own = np.append(by_item, np.int32(MISSING))[item]
    return np.where(own >= 0, own, np.append(by_merchant, np.int32(MISSING))[merchant])
