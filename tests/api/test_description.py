"""Requests drawn from the OpenAPI description: none is a mistake of ours, and answers fit it."""

from __future__ import annotations

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import BaseSchema, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

EXAMPLES = 25
"""Requests drawn for each route."""

CHECKS = [
    not_a_server_error,
    response_schema_conformance,
    content_type_conformance,
    status_code_conformance,
]

ROUTES = [
    ("post", "/v1/interactions"),
    ("get", "/v1/likes/{event_id}"),
    ("get", "/v1/items/{item_id}"),
    ("get", "/v1/accounts/{account_id}"),
    ("get", "/v1/merchants/{merchant_id}"),
    ("get", "/v1/groups/{group_id}"),
    ("get", "/v1/revisions"),
    ("get", "/v1/export/{table}"),
    ("get", "/v1/alarms"),
    ("post", "/v1/alarms/{alarm_id}/acknowledge"),
    ("post", "/v1/webhooks"),
    ("get", "/v1/webhooks"),
    ("get", "/v1/webhooks/{webhook_id}"),
    ("patch", "/v1/webhooks/{webhook_id}"),
    ("delete", "/v1/webhooks/{webhook_id}"),
    ("get", "/v1/webhooks/{webhook_id}/dead-letters"),
    ("post", "/v1/webhooks/{webhook_id}/dead-letters/{letter_id}/replay"),
    ("post", "/v1/access/first"),
    ("post", "/v1/access/session"),
    ("delete", "/v1/access/session"),
    ("get", "/v1/access/keys"),
    ("post", "/v1/access/keys"),
    ("delete", "/v1/access/keys/{prefix}"),
    ("get", "/v1/access/audit"),
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("get", "/metrics"),
]
"""Every route but the live view, whose answer has no end."""


@pytest.fixture(scope="module")
def described(served: httpx.Client) -> BaseSchema:
    """The description, as the running server gives it."""
    return schemathesis.openapi.from_dict(served.get("/openapi.json").json())


def test_every_route_is_drawn_from_but_the_live_view(served: httpx.Client):
    paths = served.get("/openapi.json").json()["paths"]
    told = {(method, path) for path, methods in paths.items() for method in methods}
    assert told - set(ROUTES) == {("get", "/v1/live")}


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_drawn_request_is_a_mistake_of_ours(
    served: httpx.Client, described: BaseSchema, method: str, path: str, mode: GenerationMode
):
    """Requests that fit the description, and requests that break it."""
    operation = described[path][method]
    if mode == GenerationMode.NEGATIVE and not list(operation.iter_parameters()) + list(
        operation.body
    ):
        return  # there is nothing that could be given wrongly
    headers = {"Authorization": served.headers["authorization"]}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def drawn(case: Case) -> None:
        response = case.call(base_url=str(served.base_url), headers=headers)
        case.validate_response(response, checks=CHECKS)

    drawn()
