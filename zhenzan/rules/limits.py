"""How much a rule may be: no text that an analyst writes can cost more than this."""

from __future__ import annotations

FILE_BYTES_MAX = 4 << 20
"""Longest text of one file; lists of some ten thousand entries fit."""

FAULTS_MAX = 50
"""Faults told of one file; beyond it the first one has probably caused the others."""

DEPTH_MAX = 32
"""Deepest nesting of a condition; people lose track at four."""

NODES_MAX = 400
"""Parts of one condition."""

COST_MAX = 600
"""Passes over the arrays of a batch that one condition may need, see ``check.cost_of``."""

RULES_MAX = 256
"""Rules in one set."""

LIST_ENTRIES_MAX = 50_000
"""Entries of one list."""

TEXT_CHARS_MAX = 300
"""Characters of one quoted text."""

EXAMPLE_VALUES_MAX = 40
"""Values of one example."""

RULE_NATS_MAX = 3.0
"""Most that one rule may say, in nats: as much as the loudest detector, not more."""

FAMILY_NATS_MAX = 3.0
"""Most that all rules together may say in one family, in nats: a like of which nothing else is
known goes from a prior of 3 % to 0.38, so that it is held and not excluded."""
