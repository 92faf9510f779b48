"""The built-in features, one file per family of questions."""

from __future__ import annotations

from zhenzan.features.library.concentration import CONCENTRATION
from zhenzan.features.library.diversity import DIVERSITY
from zhenzan.features.library.funnel import FUNNEL
from zhenzan.features.library.history import HISTORY
from zhenzan.features.library.registration import REGISTRATION
from zhenzan.features.library.session import SESSION
from zhenzan.features.library.timing import TIMING
from zhenzan.features.library.velocity import VELOCITY
from zhenzan.features.spec import Feature

FEATURES: tuple[Feature, ...] = (
    *VELOCITY,
    *DIVERSITY,
    *TIMING,
    *HISTORY,
    *CONCENTRATION,
    *FUNNEL,
    *SESSION,
    *REGISTRATION,
)
"""Every built-in feature; names are unique and stable."""

__all__ = ["FEATURES"]
