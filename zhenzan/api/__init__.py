"""The service over HTTP: FastAPI routes over the live service and the count-state ledger.

Invariants: a route holds no logic; every route but ``/healthz`` and ``/readyz`` names the roles
that may use it; every error has the one shape of `zhenzan.api.problem`, and an exceeded limit is
named in it. Entry point: `create_app` in ``app``.
"""

from __future__ import annotations
