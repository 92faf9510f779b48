"""Joins the evidence into one probability per like, at once and again when it settles.

Invariants: no labels; what is usual is learned from the log itself; correlated signals of one
family do not count twice; a score never reads the future before the follow-up window closes;
codes and row order carry nothing. Entry point: ``job.score_log``.
"""
