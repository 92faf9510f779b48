"""A live service between two pipes, for tests that kill its process.

``python -m zhenzan.testing.piped FOLDER`` reads one JSON array of rows a line and writes one JSON
array of ``[event_id, status, position, score, count_state]`` a line once they are acknowledged.
"""

from __future__ import annotations

import json
import sys
import threading
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

from zhenzan.counts.ledger import CountLedger
from zhenzan.live import open_service
from zhenzan.live.interface import Answer
from zhenzan.settings import Settings
from zhenzan.store.engine import open_store

SETTINGS = replace(Settings(), checkpoint_rows=400, ahead_s=10**8)


def main(folder: Path) -> None:
    """Serve until the input ends, then drain."""
    store = open_store(folder / "counts.sqlite")
    service = open_service(folder, SETTINGS, CountLedger(store))
    writing = threading.Lock()

    def tell(done: Future[list[Answer]]) -> None:
        told = [
            [one.event_id, one.status, one.position, one.score, one.count_state]
            for one in done.result()
        ]
        with writing:
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()

    tell_ready: Future[list[Answer]] = Future()
    tell_ready.set_result([])
    tell(tell_ready)
    for line in sys.stdin:
        service.submit(json.loads(line)).add_done_callback(tell)
    service.close()
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
