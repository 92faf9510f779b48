"""Who computes features: three engines, one answer.

``EmbeddedEngine`` streams batches through Numba kernels and is the one that scores;
``DuckEngine`` asks DuckDB over history and is the independent check; ``OracleEngine`` is the
slow definition that tests hold both against.
"""
