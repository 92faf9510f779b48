"""Detectors: one file each, one signal per like each, found by walking this folder.

Invariants: a detector reads only the names it declares, never changes its input, answers NaN
where it cannot say, and does not depend on the order of rows. What is usual is not its business:
scoring learns that from the log. Entry point: ``registry.all_detectors``.
"""
