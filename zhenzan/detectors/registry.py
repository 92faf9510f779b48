"""Finds every detector in this folder."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

import zhenzan.detectors as package
from zhenzan.detectors.interface import Detector
from zhenzan.errors import DetectorError

_NOT_DETECTORS = {"interface", "registry"}


@cache
def all_detectors() -> tuple[Detector, ...]:
    """Return all detectors, sorted by code.

    Raises
    ------
    DetectorError
        A module holds no ``DETECTOR``, its name is not its file's, or a code is used twice.
    """
    found: dict[str, Detector] = {}
    for module_info in pkgutil.iter_modules(package.__path__):
        if module_info.name in _NOT_DETECTORS:
            continue
        module = importlib.import_module(f"{package.__name__}.{module_info.name}")
        detector = getattr(module, "DETECTOR", None)
        if not isinstance(detector, Detector) or detector.name != module_info.name:
            raise DetectorError(
                f"`{module_info.name}.py` must hold `DETECTOR` named `{module_info.name}`"
            )
        if detector.code in found:
            raise DetectorError(
                f"code {detector.code} is used by `{found[detector.code].name}` and "
                f"`{detector.name}`"
            )
        found[detector.code] = detector
    return tuple(found[code] for code in sorted(found))
