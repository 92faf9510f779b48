"""The peak of a process, of its own memory alone."""

from __future__ import annotations

import re
from pathlib import Path


def peak_mib() -> int:
    """Read the most memory that this program has held, in MiB; Linux only.

    `resource.getrusage` tells the peak of the parent instead where that was greater: the figure
    outlives the start of another program in a process.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None, "a process on Linux has a peak"
    return int(found[1]) // 1024
