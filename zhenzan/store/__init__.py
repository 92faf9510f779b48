"""Relational state: one text for SQLite and PostgreSQL, with versions of the tables.

Invariants: a transaction that writes holds the only right to write; a reader sees one moment; the
tables are at the version of the package before anything reads them. Entry point: `open_store`.
"""

from __future__ import annotations
