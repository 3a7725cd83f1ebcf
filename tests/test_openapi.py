import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from openapi_spec_validator import validate

from app import __version__, create_app, index
from app.openapi import description
from app.settings import Settings
from tests.kv_table import TABLE
from tests.served import served
from tests.test_kv import send, store

ROOT = Path(__file__).parents[1]
DOCUMENT = description()
# Cheap enough for every run; set SCHEMATHESIS_EXAMPLES=1000 for a thorough one.
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "10")
# Flask answers these for every route by itself.
AUTOMATIC = {"HEAD", "OPTIONS"}
METHODS = {"get", "head", "put", "patch", "post", "delete"}
# Headers that belong to the message and not to the route.
FRAMING = {"Content-Type", "Content-Length"}


def resolved(node):
    while "$ref" in node:
        found = DOCUMENT
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def operations():
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS & item.keys():
            yield path, method.upper(), item[method]


def responses():
    for path, method, operation in operations():
        for status, response in operation["responses"].items():
            yield f"{method} {path} {status}", resolved(response)


def test_the_description_is_valid_and_of_this_version():
    validate(DOCUMENT)
    assert DOCUMENT["info"]["version"] == __version__


@pytest.mark.parametrize("on_main_port", [True, False])
def test_it_describes_every_route_and_no_other(on_main_port):
    app = create_app(Settings(metrics_on_main_port=on_main_port))
    served_here = {
        (rule.rule.replace("<key:key>", "{key}"), method)
        for rule in app.url_map.iter_rules()
        for method in rule.methods
    }
    document = app.test_client().get("/openapi.json").get_json()
    described = {
        (path, method.upper())
        for path, item in document["paths"].items()
        for method in METHODS & item.keys()
    }
    assert described <= served_here
    assert {(p, m) for p, m in served_here if m not in AUTOMATIC} <= described


def test_every_operation_has_a_name_and_tells_what_it_does():
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(names)) == len(names)
    assert all(operation["summary"] for _, _, operation in operations())


def test_every_response_has_its_headers_and_an_example_of_each_body():
    for name, response in responses():
        assert "X-Request-ID" in response["headers"], name
        for media_type, content in response.get("content", {}).items():
            if media_type != "application/openmetrics-text":
                assert content["examples"], name


def test_every_example_is_what_its_schema_says():
    """Hold each against the document's own JSON Schema, whose dialect is 2020-12."""
    contents = [
        content
        for _, response in responses()
        for content in response.get("content", {}).values()
    ]
    contents += [
        content
        for _, _, operation in operations()
        for content in resolved(operation.get("requestBody", {}))
        .get("content", {})
        .values()
    ]
    contents += DOCUMENT["components"]["parameters"].values()
    checked = 0
    for content in contents:
        schema = {**content["schema"], "components": DOCUMENT["components"]}
        for example in content.get("examples", {}).values():
            jsonschema.validate(
                example["value"], schema, jsonschema.Draft202012Validator
            )
            checked += 1
    assert checked > 100


@pytest.fixture
def wsgi_client(app):
    return app.test_client()


@pytest.mark.parametrize("part", TABLE)
def test_every_status_header_and_media_type_of_the_table_is_described(
    wsgi_client, redis_client, part
):
    described = {(path, method): found for path, method, found in operations()}
    for name, before, ask, answer, _ in TABLE[part]:
        route = ask.path.partition("?")[0]
        path = "/v1/kv/{key}" if route.startswith("/v1/kv/") else route
        if (path, ask.method) not in described:
            assert answer.status == 405 or ask.method == "OPTIONS", name
            continue
        redis_client.flushall()
        store(redis_client, before)
        response = send(wsgi_client, ask)
        found = described[path, ask.method]["responses"]
        assert str(answer.status) in found, name
        told = resolved(found[str(answer.status)])
        headers = {header for header, _ in response.headers} - FRAMING
        if ask.method != "HEAD" or answer.status < 400:
            assert headers <= told["headers"].keys(), name
        if response.get_data():
            assert response.mimetype in told["content"], name


def test_the_page_is_html_for_a_browser_and_text_for_a_curl(client):
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    page = client.get("/", headers=browser)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert page.get_data(as_text=True).count("<code>") == len(index.EXAMPLES)
    for headers in ({}, {"Accept": "*/*"}, {"Accept": "image/png"}):
        text = client.get("/", headers=headers)
        assert text.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert "curl http://localhost/v1/kv/greeting\n" in text.get_data(as_text=True)
        assert text.headers["Vary"] == "Accept"


def test_the_page_trusts_no_host(client):
    page = client.get("/", headers={"Accept": "text/html", "Host": "<script>x"})
    assert "<script>" not in page.get_data(as_text=True)


def test_the_page_loads_nothing():
    page = index.page("http://x", "text/html").body.decode()
    assert "src=" not in page
    assert "<link" not in page
    assert index.STYLE in page


@pytest.mark.timeout(3600)
def test_schemathesis_finds_no_failure_in_any_phase(shared_server, tmp_path):
    report = tmp_path / "report.json"
    environment = {"WORKERS": "1", "LOG_LEVEL": "error"}
    with served(shared_server.url, tmp_path / "output", **environment) as service:
        command = [
            Path(sys.executable).with_name("schemathesis"),
            *("--config-file", ROOT / "schemathesis.toml"),
            *("run", f"{service.url}/openapi.json", "--max-examples", EXAMPLES),
            *("--continue-on-failure", "--report-json-path", report),
        ]
        run = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False
        )
    print(run.stdout[-20_000:])
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr
    for phase in ("Examples", "Coverage", "Fuzzing", "Stateful"):
        assert f"✅ {phase}" in run.stdout
    assert json.loads(report.read_text())
