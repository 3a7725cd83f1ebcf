"""What a resource allows: OPTIONS (RFC 9110, section 9.3.7), and Allow everywhere."""

from flask import Flask, Response, request

from app.exchange import JSON

SERVER_WIDE = "*"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def init_app(app: Flask) -> None:
    """Complete what Flask answers to OPTIONS by itself."""
    app.before_request(_answer_for_the_server)
    app.after_request(_complete)


def _answer_for_the_server() -> Response | None:
    """Answer `OPTIONS *`, which is about no resource but the server as a whole."""
    if request.environ["PATH_INFO"] == SERVER_WIDE and request.method == "OPTIONS":
        response = Response()
        response.allow.update(METHODS)
        return response
    return None


def _complete(response: Response) -> Response:
    if "Allow" in response.headers:
        response.headers["Allow"] = ", ".join(sorted(response.allow))
    if request.method == "OPTIONS" and response.status_code == 200:
        response.status_code = 204
        del response.headers["Content-Type"]
        if "PATCH" in response.allow:
            response.headers["Accept-Patch"] = JSON  # RFC 5789, section 3.1
    return response
