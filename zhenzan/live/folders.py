"""The folders inside the service's folder."""

JOURNAL, IDS, CHECKPOINTS, HISTORY = "journal", "ids", "checkpoints", "history"
