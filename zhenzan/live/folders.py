"""The folders inside the service's folder."""

JOURNAL, IDS, CHECKPOINTS, HISTORY = "journal", "ids", "checkpoints", "history"

SETTLED = "settled"
"""Outputs of the last run of the settler."""

RESCORED = "rescored"
"""Outputs of a run over history that the settler no longer looks at, while they are needed."""
