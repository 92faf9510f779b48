"""The progress bar of the verbs that take long; it goes to standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


@contextmanager
def progress_bar() -> Iterator[Callable[[str, float], None]]:
    """Show a bar and give what moves it: called with the stage and its part done, 0 to 1."""
    bar = Progress(
        TextColumn("{task.description:>7}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=Console(file=sys.stderr),
    )
    with bar:
        task = bar.add_task("read", total=1.0)

        def advance(stage: str, part: float) -> None:
            bar.update(task, description=stage, completed=part)

        yield advance
