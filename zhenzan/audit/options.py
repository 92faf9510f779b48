"""What an operator may choose about an audit."""

from __future__ import annotations

from dataclasses import dataclass, field

from zhenzan.clock import DAY_US
from zhenzan.errors import SettingError
from zhenzan.groups.find import GroupOptions

WINDOW_MAX_US = 36_525 * DAY_US
"""A hundred years; no log is longer, and times beyond it do not fit their numbers."""


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """How far each window reaches, how often one is audited, and how growths are sampled.

    ``seed`` draws the sample of ordinary growths that a person reviews beside the unusual ones.
    The limits on memory, threads and spilling in ``groups`` change no answer; everything else
    here is part of what an interrupted audit must be continued with.
    """

    every_us: int = 7 * DAY_US
    window_us: int = 90 * DAY_US
    seed: int = 7
    groups: GroupOptions = field(default_factory=GroupOptions)

    def __post_init__(self) -> None:
        if not 0 < self.every_us <= self.window_us:
            raise SettingError(
                "the windows of the audit leave gaps",
                hint="`--every` must be longer than nothing and at most as long as `--window`",
            )

        if self.window_us > WINDOW_MAX_US:
            raise SettingError(
                "a window of the audit is too long", hint="`--window` ends at 36525d"
            )

    def as_dict(self) -> dict[str, object]:
        """Give what moves answers, as it stands in the manifest."""
        return {
            "every_us": self.every_us,
            "window_us": self.window_us,
            "seed": self.seed,
            "false_discovery_max": self.groups.false_discovery_max,
            "pairs_per_like_max": self.groups.pairs_per_like_max,
        }
