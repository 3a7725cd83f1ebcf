import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from app import create_app
from app.store import Store
from app.values import UNCONDITIONAL, ConditionFailedError, Written, covers, digest_of
from tests.conftest import PATIENCE

WRITERS = 200
ATTEMPTS = 5


def count_up(client):
    """Let many writers count one value up at once; return what each accepted wrote."""
    assert client.put("/v1/kv/counter", data=b"0").status_code == 201
    together = threading.Barrier(WRITERS)

    def write(_):
        accepted = []
        together.wait()
        for _ in range(ATTEMPTS):
            got = client.get("/v1/kv/counter")
            step = int(got.get_data()) + 1
            headers = {"If-Match": got.headers["ETag"]}
            put = client.put("/v1/kv/counter", data=b"%d" % step, headers=headers)
            assert put.status_code in (204, 412)
            if put.status_code == 204:
                accepted.append(step)
        return accepted

    with ThreadPoolExecutor(WRITERS) as threads:
        return sorted(
            step for steps in threads.map(write, range(WRITERS)) for step in steps
        )


def test_each_accepted_write_of_200_writers_with_if_match_is_one_step(
    every_client, every_redis
):
    accepted = count_up(every_client)
    assert accepted == list(range(1, len(accepted) + 1))
    assert every_redis.get("counter") == b"%d" % len(accepted)
    # Else they did not write at once, and nothing was shown.
    assert len(accepted) < WRITERS * ATTEMPTS


class GetThenSet(Store):
    """A store that checks the condition here, and not inside Redis."""

    def put(self, key, value, expiry=None, conditions=UNCONDITIONAL, *, previous=False):
        old = self.get(key)
        if conditions.match and not (old and covers(conditions.match, digest_of(old))):
            raise ConditionFailedError(None)
        self.set(key, value)
        return Written(created=old is None)


def test_the_same_writers_lose_steps_where_the_check_is_outside_redis(
    settings, redis_client
):
    app = create_app(replace(settings, redis_timeout=PATIENCE))
    app.extensions["store"] = GetThenSet(app.extensions["transport"])
    accepted = count_up(app.test_client())
    assert accepted != list(range(1, len(accepted) + 1))
    assert redis_client.get("counter") != b"%d" % len(accepted)


@pytest.mark.parametrize("body", [{"increment": 1}, {"append": "x"}])
def test_no_change_in_place_is_lost(every_client, every_redis, body):
    def change(_):
        return every_client.patch("/v1/kv/k", json=body).status_code

    with ThreadPoolExecutor(20) as threads:
        statuses = list(threads.map(change, range(200)))
    assert sorted(statuses) == [200] * 199 + [201]
    expected = b"200" if "increment" in body else b"x" * 200
    assert every_redis.get("k") == expected


def test_one_of_many_creators_wins(every_client, every_redis):
    def create(number):
        headers = {"If-None-Match": "*"}
        put = every_client.put("/v1/kv/lock", data=b"%d" % number, headers=headers)
        return number if put.status_code == 201 else None

    with ThreadPoolExecutor(20) as threads:
        winners = [n for n in threads.map(create, range(100)) if n is not None]
    assert [b"%d" % n for n in winners] == [every_redis.get("lock")]


def test_one_of_many_takers_gets_the_value(every_client, every_redis):
    every_redis.set("job", "work")

    def take(_):
        return every_client.delete("/v1/kv/job?return=previous").status_code

    with ThreadPoolExecutor(20) as threads:
        assert sorted(threads.map(take, range(50))) == [200] + [404] * 49
