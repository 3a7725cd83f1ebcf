import asyncio
import signal
import subprocess
import time
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import redis
from redis.exceptions import ResponseError

from app.bridge import run
from app.embedded import EmbeddedServer
from app.link import MOST_COMMANDS
from app.outage import Outage, Reason
from app.outbox import BATCH_BYTES, LARGE_BYTES, Outbox
from app.pipeline import Pipeline
from app.pool import Pool
from app.settings import Settings
from app.wire import Command
from tests.conftest import binary_of
from tests.proxy import proxied
from tests.served import free_port

TIMEOUT = 0.3
# What a busy machine may add to a time-out.
LATE = 1


class Recorder:
    """Stands where the metrics do."""

    def __init__(self):
        self.batches = []
        self.connections = []
        self.depths = []
        self.errors = []

    def ended(self, command, seconds, error=None):
        if error is not None:
            self.errors.append(error)

    def sent(self, commands):
        self.batches.append(commands)

    def queued(self, commands):
        self.depths.append(commands)

    def connected(self, *, again):
        self.connections.append(again)

    def disconnected(self):
        self.connections.append(None)


@asynccontextmanager
async def pipeline_to(url, **settings):
    recorder = Recorder()
    chosen = {"redis_url": url, "redis_timeout": TIMEOUT, **settings}
    pipeline = Pipeline(Settings(**chosen), recorder)
    try:
        yield pipeline, recorder
    finally:
        pipeline.close()
        await asyncio.sleep(0.01)


async def execute(pipeline, *command, idempotent=False):
    def call():
        return pipeline.execute(*command, idempotent=idempotent)

    return await run(call)


async def outage_of(call):
    with pytest.raises(Outage) as caught:
        await call
    return caught.value


def test_the_commands_of_one_turn_leave_together(shared_server, redis_client):
    async def many():
        async with pipeline_to(shared_server.url) as (pipeline, recorder):
            await execute(pipeline, "PING")
            calls = [execute(pipeline, "INCR", "n") for _ in range(100)]
            assert sorted(await asyncio.gather(*calls)) == list(range(1, 101))
            assert recorder.batches == [1, 100]
            assert recorder.depths[-1] == 0
            assert recorder.connections == [False]

    asyncio.run(many())


def test_an_error_reply_reaches_only_the_request_that_it_answers(
    shared_server, redis_client
):
    redis_client.rpush("list", "item")

    async def mixed():
        async with pipeline_to(shared_server.url) as (pipeline, _):
            calls = [
                execute(pipeline, "GET" if n % 2 else "LLEN", "list") for n in range(10)
            ]
            return await asyncio.gather(*calls, return_exceptions=True)

    for number, reply in enumerate(asyncio.run(mixed())):
        if number % 2:
            assert isinstance(reply, ResponseError)
            assert str(reply).startswith("WRONGTYPE")
        else:
            assert reply == 1


def test_many_commands_of_one_request_are_answered_in_order(
    shared_server, redis_client
):
    async def several():
        async with pipeline_to(shared_server.url) as (pipeline, _):
            return await run(pipeline.execute_many, [("INCR", "n")] * 3)

    assert asyncio.run(several()) == [1, 2, 3]


def test_a_lost_answer_is_asked_for_again_only_where_that_is_harmless(server):
    async def lose():
        async with (
            proxied(server.socket) as (proxy, port),
            pipeline_to(f"redis://127.0.0.1:{port}") as (pipeline, recorder),
        ):
            await execute(pipeline, "SET", "k", "v")
            proxy.asked.clear()
            proxy.loses_answers = True
            outcomes = await asyncio.gather(
                execute(pipeline, "GET", "k", idempotent=True),
                execute(pipeline, "INCR", "n"),
                return_exceptions=True,
            )
            asked = b"".join(proxy.asked)
            return outcomes, asked, recorder

    (got, lost), asked, recorder = asyncio.run(lose())
    assert got == b"v"
    assert asked.count(b"GET") == 2
    assert isinstance(lost, Outage)
    assert (lost.reason, lost.uncertain) == (Reason.UNREACHABLE, True)
    assert asked.count(b"INCR") == 1
    assert recorder.connections[:3] == [False, None, True]
    with redis.Redis.from_url(server.url) as client:
        assert client.get("n") == b"1", "it was applied, as the answer said it might be"


def test_an_answer_that_is_lost_twice_is_an_outage(server):
    async def lose():
        async with (
            proxied(server.socket) as (proxy, port),
            pipeline_to(f"redis://127.0.0.1:{port}") as (pipeline, _),
        ):
            await execute(pipeline, "PING")
            proxy.refuses = True
            proxy.cut()
            return await outage_of(execute(pipeline, "GET", "k", idempotent=True))

    assert asyncio.run(lose()).reason is Reason.UNREACHABLE


def test_a_hung_redis_is_noticed_within_the_timeout(server):
    async def hang():
        async with pipeline_to(server.url) as (pipeline, recorder):
            await execute(pipeline, "PING")
            server.signal(signal.SIGSTOP)
            start = time.monotonic()
            outages = await asyncio.gather(
                *[outage_of(execute(pipeline, "SET", f"k{n}", "v")) for n in range(50)]
            )
            assert TIMEOUT <= time.monotonic() - start < TIMEOUT + LATE
            assert all(outage.uncertain for outage in outages)
            assert len(recorder.errors) == 50

    try:
        asyncio.run(hang())
    finally:
        server.signal(signal.SIGCONT)


def test_values_that_take_longer_than_the_timeout_to_send_are_stored(server):
    async def upload():
        async with (
            proxied(server.socket) as (proxy, port),
            pipeline_to(f"redis://127.0.0.1:{port}") as (pipeline, recorder),
        ):
            await execute(pipeline, "PING")
            proxy.bytes_per_second = 2**20
            start = time.monotonic()
            values = [execute(pipeline, "SET", f"k{n}", b"x" * 2**20) for n in range(2)]
            assert await asyncio.gather(*values) == [b"OK"] * 2
            assert time.monotonic() - start > 2 * TIMEOUT
            assert recorder.connections == [False]

    asyncio.run(upload())


def test_a_redis_that_hangs_amid_uploads_and_small_commands_is_noticed(server):
    async def hang():
        async with pipeline_to(server.url) as (pipeline, _):
            await execute(pipeline, "PING")
            server.signal(signal.SIGSTOP)
            start = time.monotonic()
            upload = outage_of(execute(pipeline, "SET", "k", b"x" * 2**23))
            waiting = [asyncio.create_task(upload)]
            while not waiting[0].done() and time.monotonic() - start < TIMEOUT + LATE:
                waiting.append(asyncio.create_task(execute(pipeline, "GET", "k")))
                await asyncio.sleep(0.01)
            assert waiting[0].done()
            await asyncio.gather(*waiting, return_exceptions=True)

    try:
        asyncio.run(hang())
    finally:
        server.signal(signal.SIGCONT)


def test_a_redis_that_hangs_from_the_start_gets_no_command(server):
    async def hang():
        async with pipeline_to(server.url) as (pipeline, _):
            server.signal(signal.SIGSTOP)
            start = time.monotonic()
            outage = await outage_of(execute(pipeline, "INCR", "n"))
            assert time.monotonic() - start < TIMEOUT + LATE
            assert not outage.uncertain

    try:
        asyncio.run(hang())
    finally:
        server.signal(signal.SIGCONT)
    with redis.Redis.from_url(server.url) as client:
        assert client.get("n") is None


def test_more_than_may_wait_is_refused_at_once(server):
    async def crowd():
        async with pipeline_to(server.url) as (pipeline, _):
            await execute(pipeline, "PING")
            server.signal(signal.SIGSTOP)
            waiting = [
                asyncio.create_task(outage_of(execute(pipeline, "INCR", "n")))
                for _ in range(MOST_COMMANDS)
            ]
            await asyncio.sleep(0)
            start = time.monotonic()
            refused = await outage_of(execute(pipeline, "INCR", "n"))
            assert time.monotonic() - start < TIMEOUT / 2
            assert (refused.reason, refused.uncertain) == (Reason.OVERLOADED, False)
            await asyncio.gather(*waiting)

    try:
        asyncio.run(crowd())
    finally:
        server.signal(signal.SIGCONT)


def test_a_lost_redis_is_tried_again_ever_more_rarely(server):
    async def attempts():
        async with (
            proxied(server.socket) as (proxy, port),
            pipeline_to(f"redis://127.0.0.1:{port}") as (pipeline, _),
        ):
            proxy.refuses = True
            end = time.monotonic() + 2
            while time.monotonic() < end:
                await outage_of(execute(pipeline, "PING"))
                await asyncio.sleep(0.001)
            tried = proxy.connections
            proxy.refuses = False
            while True:
                try:
                    await execute(pipeline, "PING")
                except Outage:
                    await asyncio.sleep(0.01)
                else:
                    return tried, time.monotonic() - end

    tried, back = asyncio.run(attempts())
    # 50, 100, 200, 400, 800 ms and so on, each shortened by up to a half.
    assert 3 <= tried <= 12
    assert back < 2


def test_a_request_that_is_cancelled_leaves_the_others_alone(
    shared_server, redis_client
):
    async def cancel():
        async with pipeline_to(shared_server.url) as (pipeline, _):
            await execute(pipeline, "PING")
            calls = [
                asyncio.create_task(execute(pipeline, "INCR", f"n{n}"))
                for n in range(10)
            ]
            await asyncio.sleep(0)  # each has given its command, none has left
            for call in calls[::2]:
                call.cancel()
            return await asyncio.gather(*calls, return_exceptions=True)

    replies = asyncio.run(cancel())
    assert replies[1::2] == [1] * 5
    assert all(isinstance(reply, asyncio.CancelledError) for reply in replies[::2])
    assert sorted(redis_client.keys()) == [b"n1", b"n3", b"n5", b"n7", b"n9"]


def test_values_of_every_size_come_back_as_they_were(shared_server, redis_client):
    sizes = [0, 1, LARGE_BYTES, LARGE_BYTES + 1, 2**20, 2**23]

    async def there_and_back():
        async with pipeline_to(shared_server.url, redis_timeout=5) as (pipeline, _):
            await asyncio.gather(
                *[execute(pipeline, "SET", f"k{n}", b"\r\n" * (n // 2)) for n in sizes]
            )
            return await asyncio.gather(
                *[execute(pipeline, "GET", f"k{n}") for n in sizes]
            )

    assert asyncio.run(there_and_back()) == [b"\r\n" * (n // 2) for n in sizes]


def test_small_commands_pass_large_ones_and_batches_are_bounded():
    async def batches():
        loop = asyncio.get_running_loop()
        outbox = Outbox()
        large = [Command(("SET", "large", b"x" * 2**20), loop.create_future())] * 3
        small = [
            Command(("SET", n, b"x" * 8000), loop.create_future()) for n in range(50)
        ]
        for command in (*large, *small):
            outbox.put(command)
        taken = []
        while batch := outbox.take_batch():
            taken.append(batch)
        return taken, large, small

    taken, large, small = asyncio.run(batches())
    assert [command for batch in taken for command in batch] == [*small, *large]
    for batch in taken:
        assert sum(command in large for command in batch) <= 1
        assert sum(len(command.packed) for command in batch[:-1]) < BATCH_BYTES


def test_too_many_bytes_that_wait_are_refused():
    async def fill():
        loop = asyncio.get_running_loop()
        outbox = Outbox()
        command = Command(("SET", "k", b"x" * 2**23), loop.create_future())
        for count in range(100):
            try:
                outbox.put(command)
            except Outage as outage:
                return count, outage, outbox
        return None

    count, outage, outbox = asyncio.run(fill())
    assert 1 < count < 16
    assert outage.reason is Reason.OVERLOADED
    outbox.take_all()
    assert len(outbox) == 0
    asyncio.run(fill())


@pytest.fixture
def certificate(folder):
    paths = folder / "key.pem", folder / "certificate.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    files = ["-keyout", str(paths[0]), "-out", str(paths[1])]
    subprocess.run([*request, *files, *subject], check=True, capture_output=True)
    return paths


def test_tls_with_a_password_and_a_database_works_both_ways(serve, certificate, folder):
    key, certificate_path = map(str, certificate)
    port = free_port()
    options = ["--tls-port", str(port), "--tls-cert-file", certificate_path]
    options += ["--tls-key-file", key, "--tls-auth-clients", "no"]
    with EmbeddedServer(binary_of("redis-7.0"), folder / "data", *options) as started:
        with redis.Redis.from_url(started.url) as owner:
            owner.acl_setuser(
                "worker",
                enabled=True,
                passwords=["+secret"],
                keys="*",
                categories=["+@all"],
            )
        url = (
            f"rediss://worker:secret@localhost:{port}/3?ssl_ca_certs={certificate_path}"
        )
        client = serve(Settings(redis_url=url, redis_timeout=2))
        assert client.put("/v1/kv/foo", data=b"bar").status_code == 201
        assert client.get("/v1/kv/foo").get_data() == b"bar"
        assert client.get("/health").status_code == 200
        with redis.Redis.from_url(started.url, db=3) as owner:
            assert owner.get("foo") == b"bar"
        untrusted = serve(Settings(redis_url=url.partition("?")[0], redis_timeout=2))
        assert untrusted.get("/get/foo").get_json()["reason"] == "unreachable"


def test_a_host_that_cannot_be_a_name_is_unreachable(client_of):
    for host in ("redis..invalid", "x" * 64 + ".invalid"):
        assert client_of(f"redis://{host}").get("/get/foo").status_code == 503


def test_a_resolver_that_hangs_holds_up_no_health_check(client_of, monkeypatch):
    def hang(*_, **__):
        time.sleep(4)
        raise OSError

    monkeypatch.setattr("socket.getaddrinfo", hang)
    client = client_of("redis://redis.example:6379", redis_timeout=30)
    start = time.monotonic()
    answer = client.get("/health")
    assert answer.status_code == 503
    assert time.monotonic() - start < 2


def test_the_pool_of_threads_repeats_no_more_than_the_pipeline(server, loop):
    proxies = AsyncExitStack()

    def on_loop(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(5)

    proxy, port = on_loop(proxies.enter_async_context(proxied(server.socket)))
    url = f"redis://127.0.0.1:{port}"
    pool = Pool(Settings(redis_url=url, redis_timeout=TIMEOUT))
    try:
        assert pool.execute("INCR", "n") == 1
        proxy.loses_answers = True
        with pytest.raises(Outage) as caught:
            pool.execute("INCR", "n")
        assert caught.value.uncertain
        proxy.loses_answers = True
        assert pool.execute("GET", "n", idempotent=True) == b"2"
    finally:
        pool.close()
        on_loop(proxies.aclose())
