"""Zhenzan knows which likes are real: an engagement log in, counted likes with reasons out.

Importing this package imports nothing else, so that ``zhenzan --help`` answers at once.
The command line is :mod:`zhenzan.cli`; the contract of a log is :mod:`zhenzan.events.schema`.
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
