"""Which windows an audit goes through: a function of the times in the log, never of the clock."""

from __future__ import annotations

from collections.abc import Sequence

from zhenzan.audit.options import AuditOptions
from zhenzan.audit.standing import Window


def plan(
    first_us: int, last_us: int, options: AuditOptions, *, finished_us: Sequence[int] = ()
) -> list[Window]:
    """List the windows from the first like to the last.

    Windows end at multiples of ``every`` since 1970, and a last one after the last like; they
    start ``window`` before. Ends that were finished by an earlier audit of a shorter history
    stand as they are, and new ones follow.

    Examples
    --------
    >>> [w.end_us for w in plan(5, 31, AuditOptions(every_us=10, window_us=20))]
    [10, 20, 30, 32]
    >>> ends = [10, 20, 30, 32]
    >>> [w.end_us for w in plan(5, 44, AuditOptions(every_us=10, window_us=20), finished_us=ends)]
    [10, 20, 30, 32, 40, 45]
    """
    ends = list(finished_us)
    if last_us >= first_us:
        end = max(first_us, ends[-1] if ends else first_us) // options.every_us * options.every_us
        while (end := end + options.every_us) <= last_us:
            ends.append(end)
        if not ends or ends[-1] <= last_us:
            ends.append(last_us + 1)
    return [
        Window(index, max(end - options.window_us, min(first_us, end)), end)
        for index, end in enumerate(ends)
    ]
