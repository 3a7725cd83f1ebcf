"""GET /: what is here, as a page for a person and as text for a curl."""

import base64
import hashlib
from html import escape
from typing import NamedTuple

from flask import Blueprint, Response, request
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

import app as package
from app.exchange import Answer, respond

TEXT, HTML = "text/plain", "text/html"


class Example(NamedTuple):
    """What somebody may want, and the curl command for it; {url} is this service."""

    wish: str
    command: str


EXAMPLES = (
    Example("keep a value", "curl -X PUT {url}/v1/kv/greeting -d hello"),
    Example("read it", "curl {url}/v1/kv/greeting"),
    Example("for a minute", "curl -X PUT '{url}/v1/kv/greeting?ttl=60' -d hello"),
    Example(
        "only if there is none",
        "curl -X PUT {url}/v1/kv/greeting -H 'If-None-Match: *' -d hello",
    ),
    Example(
        "count",
        "curl -X PATCH {url}/v1/kv/hits -H 'Content-Type: application/json' "
        "-d '{{\"increment\": 1}}'",
    ),
    Example("list keys", "curl '{url}/v1/kv?prefix=user/'"),
    Example("delete it", "curl -X DELETE {url}/v1/kv/greeting"),
)
PLACES = (
    ("/openapi.json", "all of it, as an OpenAPI 3.1 description"),
    ("/health", "whether Redis serves reads and writes now"),
)
STYLE = (
    "body{font:1rem/1.6 system-ui,sans-serif;margin:3rem auto;max-width:60rem;"
    "padding:0 1rem;color-scheme:light dark}"
    "td{padding:.2rem 1.5rem .2rem 0;vertical-align:top}"
)
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
HEADERS = (
    ("Cache-Control", "no-cache"),
    ("Vary", "Accept"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", POLICY),
)

bp = Blueprint("index", __name__)


@bp.get("/")
def index() -> Response:
    """Answer the page in the form that suits the client."""
    url = request.url_root.rstrip("/")
    return respond(page(url, request.headers.get("Accept", "")))


def page(url: str, accept: str) -> Answer:
    """Answer HTML to who accepts it rather than text, as browsers do."""
    chosen = parse_accept_header(accept, MIMEAccept).best_match((TEXT, HTML), TEXT)
    body = _html(url) if chosen == HTML else _text(url)
    content_type = ("Content-Type", f"{chosen}; charset=utf-8")
    return Answer(200, body.encode(), (content_type, *HEADERS))


def _text(url: str) -> str:
    width = max(len(example.wish) for example in EXAMPLES)
    commands = [f"  {e.wish:{width}}  {e.command.format(url=url)}" for e in EXAMPLES]
    places = [f"  {url}{path}  {what}" for path, what in PLACES]
    lines = [_title(), "", *commands, "", *places]
    return "\n".join(lines) + "\n"


def _html(url: str) -> str:
    rows = [
        f"<tr><td>{e.wish}<td><code>{escape(e.command.format(url=url))}</code>"
        for e in EXAMPLES
    ]
    places = [f'<li><a href="{path}">{path}</a>: {what}' for path, what in PLACES]
    return "\n".join(
        (
            '<!doctype html><html lang="en"><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>flask-redis-api</title><style>{STYLE}</style>",
            f"<h1>flask-redis-api</h1><p>{_title()}",
            "<table>",
            *rows,
            "</table><ul>",
            *places,
            "</ul></html>\n",
        )
    )


def _title() -> str:
    version = package.__version__
    return f"flask-redis-api {version}: values over HTTP, kept in Redis."
