import signal
import socket
import time
from contextlib import suppress

import pytest
import redis
from redis.exceptions import BusyLoadingError

from app.embedded import EmbeddedServer, find_server
from tests.conftest import BINARIES, binary_of
from tests.problem import assert_problem

# The promise: an answer within 2 s, even when Redis hangs.
SECONDS = 2
# And back again, with no restart, so soon after Redis is.
BACK_SECONDS = 5


@pytest.fixture(params=sorted(BINARIES))
def server(request, folder):
    """One server of each kind in turn."""
    with EmbeddedServer(binary_of(request.param), folder) as started:
        yield started


def admin(server, **options):
    return redis.Redis.from_url(server.url, **options)


def wait_until_ok(client, path):
    """Ask until the answer is 200: a lost Redis is not tried again at every request."""
    deadline = time.monotonic() + BACK_SECONDS
    while client.get(path).status_code != 200:
        assert time.monotonic() < deadline, f"{path} did not recover"
        time.sleep(0.01)


def assert_writes_are_refused(client, reason, *, readable=True):
    start = time.monotonic()
    assert_problem(client.get("/health"), 503, reason=reason)
    assert time.monotonic() - start < SECONDS
    posted = client.post("/set", json={"key": "foo", "value": "bar"})
    assert_problem(posted, 503, reason=reason)
    got = client.get("/get/foo")
    if readable:
        assert_problem(got, 404)
    else:
        assert_problem(got, 503, reason=reason)
    assert client.get("/health/live").status_code == 200


def test_a_redis_that_serves_is_healthy_and_gets_no_key(client_of, server):
    response = client_of(server.url).get("/health")
    assert response.status_code == 200
    assert response.get_json()["status"] == "ok"
    assert response.get_json()["redis"]["status"] == "ok"
    assert admin(server).dbsize() == 0


@pytest.mark.parametrize("kind", ["string", "list"])
def test_the_question_changes_no_key_of_the_same_name(client_of, server, kind):
    name = "flask-redis-api:probe"
    with admin(server) as owner:
        (owner.set if kind == "string" else owner.rpush)(name, "mine")
        before = owner.dump(name)
        assert client_of(server.url).get("/health").status_code == 200
        assert owner.dump(name) == before


def test_a_replica_is_read_only(client_of, server):
    admin(server).replicaof("127.0.0.1", 1)
    admin(server).config_set("replica-serve-stale-data", "yes")
    assert_writes_are_refused(client_of(server.url), "read-only")


def test_a_full_redis_is_out_of_memory(client_of, server):
    admin(server).config_set("maxmemory", 1)
    assert_writes_are_refused(client_of(server.url), "out-of-memory")


def test_a_redis_that_cannot_save_is_refusing_writes(client_of, server):
    with admin(server) as owner:
        owner.config_set("save", "1 1")
        (server.folder / "dump.rdb").mkdir()
        (server.folder / "dump.rdb" / "in-the-way").touch()
        with suppress(redis.ResponseError):
            owner.bgsave()
        deadline = time.monotonic() + 10
        while owner.info("persistence")["rdb_last_bgsave_status"] != "err":
            assert time.monotonic() < deadline, "the save did not fail"
            time.sleep(0.05)
    assert_writes_are_refused(client_of(server.url), "refusing-writes")
    admin(server).config_set("save", "")  # or it would not end


def test_too_few_replicas_are_named(client_of, server):
    admin(server).config_set("min-replicas-to-write", 1)
    assert_writes_are_refused(client_of(server.url), "too-few-replicas")


def test_a_server_that_wants_a_password_is_a_wrong_password(client_of, server):
    admin(server).config_set("requirepass", "secret")
    client = client_of(server.url)
    assert_writes_are_refused(client, "wrong-password", readable=False)
    client = client_of(server.url, redis_password="wrong")
    assert_writes_are_refused(client, "wrong-password", readable=False)
    client = client_of(server.url, redis_password="secret")
    assert client.get("/health").status_code == 200


def test_a_password_for_a_server_without_one_is_a_wrong_password(client_of, server):
    client = client_of(server.url, redis_password="needless", redis_username="nobody")
    assert_writes_are_refused(client, "wrong-password", readable=False)


def test_a_user_without_the_right_to_write_is_named(client_of, server):
    with admin(server) as owner:
        owner.execute_command("ACL", "SETUSER", "reader", "on", ">pw", "~*", "+get")
    client = client_of(server.url, redis_username="reader", redis_password="pw")
    assert_writes_are_refused(client, "no-permission")


def test_a_redis_that_loads_its_data_is_loading(client_of, folder):
    with EmbeddedServer(find_server(), folder, "--appendonly", "no") as server:
        with admin(server) as owner:
            owner.mset({f"key:{n}": "value" for n in range(2000)})
            owner.save()
        url = server.url
    # Each key takes its time to load, so that the state lasts.
    options = ("--appendonly", "no", "--key-load-delay", "2000")
    options += ("--loading-process-events-interval-bytes", "1024")
    loading = EmbeddedServer(find_server(), folder, *options)
    process = loading.launch()
    client = client_of(url)
    try:
        deadline = time.monotonic() + 10
        while not _is_loading(url):
            assert time.monotonic() < deadline, "Redis did not begin to load"
            time.sleep(0.01)
        assert_writes_are_refused(client, "loading", readable=False)
        assert client.get("/health/ready").status_code == 200
    finally:
        process.kill()
        process.wait()


def _is_loading(url):
    try:
        with redis.Redis.from_url(url) as owner:
            owner.get("foo")
    except BusyLoadingError:
        return True
    except redis.ConnectionError:
        return False
    return False


def test_a_stopped_redis_is_unreachable_and_back_without_a_restart(client_of, server):
    client = client_of(server.url)
    assert client.post("/set", json={"key": "foo", "value": "bar"}).status_code == 200
    server.stop()
    for path in ("/health", "/get/foo"):
        assert_problem(client.get(path), 503, reason="unreachable")
    assert client.get("/health/live").status_code == 200
    server.start()
    wait_until_ok(client, "/health")
    assert client.get("/get/foo").get_json()["value"] == "bar"
    assert client.post("/set", json={"key": "foo", "value": "2"}).status_code == 200


def test_a_hung_redis_is_unreachable_in_time(client_of, server):
    # Longer than the promise, so that the probe's own bound is what counts.
    client = client_of(server.url, redis_timeout=30)
    assert client.get("/health").status_code == 200
    server.signal(signal.SIGSTOP)
    try:
        start = time.monotonic()
        assert_problem(client.get("/health"), 503, reason="unreachable")
        assert time.monotonic() - start < SECONDS
    finally:
        server.signal(signal.SIGCONT)


def test_a_read_whose_answer_is_lost_leaves_nothing_unknown(client_of, server):
    client = client_of(server.url)
    client.get("/health")
    server.signal(signal.SIGSTOP)
    try:
        for path in ("/health", "/get/foo", "/v1/kv/foo"):
            problem = assert_problem(client.get(path), 503, reason="unreachable")
            assert "applied" not in problem
    finally:
        server.signal(signal.SIGCONT)


def test_a_database_that_is_not_there_is_unreachable(client_of, server):
    client = client_of(f"{server.url}?db=99")
    for path in ("/health", "/get/foo", "/v1/kv/foo"):
        assert_problem(client.get(path), 503, reason="unreachable")


def test_a_write_whose_answer_is_lost_says_that_its_fate_is_unknown(client_of, server):
    client = client_of(server.url)
    client.get("/health")
    server.signal(signal.SIGSTOP)
    try:
        posted = client.post("/set", json={"key": "foo", "value": "bar"})
        assert_problem(posted, 503, reason="unreachable", applied="unknown")
    finally:
        server.signal(signal.SIGCONT)


def test_an_address_where_nobody_listens_is_unreachable(client_of):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client = client_of(f"redis://127.0.0.1:{unused.getsockname()[1]}")
        assert_writes_are_refused(client, "unreachable", readable=False)
        posted = client.post("/set", json={"key": "foo", "value": "bar"})
        assert "applied" not in posted.get_json()


def test_a_host_name_that_does_not_resolve_is_unreachable(client_of):
    client = client_of("redis://redis.invalid")
    assert_problem(client.get("/health"), 503, reason="unreachable")


def test_a_process_that_never_reached_redis_is_not_ready(client_of, folder):
    server = EmbeddedServer(find_server(), folder)
    client = client_of(server.url)
    assert_problem(client.get("/health/ready"), 503, reason="unreachable")
    with server:
        wait_until_ok(client, "/health/ready")
    assert client.get("/health/ready").status_code == 200, "an outage is no unreadiness"


def test_a_wrong_password_never_becomes_ready(client_of, server):
    admin(server).config_set("requirepass", "secret")
    client = client_of(server.url, redis_password="wrong")
    assert_problem(client.get("/health/ready"), 503, reason="wrong-password")
