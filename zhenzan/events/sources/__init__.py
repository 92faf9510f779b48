"""Where logs come from: files, folders and standard input, in three formats.

Invariants: a source streams with bounded memory, knows the true row numbers of what it reads,
and either reads a file as what it is or says what it looks like instead.
Entry point: ``open_sources``.
"""
