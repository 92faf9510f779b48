"""The count-state ledger: the history of every like's states, and counters derived from it.

Invariants: a history only grows; a counter is the sum of the latest states, exactly, at every
moment a reader can see; the journal's position is kept in the transaction that it caused, so a
replay changes nothing twice. Entry point: `CountLedger` in ``ledger``.
"""

from __future__ import annotations
