"""GET /openapi.json: the description of the whole service, kept by hand."""

import json
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, current_app

import app as package
from app.exchange import Answer, json_answer, respond

FILE = Path(__file__).with_name("openapi.json")

bp = Blueprint("openapi", __name__)


def init_app(app: Flask) -> None:
    """Serve the description of what the app serves."""
    document = description()
    if not app.extensions["settings"].metrics_on_main_port:
        del document["paths"]["/metrics"]
    app.extensions["openapi"] = json_answer(
        document, headers=(("Cache-Control", "no-cache"),)
    )
    app.register_blueprint(bp)


def description() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document, with the version that is running."""
    document: dict[str, Any] = json.loads(FILE.read_bytes())
    document["info"]["version"] = package.__version__
    return document


@bp.get("/openapi.json")
def openapi() -> Response:
    """Answer the description."""
    answer: Answer = current_app.extensions["openapi"]
    return respond(answer)
