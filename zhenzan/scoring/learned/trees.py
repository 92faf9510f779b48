"""Boosted trees as arrays: read from LightGBM's text, walked and explained by kernels.

The contributions are Shapley values of the trees in the path-dependent sense (Lundberg, Erion and
Lee, 2018), those of LightGBM's ``pred_contrib``. A path holds few different inputs, so the share of
each input is tabled once for every leaf and every pattern of met and unmet conditions; a
contribution is then a look-up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zhenzan.errors import ModelError

DEPTH_MAX = 8
"""Most different inputs on a path; the tables of a leaf hold two to that power rows."""

_DEFAULT_LEFT = 2
_BLOCK = 64

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Forest:
    """Trees behind each other in arrays.

    Attributes
    ----------
    inputs
        Names of the columns.
    root
        First node of each tree; below zero: a tree of a single leaf, ``~leaf``.
    feature, threshold, left, right, nan_left
        One per node: a value up to ``threshold`` goes left, NaN where ``nan_left`` says. A child
        below zero is a leaf, ``~leaf``.
    value
        One per leaf.
    leaf_start, path_feature, path_low, path_high, path_nan
        The different inputs on the way to each leaf, and the values (low, high] that lead to it.
    share_start, share
        For each leaf a table (patterns, inputs): contribution of each input on the way.
    bias
        What the trees say on average; contributions add up to the margin less this.
    """

    inputs: tuple[str, ...]
    root: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: F32
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    nan_left: NDArray[np.bool_]
    value: F64
    leaf_start: NDArray[np.int64]
    path_feature: NDArray[np.int32]
    path_low: F32
    path_high: F32
    path_nan: NDArray[np.bool_]
    share_start: NDArray[np.int64]
    share: F32
    bias: float

    def margin(self, matrix: F32) -> F64:
        """Sum the trees for each row, in log odds."""
        self._check(matrix)
        out = np.zeros(len(matrix))
        _walk(matrix, self.root, self.feature, self.threshold, self.left, self.right,
              self.nan_left, self.value, out)  # fmt: skip
        return out

    def contributions(self, matrix: F32) -> F32:
        """Split the margin of each row over the inputs: shape (rows, inputs), exact."""
        self._check(matrix)
        out = np.zeros(matrix.shape)
        _explain(matrix, self.leaf_start, self.path_feature, self.path_low, self.path_high,
                 self.path_nan, self.share_start, self.share, out)  # fmt: skip
        return out.astype(np.float32)

    def _check(self, matrix: F32) -> None:
        assert matrix.dtype == np.float32 and matrix.shape[1] == len(self.inputs), matrix.shape


def read_forest(text: str, *, heard: float = 1.0) -> Forest:
    """Read a model from LightGBM's text.

    Parameters
    ----------
    heard
        What all leaves are multiplied by.

    Raises
    ------
    ModelError
        The text is no such model, holds categorical splits, or a path with too many inputs.
    """
    header, *trees = text.split("\nTree=")
    names = _fields(header).get("feature_names", "").split()
    if not names:
        raise ModelError("the trees name no inputs", hint="is it LightGBM's own text?")
    parts = [_tree(_fields(tree)) for tree in trees]
    for part in parts:
        part["value"] *= heard
    return _joined(tuple(names), parts)


def _fields(text: str) -> dict[str, str]:
    lines = (line.partition("=") for line in text.split("\n\n\n")[0].splitlines())
    return {name: value for name, sign, value in lines if sign}


def _numbers(fields: dict[str, str], name: str, dtype: Any) -> NDArray[Any]:
    return np.array(fields.get(name, "").split(), np.float64).astype(dtype)


def _tree(fields: dict[str, str]) -> dict[str, NDArray[Any]]:
    decision = _numbers(fields, "decision_type", np.int64)
    if (decision & 1).any():
        raise ModelError("the trees hold categorical splits", hint="train on numbers only")
    threshold = np.array(fields.get("threshold", "").split(), np.float64)
    # Rounded down to a float32, so that a float32 compares as its double does.
    narrow = threshold.astype(np.float32)
    above = narrow.astype(np.float64) > threshold
    narrow[above] = np.nextafter(narrow[above], np.float32(-np.inf))
    # Without a missing type NaN stands for zero.
    missing = decision >> 2 & 3
    nan_left = np.where(missing == 0, threshold >= 0, (decision & _DEFAULT_LEFT) != 0)
    return {
        "feature": _numbers(fields, "split_feature", np.int32),
        "threshold": narrow,
        "left": _numbers(fields, "left_child", np.int32),
        "right": _numbers(fields, "right_child", np.int32),
        "nan_left": nan_left,
        "value": _numbers(fields, "leaf_value", np.float64),
        "cover": _numbers(fields, "leaf_count", np.float64),
        "inner": _numbers(fields, "internal_count", np.float64),
    }


@dataclass(slots=True)
class _Path:
    """One way from a root to a leaf."""

    leaf: int
    low: dict[int, float]
    high: dict[int, float]
    nan: dict[int, bool]
    zero: dict[int, float]


def _paths(tree: dict[str, NDArray[Any]]) -> list[_Path]:
    """List the ways to all leaves, with the interval and the share of rows per input."""
    if not len(tree["feature"]):
        return [_Path(0, {}, {}, {}, {})]
    found = []
    waiting = [(0, _Path(-1, {}, {}, {}, {}))]
    while waiting:
        node, path = waiting.pop()
        if node < 0:
            path.leaf = ~node
            found.append(path)
            continue
        which, edge = int(tree["feature"][node]), float(tree["threshold"][node])
        for is_left, child in ((True, int(tree["left"][node])), (False, int(tree["right"][node]))):
            cover = tree["cover"][~child] if child < 0 else tree["inner"][child]
            step = _Path(-1, {**path.low}, {**path.high}, {**path.nan}, {**path.zero})
            if is_left:
                step.high[which] = min(step.high.get(which, np.inf), edge)
            else:
                step.low[which] = max(step.low.get(which, -np.inf), edge)
            lets_nan = bool(tree["nan_left"][node]) == is_left
            step.nan[which] = step.nan.get(which, True) and lets_nan
            part = float(cover / max(tree["inner"][node], 1.0))
            step.zero[which] = step.zero.get(which, 1.0) * part
            waiting.append((child, step))
    return found


def _joined(names: tuple[str, ...], trees: list[dict[str, NDArray[Any]]]) -> Forest:
    nodes, leaves = 0, 0
    columns: dict[str, list[NDArray[Any]]] = {}
    root, paths, value = [], [], []
    for tree in trees:
        root.append(nodes if len(tree["feature"]) else ~leaves)
        for side in ("left", "right"):
            child = tree[side]
            tree[side] = np.where(child < 0, ~(~child + leaves), child + nodes).astype(np.int32)
        offset = {"left": nodes, "leaves": leaves}
        for name in ("feature", "threshold", "left", "right", "nan_left"):
            columns.setdefault(name, []).append(tree[name])
        local = {
            **tree,
            "left": np.where(tree["left"] < 0, ~(~tree["left"] - offset["leaves"]),
                             tree["left"] - offset["left"]),
            "right": np.where(tree["right"] < 0, ~(~tree["right"] - offset["leaves"]),
                              tree["right"] - offset["left"]),
        }  # fmt: skip
        for path in _paths(local):
            path.leaf += leaves
            paths.append(path)
        nodes += len(tree["feature"])
        leaves += len(tree["value"])
        value.append(tree["value"])
    return _tabled(names, columns, np.array(root, np.int32), paths, np.concatenate(value))


def _tabled(
    names: tuple[str, ...],
    columns: dict[str, list[NDArray[Any]]],
    root: NDArray[np.int32],
    paths: list[_Path],
    value: F64,
) -> Forest:
    """Table the contributions of every leaf."""
    starts, share_starts = [0], [0]
    feature, low, high, nan, zero = [], [], [], [], []
    for path in paths:
        if len(path.nan) > DEPTH_MAX:
            raise ModelError("a path holds too many inputs", hint=f"train with depth {DEPTH_MAX}")
        for which in path.nan:
            feature.append(which)
            low.append(path.low.get(which, -np.inf))
            high.append(path.high.get(which, np.inf))
            nan.append(path.nan[which])
            zero.append(path.zero[which])
        starts.append(len(feature))
        share_starts.append(share_starts[-1] + len(path.nan) * (1 << len(path.nan)))
    leaf_value = np.array([value[path.leaf] for path in paths])
    share = np.zeros(share_starts[-1])
    start = np.array(starts, np.int64)
    _table(start, np.array(zero), leaf_value, np.array(share_starts, np.int64), share)
    weight = np.array([np.prod(list(path.zero.values())) for path in paths])
    joined = {name: np.concatenate(parts) for name, parts in columns.items()}
    return Forest(
        names, root, joined["feature"], joined["threshold"], joined["left"], joined["right"],
        joined["nan_left"], value, start, np.array(feature, np.int32),
        np.array(low, np.float32), np.array(high, np.float32), np.array(nan, np.bool_),
        np.array(share_starts, np.int64), share.astype(np.float32),
        float((weight * leaf_value).sum()),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _walk(matrix, root, feature, threshold, left, right, nan_left, value, out):
    """Walk tree by tree over blocks of rows, so that a tree stays in the cache for a block."""
    for start in range(0, len(matrix), _BLOCK):
        end = min(start + _BLOCK, len(matrix))
        for tree in range(len(root)):
            for row in range(start, end):
                node = root[tree]
                while node >= 0:
                    x = matrix[row, feature[node]]
                    if x <= threshold[node] or (x != x and nan_left[node]):
                        node = left[node]
                    else:
                        node = right[node]
                out[row] += value[~node]


@njit(cache=True, nogil=True)
def _explain(matrix, start, feature, low, high, nan, share_start, share, out):
    """Add shares leaf by leaf over blocks of rows, column by column.

    The table of a leaf stays in the cache for a block, and the inner loops run over neighbours in
    memory. Every row adds up its leaves in the same order whatever the block: sums are the same.
    """
    rows, width = matrix.shape
    inside = np.empty((width, _BLOCK), np.float32)
    told = np.empty((width, _BLOCK))
    pattern = np.empty(_BLOCK, np.int64)
    for begin in range(0, rows, _BLOCK):
        count = min(_BLOCK, rows - begin)
        for column in range(width):
            for row in range(count):
                inside[column, row] = matrix[begin + row, column]
                told[column, row] = 0.0
        for leaf in range(len(start) - 1):
            first = start[leaf]
            size = start[leaf + 1] - first
            pattern[:count] = share_start[leaf]
            for place in range(size):
                least, most, missing = low[first + place], high[first + place], nan[first + place]
                step = size << place
                values = inside[feature[first + place]]
                for row in range(count):
                    x = values[row]
                    # NaN is neither above nor below.
                    met = ((x > least) & (x <= most)) | ((x != x) & missing)
                    pattern[row] += step * met
            for place in range(size):
                column = told[feature[first + place]]
                for row in range(count):
                    column[row] += share[pattern[row] + place]
        for column in range(width):
            for row in range(count):
                out[begin + row, column] = told[column, row]


@njit(cache=True, nogil=True)
def _table(start, zero, leaf_value, share_start, share):
    """Fill, for each leaf and pattern, the Shapley value of every input on the way.

    A coalition is worth the leaf times, for each input, 1 or 0 as its condition is met where it is
    in the coalition, and the share of rows that meet it where it is not.
    """
    poly = np.empty(DEPTH_MAX + 1)
    order = np.empty(DEPTH_MAX + 2)
    order[0] = 1.0
    for k in range(1, DEPTH_MAX + 2):
        order[k] = order[k - 1] * k
    for leaf in range(len(leaf_value)):
        first = start[leaf]
        size = start[leaf + 1] - first
        for pattern in range(1 << size):
            for place in range(size):
                poly[:] = 0.0
                poly[0] = 1.0
                count = 0
                for other in range(size):
                    if other == place:
                        continue
                    met = float(pattern >> other & 1)
                    for k in range(count, -1, -1):
                        poly[k + 1] += poly[k] * met
                        poly[k] *= zero[first + other]
                    count += 1
                total = 0.0
                for k in range(size):
                    total += poly[k] * order[k] * order[size - k - 1] / order[size]
                met = float(pattern >> place & 1)
                at = share_start[leaf] + pattern * size + place
                share[at] = leaf_value[leaf] * total * (met - zero[first + place])
