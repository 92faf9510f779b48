"""The null model and the bounds on false discovery.

Null: every account keeps its number of likes and every item its own, and likes meet at random
(the configuration model). A set of accounts S and a set of targets T then share a number of likes
with a Poisson-like tail around ``expected``; Chernoff bounds it. Because S and T were *searched*
for, the bound is multiplied by the number of pairs of sets of that size, so it holds whatever the
search did. Where the targets are few they alone count as searched for: they name the accounts that
like two of them, whose number is a sum of independent chances. Over the candidates of one run
Benjamini and Hochberg bound the false-discovery rate.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

TARGET_LIFT_MIN = 10.0
"""Times by which members like a target more than chance has it: nine of ten of their likes there
are more than the null explains. Likes are judged one by one, and members give private likes to
popular items as well."""


def chernoff_nats(count: F64, expected: F64) -> F64:
    """Bound how surprising ``count`` or more is, in nats; 0 at or below the expectation."""
    above = count > expected
    ratio = np.where(above, count / np.maximum(expected, 1e-300), 1.0)
    return np.where(above, count * np.log(ratio) - count + expected, 0.0)


def log_choices(total: float | F64, chosen: F64) -> F64:
    """Bound the log of the number of ways to choose, by n^k / k! and Stirling's k!.

    Examples
    --------
    >>> round(float(log_choices(1000.0, np.array(10.0))), 2)
    53.98
    """
    k = np.maximum(chosen, 1.0)
    return k * np.log(np.e * np.maximum(total, k) / k) - 0.5 * np.log(2 * np.pi * k)


def false_discovery(log_p: F64) -> F64:
    """Turn natural log p-values into q-values (Benjamini and Hochberg 1995).

    Examples
    --------
    >>> false_discovery(np.log([0.01, 0.5])).round(3).tolist()
    [0.02, 0.5]
    """
    tests = len(log_p)
    order = np.argsort(log_p, kind="stable")
    raw = log_p[order] + np.log(max(tests, 1)) - np.log(np.arange(1, tests + 1))
    least = np.minimum.accumulate(raw[::-1])[::-1]
    q = np.empty(tests)
    q[order] = np.exp(np.minimum(least, 0.0))
    return q
