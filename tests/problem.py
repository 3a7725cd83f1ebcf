"""What every error of the service must look like (RFC 9457)."""

import json
from http import HTTPStatus


def assert_problem(response, status, **members):
    """Hold a response against the one shape of errors; return its document."""
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    document = json.loads(response.get_data())
    assert document["type"] == "about:blank"
    assert document["title"] == HTTPStatus(status).phrase
    assert document["status"] == status
    assert document["detail"]
    assert "Traceback" not in response.get_data(as_text=True)
    assert members.items() <= document.items()
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        assert int(response.headers["Retry-After"]) > 0
    return document
