import base64

import pytest

from app.cursor import Cursor, mark_of
from app.page import SCANNED, SCANS, Describing, find_keys
from app.store import BATCH
from tests.problem import assert_problem
from tests.test_kv_faults import fill


def pages(client, query, limit):
    """Follow a listing to its end; return its pages."""
    link = f"/v1/kv?{query}limit={limit}"
    found = []
    while link:
        response = client.get(link)
        assert response.status_code == 200
        page = response.get_json()
        found.append(page["keys"])
        assert len(page["keys"]) <= limit
        assert (page["cursor"] is None) == ("Link" not in response.headers)
        link = None
        if page["cursor"]:
            link, relation = response.headers["Link"].split("; ")
            assert relation == 'rel="next"'
            link = link.strip("<>")
            assert f"cursor={page['cursor']}" in link
    return found


@pytest.mark.parametrize("limit", [1, 7, 100, 1000])
def test_every_key_is_listed_by_pages_of_no_more_than_the_limit(
    every_client, every_redis, limit
):
    count = 100 if limit == 1 else 2500
    fill(every_redis, "a", count)
    fill(every_redis, "b", count)
    found = pages(every_client, "prefix=a&", limit)
    # A few may come twice, where Redis rebuilds its table meanwhile.
    listed = {item["key"] for page in found for item in page}
    assert listed == {f"a{number}" for number in range(count)}


def test_a_page_may_be_empty_and_not_last(every_client, every_redis):
    fill(every_redis, "many", 10 * SCANS * SCANNED)
    every_redis.set("needle", "v")
    found = pages(every_client, "prefix=needle&", 1000)
    assert [item for page in found for item in page] == [{"key": "needle"}]
    assert len(found) > 1
    assert [] in found[:-1]


def test_keys_that_stay_are_listed_whatever_comes_and_goes(every_client, every_redis):
    fill(every_redis, "stays", 3000)
    fill(every_redis, "goes", 30_000)
    listed, cursor, turn = set(), "", 0
    while cursor is not None:
        # The table shrinks, then grows: its buckets are split and joined meanwhile.
        turn += 1
        if turn == 5:
            every_redis.eval(
                "for i = 0, 29999 do redis.call('DEL', 'goes' .. i) end", 0
            )
        if turn == 15:
            fill(every_redis, "comes", 60_000)
        query = f"/v1/kv?prefix=stays&limit=100{cursor and '&cursor=' + cursor}"
        page = every_client.get(query).get_json()
        listed |= {item["key"] for item in page["keys"]}
        cursor = page["cursor"]
        assert turn < 1000
    assert listed == {f"stays{number}" for number in range(3000)}


def test_a_batch_that_changed_is_listed_again_rather_than_skipped(client, redis_client):
    fill(redis_client, "a", 20)
    marks = sorted(mark_of(f"a{number}".encode()) for number in range(20))
    # As if the batch had ended elsewhere when its first half was listed.
    stale = Cursor(0, 12345, marks[10]).text(b"a")
    assert len(client.get(f"/v1/kv?prefix=a&cursor={stale}").get_json()["keys"]) == 20
    fresh = Cursor(0, 0, marks[10]).text(b"a")
    assert len(client.get(f"/v1/kv?prefix=a&cursor={fresh}").get_json()["keys"]) == 9


def test_a_cursor_is_refused_with_another_prefix_and_after_any_change(
    client, redis_client
):
    fill(redis_client, "a", 50)
    cursor = client.get("/v1/kv?prefix=a&limit=10").get_json()["cursor"]
    assert client.get(f"/v1/kv?prefix=a&cursor={cursor}").status_code == 200
    assert_problem(client.get(f"/v1/kv?cursor={cursor}"), 422, parameter="cursor")
    packed = base64.urlsafe_b64decode(cursor + "==")
    for place in range(len(packed)):
        changed = bytearray(packed)
        changed[place] ^= 1
        text = base64.urlsafe_b64encode(changed).decode().rstrip("=")
        response = client.get(f"/v1/kv?prefix=a&cursor={text}")
        assert_problem(response, 422, parameter="cursor")


def test_values_of_a_page_have_no_more_bytes_than_one_value_may_have(
    client, redis_client
):
    for number in range(10):
        redis_client.set(f"a{number}", b"x" * 400_000)
    found = pages(client, "include=value,size&", 10)
    assert [len(page) for page in found] == [2, 2, 2, 2, 2]
    listed = {item["key"]: item for page in found for item in page}
    assert len(listed) == 10
    assert all(
        len(item["value"]) == item["size"] == 400_000 for item in listed.values()
    )


def test_a_value_that_is_larger_than_ours_may_be_is_left_out(client, redis_client):
    redis_client.set("a1", b"x" * (1024 * 1024 + 1))
    redis_client.set("a2", b"x" * (1024 * 1024))
    found = [item for page in pages(client, "include=value,size&", 10) for item in page]
    sizes = {
        item["key"]: (item["size"], item["value"] and len(item["value"]))
        for item in found
    }
    assert sizes == {"a1": (1024 * 1024 + 1, None), "a2": (1024 * 1024, 1024 * 1024)}


def test_a_link_quotes_the_prefix(client, redis_client):
    redis_client.mset({b'a&"\xff>;%d' % number: "v" for number in range(20)})
    found = pages(client, "prefix=a%26%22%FF%3E&", 10)
    assert [len(page) for page in found] == [10, 10]


def test_a_deletion_tells_its_progress_by_lines(every_client, every_redis):
    fill(every_redis, "a", 3000)
    fill(every_redis, "b", 100)
    response = every_client.delete("/v1/kv?prefix=a&confirm=a")
    lines = response.get_data().splitlines()
    assert len(lines) > 3
    assert lines[-1] == b'{"deleted": 3000, "done": true}'
    assert every_redis.dbsize() == 100


def test_a_page_ends_early_when_its_time_is_over(app, redis_client):
    fill(redis_client, "a", 5000)
    keys = app.extensions["store"]
    found, behind = find_keys(keys, b"a", Cursor(), 1000, deadline=0)
    assert BATCH < len(found) < 1000
    assert behind == Cursor(behind.scan)
    assert behind.scan != 0
    items, told = Describing(keys, {"ttl"}, 1).items(found, deadline=0)
    assert len(items) == told == BATCH
