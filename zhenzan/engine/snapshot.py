"""Takes the state of objects apart into named arrays and numbers, and puts it back.

A state is taken by structure, not by pickling: arrays, numbers and texts that hang on the
attributes of the package's own objects. Whatever else an object holds must be what its
constructor gave it, so that a fresh object, built from the same settings, is the frame into which
a state is put back. A list or set with something in it is neither, and is refused at once: state
that a snapshot would leave out must not go unnoticed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from zhenzan.errors import CheckpointError

_Number = bool | int | float | str | None


@runtime_checkable
class SavesItself(Protocol):
    """An object that knows its own arrays, such as the embedded engine."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """List the whole state as named arrays."""
        ...

    def put_back(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Replace the whole state by what ``arrays`` gave."""
        ...


_PLAIN = (np.ndarray, np.generic, bool, int, float, str, SavesItself)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of an object: arrays and numbers by the path of attributes that leads to them."""

    arrays: dict[str, NDArray[Any]]
    numbers: dict[str, _Number]


def take(root: object) -> Snapshot:
    """Copy the state of an object and of all that hangs on it."""
    snapshot = Snapshot({}, {})
    for path, value in _parts(root, ""):
        if isinstance(value, SavesItself):
            snapshot.arrays.update({f"{path}/{k}": v.copy() for k, v in value.arrays().items()})
        elif isinstance(value, np.ndarray):
            snapshot.arrays[path] = value.copy()
        elif is_dataclass(value):
            assert not isinstance(value, type)
            arrays = {f.name: getattr(value, f.name) for f in fields(value)}
            snapshot.arrays.update({f"{path}/{k}": v.copy() for k, v in arrays.items()})
        else:
            number = value.item() if isinstance(value, np.generic) else value
            assert number is None or isinstance(number, bool | int | float | str)
            snapshot.numbers[path] = number
    return snapshot


def put_back(root: object, snapshot: Snapshot) -> None:
    """Put a state into an object that was built as the one it was taken from.

    Raises
    ------
    CheckpointError
        The object has other parts than the state.
    """
    arrays, numbers = dict(snapshot.arrays), dict(snapshot.numbers)
    try:
        for path, value in list(_parts(root, "")):
            if isinstance(value, SavesItself):
                value.put_back(_under(arrays, path))
            elif isinstance(value, np.ndarray):
                _set(root, path, arrays.pop(path))
            elif is_dataclass(value):
                assert not isinstance(value, type)
                _set(root, path, replace(value, **_under(arrays, path)))
            else:
                _set(root, path, numbers.pop(path))
    except (KeyError, TypeError) as error:
        raise CheckpointError(f"the state has no place for {error}", hint=_HINT) from error
    if arrays or numbers:
        left = next(iter({**arrays, **numbers}))
        raise CheckpointError(f"the state holds `{left}`, which nothing takes", hint=_HINT)


_HINT = "it was saved by another version; replay the journal"


def _under(arrays: dict[str, NDArray[Any]], path: str) -> dict[str, NDArray[Any]]:
    names = [name for name in arrays if name.startswith(path + "/")]
    return {name[len(path) + 1 :]: arrays.pop(name) for name in names}


def _parts(holder: object, path: str) -> Iterator[tuple[str, Any]]:
    """Give every part of the state with its path."""
    for name, value in _attributes(holder):
        at = f"{path}/{name}" if path else name
        if value is None or isinstance(value, _PLAIN) or _is_record(value):
            yield at, value
        elif isinstance(value, list | set) or type(value).__name__ == "deque":
            assert not value, f"`{at}` holds state that no snapshot would keep"
        elif isinstance(value, tuple):
            assert not any(map(_is_own, value)), f"`{at}` holds state without a name"
        elif isinstance(value, dict) or _is_own(value):
            yield from _parts(value, at)


def _attributes(holder: object) -> list[tuple[str, Any]]:
    if isinstance(holder, dict):
        assert all(isinstance(key, str) for key in holder), "a state has names"
        return list(holder.items())
    names = list(getattr(holder, "__dict__", ())) or list(getattr(holder, "__slots__", ()))
    return [(name, getattr(holder, name)) for name in names]


def _is_own(value: object) -> bool:
    """Say whether an object of the package may hold state: a frozen one cannot."""
    kind = type(value)
    frozen = is_dataclass(value) and kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    return kind.__module__.startswith("zhenzan.") and not frozen and not callable(value)


def _is_record(value: object) -> bool:
    """Say whether a frozen record holds arrays alone: such a one is replaced as a whole."""
    if not is_dataclass(value) or isinstance(value, type):
        return False
    frozen = type(value).__dataclass_params__.frozen  # type: ignore[attr-defined]
    return frozen and all(isinstance(getattr(value, f.name), np.ndarray) for f in fields(value))


def _set(root: object, path: str, value: object) -> None:
    holder: Any = root
    *way, last = path.split("/")
    for name in way:
        holder = holder[name] if isinstance(holder, dict) else getattr(holder, name)
    if isinstance(holder, dict):
        holder[last] = value
    else:
        setattr(holder, last, value)
