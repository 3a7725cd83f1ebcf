import json
from urllib.parse import quote

import pytest

from tests.problem import assert_problem

NAMES = [
    "foo",
    "a/b/c",
    "/leading",
    "trailing/",
    "two//slashes",
    "with space",
    "new\nline",
    "per%cent",
    "question?mark",
    "hash#tag",
    "{braces}",
    "grüße",
    "日本語",
    "🙂",
    "..",
    "nul\0byte",
    "x" * 512,
]


def set_(client, key, value):
    return client.post("/set", json={"key": key, "value": value})


@pytest.mark.parametrize("key", NAMES)
def test_a_value_is_answered_under_the_key_it_was_set_under(client, redis_client, key):
    assert set_(client, key, "bär").get_json() == {"key": key, "value": "bär"}
    assert redis_client.get(key.encode()) == "bär".encode()
    response = client.get("/get/" + quote(key, safe=""))
    assert response.status_code == 200
    assert response.content_type == "application/json"
    assert response.get_json() == {"key": key, "value": "bär"}


def test_setting_again_replaces_value_time_to_live_and_type(client, redis_client):
    redis_client.rpush("foo", "a", "list")
    set_(client, "foo", "1")
    redis_client.expire("foo", 100)
    set_(client, "foo", "2")
    assert redis_client.get("foo") == b"2"
    assert redis_client.ttl("foo") == -1


def test_an_empty_value_is_a_value(client):
    set_(client, "foo", "")
    assert client.get("/get/foo").get_json() == {"key": "foo", "value": ""}


def test_a_value_that_is_not_utf8_comes_as_base64(client, redis_client):
    redis_client.set("foo", b"\xff\x00")
    answer = client.get("/get/foo").get_json()
    assert answer == {"key": "foo", "value": "/wA=", "encoding": "base64"}


def test_a_missing_key_is_404(client):
    assert_problem(client.get("/get/foo"), 404)


def test_another_type_under_the_key_is_409_and_named(client, redis_client):
    redis_client.rpush("foo", "item")
    assert_problem(client.get("/get/foo"), 409, redis_type="list")


@pytest.mark.parametrize(
    ("path", "status"),
    [("/get/", 422), ("/get/\xff", 422), ("/get/" + "x" * 513, 414)],
)
def test_a_key_out_of_bounds_in_the_path_is_refused(client, path, status):
    # The test client would encode the path as UTF-8 first.
    response = client.get("/", environ_overrides={"PATH_INFO": path})
    assert_problem(response, status)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"value": "bar"}', "key"),
        ('{"key": "foo"}', "value"),
        ('{"key": "foo", "value": 1}', "value"),
        ('{"key": "foo", "value": null}', "value"),
        ('{"key": ["foo"], "value": "bar"}', "key"),
        ('{"key": "", "value": "bar"}', "key"),
        ('{"key": "foo", "value": "\\ud800"}', "value"),
        ('{"key": "foo", "value": "bar", "ttl": 1}', "ttl"),
        ('{"\\ud800": 1}', "\ud800"),
        ("[]", None),
        ("null", None),
    ],
)
def test_a_wrong_field_is_422_and_named(client, redis_client, body, field):
    response = client.post("/set", data=body, content_type="application/json")
    assert assert_problem(response, 422).get("field") == field
    assert redis_client.dbsize() == 0


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"key": NaN}', b"\xff", b"[" * 100_000, b"1" * 5000 + b"e"]
)
def test_broken_json_is_400(client, redis_client, body):
    response = client.post("/set", data=body, content_type="application/json")
    assert_problem(response, 400)
    assert redis_client.dbsize() == 0


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/xml"])
def test_another_content_type_is_415_with_the_accepted_one(client, content_type):
    body = '{"key": "foo", "value": "bar"}'
    response = client.post("/set", data=body, content_type=content_type)
    assert_problem(response, 415)
    assert response.headers["Accept"] == "application/json"


def test_json_may_have_parameters_and_a_suffix(client):
    body = '{"key": "foo", "value": "bar"}'
    for content_type in ("application/json; charset=utf-8", "application/a+json"):
        response = client.post("/set", data=body, content_type=content_type)
        assert response.status_code == 200


def test_a_fully_escaped_value_of_the_greatest_length_fits(client, redis_client):
    body = '{"key": "k", "value": "' + "\\u0041" * 2**20 + '"}'
    response = client.post("/set", data=body, content_type="application/json")
    assert response.status_code == 200
    assert redis_client.strlen("k") == 2**20


@pytest.mark.parametrize(
    ("key", "value", "field"),
    [("k", "x" * (2**20 + 1), "value"), ("ü" * 257, "v", "key")],
)
def test_a_field_over_its_limit_is_413(client, redis_client, key, value, field):
    assert_problem(set_(client, key, value), 413, field=field)
    assert redis_client.dbsize() == 0


def test_limits_are_settings(client_of, shared_server):
    client = client_of(shared_server.url, max_key_bytes=3, max_value_bytes=4)
    assert set_(client, "foo", "four").status_code == 200
    assert_problem(set_(client, "four", "v"), 413)
    assert_problem(set_(client, "foo", "fives"), 413)
    assert_problem(client.get("/get/four"), 414)


def test_a_body_that_cannot_be_within_the_limits_is_not_read(client):
    class Unread:
        def read(self, *_):
            raise AssertionError("the body was read")

    length = str(7 * 2**20)
    response = client.post(
        "/set",
        content_type="application/json",
        environ_overrides={"wsgi.input": Unread(), "CONTENT_LENGTH": length},
    )
    assert_problem(response, 413)


def test_head_answers_as_get_without_the_body(client):
    set_(client, "foo", "bar")
    got, head = client.get("/get/foo"), client.head("/get/foo")
    assert head.status_code == 200
    assert head.data == b""
    assert head.headers["Content-Length"] == got.headers["Content-Length"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/set", {"POST", "OPTIONS"}),
        ("DELETE", "/get/foo", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_another_method_is_405_with_the_allowed_ones(client, method, path, allowed):
    response = client.open(path, method=method)
    assert_problem(response, 405)
    assert set(response.headers["Allow"].split(", ")) == allowed


def test_an_unknown_route_is_404(client):
    assert_problem(client.get("/nowhere"), 404)


def test_the_answer_is_the_object_that_was_sent(client):
    body = {"value": "v", "key": "k"}
    response = client.post("/set", json=body)
    assert json.loads(response.data) == body
