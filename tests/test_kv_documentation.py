import json
import re
import subprocess
from pathlib import Path

import pytest
import redis

from app import index
from tests.conftest import PATIENCE
from tests.kv_table import TABLE as KV_TABLE
from tests.served import served
from tests.test_kv import send, store

README = (Path(__file__).parents[1] / "README.md").read_text()
TABLE = README.partition("<!-- kv -->")[2].partition("<!-- /kv -->")[0]
ROWS = re.findall(
    r"^\| (.+?) \| `(curl .+)` \| (\d{3})(?: `(.+?)`)?", TABLE, re.MULTILINE
)


def run(command, service, folder):
    """Run a curl command of the page against the service; return status and body."""
    address = service.url.removeprefix("http://")
    command = command.replace("localhost:5000", address)
    options = "--silent --show-error --output body --write-out %{http_code} "
    status = subprocess.check_output(
        ["sh", "-c", command.replace("curl ", f"curl {options}", 1)],
        cwd=folder,
        text=True,
    )
    return int(status), (folder / "body").read_text()


@pytest.fixture
def service(server, tmp_path):
    with served(server.url, tmp_path / "output", WORKERS="1") as started:
        yield started


def test_every_row_of_the_readme_gets_what_it_says(service, tmp_path):
    assert len(ROWS) == TABLE.count("\n| ") - 1
    (tmp_path / "photo.jpg").write_bytes(bytes(range(256)))
    for wish, command, status, body in ROWS:
        got_status, got_body = run(command, service, tmp_path)
        assert got_status == int(status), wish
        if body.startswith("{"):
            assert json.loads(got_body) == json.loads(body), wish
        elif body:
            assert got_body == body, wish


def test_every_command_of_the_page_succeeds(service, server, tmp_path):
    for example in index.EXAMPLES:
        command = example.command.format(url=service.url)
        status, _ = run(command, service, tmp_path)
        assert status in (200, 201, 204) or "If-None-Match" in command, example
        assert status < 500, example
    with redis.Redis.from_url(server.url) as owner:
        assert owner.get("hits") == b"1"


def test_the_rights_that_the_page_names_are_enough(every_url, every_redis, client_of):
    page = (Path(__file__).parents[1] / "docs/kv.md").read_text()
    named = re.search(r"A user of Redis for this service needs (.+)\.", page)[1]
    rights = [f"+{name.lower()}" for name in re.findall(r"`([A-Z]+)`", named)]
    every_redis.execute_command(
        "ACL", "SETUSER", "service", "reset", "on", ">pw", "~*", *rights
    )
    client = client_of(
        every_url, redis_username="service", redis_password="pw", redis_timeout=PATIENCE
    )
    for rows in KV_TABLE.values():
        for name, before, ask, answer, _ in rows:
            every_redis.flushall()
            store(every_redis, before)
            assert send(client, ask).status_code == answer.status, name
    assert client.get("/health").status_code == 200
