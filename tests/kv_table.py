"""What /v1/kv does, as a table: state before, request, answer, state after."""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any

ABSENT = object()
JSON = {"Accept": "application/json"}
BINARY = bytes(range(256))
LARGE = 1024 * 1024
ZEROS = f'"{"0" * 40}"'
FUTURE = 4_102_444_800


def tag(value):
    return f'"{hashlib.sha1(value).hexdigest()}"'


@dataclass(frozen=True)
class Ttl:
    """A stored value that is to live for some more seconds."""

    value: bytes
    seconds: float


@dataclass(frozen=True)
class Ask:
    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | dict[str, Any] | None = None


@dataclass(frozen=True)
class Get:
    """An answer: bytes are a body, a dict some fields of a JSON body."""

    status: int
    body: bytes | dict[str, Any] | None = None
    headers: dict[str, Any] = field(default_factory=dict)


SAME = "what it was"

# A row: what it shows, the state before, the request, the answer, the state after.
# fmt: off
GETTING = [
    ("a value comes as the bytes that are stored", {b"k": BINARY}, Ask("GET", "/v1/kv/k"), Get(200, BINARY, {"Content-Type": "application/octet-stream", "X-Content-Type-Options": "nosniff", "Content-Length": "256", "ETag": tag(BINARY), "Cache-Control": "no-cache", "Vary": "Accept", "Accept-Ranges": "bytes", "Key-TTL": ABSENT}), SAME),
    ("an empty value is a value", {b"k": b""}, Ask("GET", "/v1/kv/k"), Get(200, b"", {"Content-Length": "0", "ETag": tag(b"")}), SAME),
    ("the largest value comes whole", {b"k": b"x" * LARGE}, Ask("GET", "/v1/kv/k"), Get(200, b"x" * LARGE), SAME),
    ("what is left of its life is a header", {b"k": Ttl(b"v", 100)}, Ask("GET", "/v1/kv/k"), Get(200, b"v", {"Key-TTL": 100.0}), SAME),
    ("a missing key is 404", {}, Ask("GET", "/v1/kv/k"), Get(404, {"detail": "There is no value under this key."}), SAME),
    ("another type is 409 and named", {b"k": ["item"]}, Ask("GET", "/v1/kv/k"), Get(409, {"redis_type": "list"}), SAME),
    ("HEAD has the headers and no body", {b"k": Ttl(b"v", 100)}, Ask("HEAD", "/v1/kv/k"), Get(200, b"", {"Content-Type": "application/octet-stream", "Content-Length": "1", "ETag": tag(b"v"), "Key-TTL": 100.0, "Vary": "Accept"}), SAME),
    ("HEAD of a missing key is 404", {}, Ask("HEAD", "/v1/kv/k"), Get(404, b""), SAME),
    ("HEAD of another type is 409", {b"k": ["item"]}, Ask("HEAD", "/v1/kv/k"), Get(409, b""), SAME),
    ("a parameter that GET has not is refused", {b"k": b"v"}, Ask("GET", "/v1/kv/k?ttl=1"), Get(422, {"parameter": "ttl"}), SAME),
    ("JSON has the value with its time to live, tag and size", {b"k": b"v"}, Ask("GET", "/v1/kv/k", JSON), Get(200, {"key": "k", "value": "v", "ttl": None, "etag": tag(b"v"), "size": 1}, {"Content-Type": "application/json", "ETag": ABSENT, "Vary": "Accept", "Accept-Ranges": ABSENT, "X-Content-Type-Options": "nosniff"}), SAME),
    ("JSON has the time to live in seconds", {b"k": Ttl(b"v", 100)}, Ask("GET", "/v1/kv/k", JSON), Get(200, {"ttl": 100.0}, {"Key-TTL": 100.0}), SAME),
    ("JSON has what is not UTF-8 in base64", {b"k": b"\xff"}, Ask("GET", "/v1/kv/k", JSON), Get(200, {"value": "/w==", "encoding": "base64", "size": 1}), SAME),
    ("JSON is preferred where it is named", {b"k": b"v"}, Ask("GET", "/v1/kv/k", {"Accept": "application/json, text/plain, */*"}), Get(200, {"value": "v"}), SAME),
    ("bytes are preferred with the higher quality", {b"k": b"v"}, Ask("GET", "/v1/kv/k", {"Accept": "application/json;q=0.5, application/octet-stream"}), Get(200, b"v"), SAME),
    ("a browser gets bytes", {b"k": b"v"}, Ask("GET", "/v1/kv/k", {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}), Get(200, b"v"), SAME),
    ("a type that there is not is 406", {b"k": b"v"}, Ask("GET", "/v1/kv/k", {"Accept": "text/plain"}), Get(406, {"header": "Accept"}), SAME),
]
CONDITIONAL_GETTING = [
    ("what the client has is not sent again", {b"k": Ttl(b"v", 100)}, Ask("GET", "/v1/kv/k", {"If-None-Match": tag(b"v")}), Get(304, b"", {"ETag": tag(b"v"), "Cache-Control": "no-cache", "Vary": "Accept", "Content-Type": ABSENT, "Content-Length": ABSENT, "Key-TTL": 100.0}), SAME),
    ("HEAD tells that the client has it", {b"k": b"v"}, Ask("HEAD", "/v1/kv/k", {"If-None-Match": tag(b"v")}), Get(304, b"", {"ETag": tag(b"v")}), SAME),
    ("one tag of several is enough", {b"k": b"v"}, Ask("GET", "/v1/kv/k", {"If-None-Match": f'"a", {ZEROS} ,{tag(b"v")}'}), Get(304), SAME),
    ("If-None-Match compares weakly", {b"k": b"v"}, Ask("GET", "/v1/kv/k", {"If-None-Match": f"W/{tag(b'v')}"}), Get(304), SAME),
    ("If-None-Match * is any value", {b"k": b"v"}, Ask("GET", "/v1/kv/k", {"If-None-Match": "*"}), Get(304), SAME),
    ("another value is sent", {b"k": b"v"}, Ask("GET", "/v1/kv/k", {"If-None-Match": ZEROS}), Get(200, b"v"), SAME),
    ("the JSON object has no tag that could be the client's", {b"k": b"v"}, Ask("GET", "/v1/kv/k", {**JSON, "If-None-Match": tag(b"v")}), Get(200, {"value": "v"}), SAME),
    ("If-Match with the value's tag lets it come", {b"k": b"v"}, Ask("GET", "/v1/kv/k", {"If-Match": tag(b"v")}), Get(200, b"v"), SAME),
    ("If-Match with another tag is 412 and tells the value's", {b"k": b"v"}, Ask("GET", "/v1/kv/k", {"If-Match": ZEROS}), Get(412, {"etag": tag(b"v")}), SAME),
    ("If-Match comes before If-None-Match", {b"k": b"v"}, Ask("GET", "/v1/kv/k", {"If-Match": ZEROS, "If-None-Match": tag(b"v")}), Get(412), SAME),
    ("a missing key is 404 whatever the condition", {}, Ask("GET", "/v1/kv/k", {"If-Match": "*"}), Get(404), SAME),
    ("a tag without quotes is 400", {b"k": b"v"}, Ask("GET", "/v1/kv/k", {"If-None-Match": "abc"}), Get(400, {"header": "If-None-Match"}), SAME),
    ("an empty condition is 400", {b"k": b"v"}, Ask("GET", "/v1/kv/k", {"If-Match": ""}), Get(400, {"header": "If-Match"}), SAME),
]
RANGES = [
    ("the first bytes", {b"k": b"0123456789"}, Ask("GET", "/v1/kv/k", {"Range": "bytes=0-3"}), Get(206, b"0123", {"Content-Range": "bytes 0-3/10", "Content-Length": "4", "ETag": tag(b"0123456789"), "Content-Type": "application/octet-stream"}), SAME),
    ("the bytes from one on", {b"k": b"0123456789"}, Ask("GET", "/v1/kv/k", {"Range": "bytes=8-"}), Get(206, b"89", {"Content-Range": "bytes 8-9/10"}), SAME),
    ("the last bytes", {b"k": b"0123456789"}, Ask("GET", "/v1/kv/k", {"Range": "bytes=-2"}), Get(206, b"89", {"Content-Range": "bytes 8-9/10"}), SAME),
    ("more last bytes than there are", {b"k": b"0123456789"}, Ask("GET", "/v1/kv/k", {"Range": "bytes=-20"}), Get(206, b"0123456789", {"Content-Range": "bytes 0-9/10"}), SAME),
    ("a range that ends behind the value", {b"k": b"0123456789"}, Ask("GET", "/v1/kv/k", {"Range": "bytes=5-99999999999999999999999"}), Get(206, b"56789", {"Content-Range": "bytes 5-9/10"}), SAME),
    ("a range behind the value is 416", {b"k": b"0123456789"}, Ask("GET", "/v1/kv/k", {"Range": "bytes=10-"}), Get(416, {"header": "Range"}, {"Content-Range": "bytes */10"}), SAME),
    ("a range far behind the value is 416", {b"k": b"0123456789"}, Ask("GET", "/v1/kv/k", {"Range": f"bytes={'9' * 5000}-"}), Get(416), SAME),
    ("no last bytes are 416", {b"k": b"0123456789"}, Ask("GET", "/v1/kv/k", {"Range": "bytes=-0"}), Get(416), SAME),
    ("an empty value has no range", {b"k": b""}, Ask("GET", "/v1/kv/k", {"Range": "bytes=0-"}), Get(416, None, {"Content-Range": "bytes */0"}), SAME),
    ("a range that ends before it begins is ignored", {b"k": b"0123456789"}, Ask("GET", "/v1/kv/k", {"Range": "bytes=5-2"}), Get(200, b"0123456789"), SAME),
    ("several ranges are answered with the whole", {b"k": b"0123456789"}, Ask("GET", "/v1/kv/k", {"Range": "bytes=0-1,3-4"}), Get(200, b"0123456789"), SAME),
    ("another unit is ignored", {b"k": b"0123456789"}, Ask("GET", "/v1/kv/k", {"Range": "lines=0-1"}), Get(200, b"0123456789"), SAME),
    ("a range of nothing is ignored", {b"k": b"0123456789"}, Ask("GET", "/v1/kv/k", {"Range": "bytes=-"}), Get(200, b"0123456789"), SAME),
    ("HEAD has no range", {b"k": b"0123456789"}, Ask("HEAD", "/v1/kv/k", {"Range": "bytes=0-3"}), Get(200, b"", {"Content-Length": "10"}), SAME),
    ("JSON has no range", {b"k": b"0123456789"}, Ask("GET", "/v1/kv/k", {**JSON, "Range": "bytes=0-3"}), Get(200, {"value": "0123456789"}), SAME),
    ("If-Range with the value's tag lets the range come", {b"k": b"0123456789"}, Ask("GET", "/v1/kv/k", {"Range": "bytes=0-3", "If-Range": tag(b"0123456789")}), Get(206, b"0123"), SAME),
    ("If-Range with another tag brings the whole", {b"k": b"0123456789"}, Ask("GET", "/v1/kv/k", {"Range": "bytes=0-3", "If-Range": ZEROS}), Get(200, b"0123456789"), SAME),
    ("If-Range with a date brings the whole", {b"k": b"0123456789"}, Ask("GET", "/v1/kv/k", {"Range": "bytes=0-3", "If-Range": "Wed, 21 Oct 2015 07:28:00 GMT"}), Get(200, b"0123456789"), SAME),
    ("what the client has comes before a range", {b"k": b"0123456789"}, Ask("GET", "/v1/kv/k", {"Range": "bytes=20-", "If-None-Match": tag(b"0123456789")}), Get(304), SAME),
]
PUTTING = [
    ("a new value is 201 with its tag", {}, Ask("PUT", "/v1/kv/k", {}, BINARY), Get(201, b"", {"ETag": tag(BINARY), "Content-Length": "0"}), {b"k": BINARY}),
    ("a replaced value is 204 with its tag", {b"k": b"old"}, Ask("PUT", "/v1/kv/k", {}, b"new"), Get(204, b"", {"ETag": tag(b"new"), "Content-Type": ABSENT, "Content-Length": ABSENT}), {b"k": b"new"}),
    ("an empty body is a value", {}, Ask("PUT", "/v1/kv/k"), Get(201, b"", {"ETag": tag(b"")}), {b"k": b""}),
    ("replacing an empty value is 204", {b"k": b""}, Ask("PUT", "/v1/kv/k", {}, b"v"), Get(204), {b"k": b"v"}),
    ("the content type is ignored", {}, Ask("PUT", "/v1/kv/k", {"Content-Type": "application/json"}, b"{"), Get(201), {b"k": b"{"}),
    ("a form is no form", {}, Ask("PUT", "/v1/kv/k", {"Content-Type": "application/x-www-form-urlencoded"}, b"a=b"), Get(201), {b"k": b"a=b"}),
    ("the greatest length is allowed", {}, Ask("PUT", "/v1/kv/k", {}, b"x" * LARGE), Get(201), {b"k": b"x" * LARGE}),
    ("a byte more is 413", {b"k": b"old"}, Ask("PUT", "/v1/kv/k", {}, b"x" * (LARGE + 1)), Get(413), SAME),
    ("another type is 409 and stays", {b"k": ["item"]}, Ask("PUT", "/v1/kv/k", {}, b"v"), Get(409, {"redis_type": "list"}), SAME),
    ("without a ttl the value lives for ever", {b"k": Ttl(b"old", 100)}, Ask("PUT", "/v1/kv/k", {}, b"new"), Get(204), {b"k": b"new"}),
    ("ttl is its life in seconds", {}, Ask("PUT", "/v1/kv/k?ttl=100", {}, b"v"), Get(201), {b"k": Ttl(b"v", 100)}),
    ("ttl may have decimals", {}, Ask("PUT", "/v1/kv/k?ttl=99.5", {}, b"v"), Get(201), {b"k": Ttl(b"v", 99.5)}),
    ("expires_at is the end of its life", {}, Ask("PUT", f"/v1/kv/k?expires_at={FUTURE}.25", {}, b"v"), Get(201), {b"k": Ttl(b"v", -FUTURE)}),
    ("keep_ttl keeps the life", {b"k": Ttl(b"old", 100)}, Ask("PUT", "/v1/kv/k?keep_ttl=true", {}, b"new"), Get(204), {b"k": Ttl(b"new", 100)}),
    ("keep_ttl of a new value is for ever", {}, Ask("PUT", "/v1/kv/k?keep_ttl=true", {}, b"new"), Get(201), {b"k": b"new"}),
    ("keep_ttl=false is as none", {b"k": Ttl(b"old", 100)}, Ask("PUT", "/v1/kv/k?keep_ttl=false", {}, b"new"), Get(204), {b"k": b"new"}),
    ("return=previous gives the old value", {b"k": BINARY}, Ask("PUT", "/v1/kv/k?return=previous", {}, b"new"), Get(200, BINARY, {"ETag": tag(b"new"), "Content-Type": "application/octet-stream", "X-Content-Type-Options": "nosniff"}), {b"k": b"new"}),
    ("return=previous gives the old value as JSON", {b"k": b"old"}, Ask("PUT", "/v1/kv/k?return=previous", JSON, b"new"), Get(200, {"key": "k", "value": "old", "etag": tag(b"old"), "size": 3}, {"ETag": tag(b"new")}), {b"k": b"new"}),
    ("return=previous of a new value is 201 with nothing", {}, Ask("PUT", "/v1/kv/k?return=previous", JSON, b"new"), Get(201, b""), {b"k": b"new"}),
    ("an Accept that cannot be met refuses no write", {b"k": b"old"}, Ask("PUT", "/v1/kv/k?return=previous", {"Accept": "text/html"}, b"new"), Get(200, b"old"), {b"k": b"new"}),
    ("a part of a value is refused", {b"k": b"old"}, Ask("PUT", "/v1/kv/k", {"Content-Range": "bytes 0-0/3"}, b"n"), Get(400, {"header": "Content-Range"}), SAME),
] + [
    (f"{query} is refused", {b"k": b"old"}, Ask("PUT", f"/v1/kv/k?{query}", {}, b"new"), Get(422, {"parameter": parameter}), SAME)
    for query, parameter in [
        ("ttl=0", "ttl"), ("ttl=-1", "ttl"), ("ttl=", "ttl"), ("ttl", "ttl"), ("ttl=NaN", "ttl"), ("ttl=inf", "ttl"), ("ttl=1e3", "ttl"), ("ttl=0.0001", "ttl"),
        ("ttl=99999999999", "ttl"), ("ttl=%D9%A1", "ttl"), ("ttl=1&ttl=2", "ttl"), ("tll=60", "tll"), ("TTL=60", "TTL"), ("key=k", "key"), ("%FF=1", "\ufffd"),
        ("expires_at=1", "expires_at"), ("expires_at=soon", "expires_at"), ("expires_at=-1", "expires_at"),
        ("keep_ttl=yes", "keep_ttl"), ("keep_ttl=", "keep_ttl"), ("return=old", "return"),
        (f"ttl=1&expires_at={FUTURE}", "expires_at"), ("ttl=1&keep_ttl=true", "keep_ttl"), (f"keep_ttl=true&expires_at={FUTURE}", "keep_ttl"),
    ]
]
CONDITIONAL_PUTTING = [
    ("If-None-Match * creates", {}, Ask("PUT", "/v1/kv/k", {"If-None-Match": "*"}, b"v"), Get(201, b"", {"ETag": tag(b"v")}), {b"k": b"v"}),
    ("If-None-Match * creates with a ttl", {}, Ask("PUT", "/v1/kv/k?ttl=100", {"If-None-Match": "*"}, b"v"), Get(201), {b"k": Ttl(b"v", 100)}),
    ("If-None-Match * never replaces", {b"k": Ttl(b"old", 100)}, Ask("PUT", "/v1/kv/k", {"If-None-Match": "*"}, b"v"), Get(412, None), SAME),
    ("If-None-Match with the value's tag is 412", {b"k": b"old"}, Ask("PUT", "/v1/kv/k", {"If-None-Match": tag(b"old")}, b"v"), Get(412, {"etag": tag(b"old")}), SAME),
    ("If-None-Match with another tag replaces", {b"k": b"old"}, Ask("PUT", "/v1/kv/k", {"If-None-Match": ZEROS}, b"v"), Get(204), {b"k": b"v"}),
    ("If-Match with the value's tag replaces", {b"k": b"old"}, Ask("PUT", "/v1/kv/k", {"If-Match": tag(b"old")}, b"v"), Get(204, b"", {"ETag": tag(b"v")}), {b"k": b"v"}),
    ("If-Match with binary values", {b"k": BINARY}, Ask("PUT", "/v1/kv/k", {"If-Match": tag(BINARY)}, BINARY[::-1]), Get(204), {b"k": BINARY[::-1]}),
    ("If-Match with one tag of a list replaces", {b"k": b"old"}, Ask("PUT", "/v1/kv/k", {"If-Match": f'{ZEROS}, "x", {tag(b"old")}'}, b"v"), Get(204), {b"k": b"v"}),
    ("If-Match with another tag is 412", {b"k": b"old"}, Ask("PUT", "/v1/kv/k", {"If-Match": ZEROS}, b"v"), Get(412, {"etag": tag(b"old")}), SAME),
    ("If-Match with a tag that none of our values has is 412", {b"k": b"old"}, Ask("PUT", "/v1/kv/k", {"If-Match": '"x"'}, b"v"), Get(412), SAME),
    ("If-Match compares strongly", {b"k": b"old"}, Ask("PUT", "/v1/kv/k", {"If-Match": f"W/{tag(b'old')}"}, b"v"), Get(412), SAME),
    ("If-Match * replaces what there is", {b"k": b"old"}, Ask("PUT", "/v1/kv/k", {"If-Match": "*"}, b"v"), Get(204), {b"k": b"v"}),
    ("If-Match * creates nothing", {}, Ask("PUT", "/v1/kv/k", {"If-Match": "*"}, b"v"), Get(412), SAME),
    ("If-Match with a tag creates nothing", {}, Ask("PUT", "/v1/kv/k", {"If-Match": tag(b"v")}, b"v"), Get(412), SAME),
    ("both conditions must hold", {b"k": b"old"}, Ask("PUT", "/v1/kv/k", {"If-Match": "*", "If-None-Match": tag(b"old")}, b"v"), Get(412), SAME),
    ("another type is 409 whatever the condition", {b"k": ["item"]}, Ask("PUT", "/v1/kv/k", {"If-None-Match": "*"}, b"v"), Get(409, {"redis_type": "list"}), SAME),
    ("a condition keeps the life where that is wished", {b"k": Ttl(b"old", 100)}, Ask("PUT", "/v1/kv/k?keep_ttl=true", {"If-Match": "*"}, b"v"), Get(204), {b"k": Ttl(b"v", 100)}),
    ("a condition and an end of life", {b"k": b"old"}, Ask("PUT", f"/v1/kv/k?expires_at={FUTURE}", {"If-Match": "*"}, b"v"), Get(204), {b"k": Ttl(b"v", -FUTURE)}),
    ("a condition gives the old value where that is wished", {b"k": BINARY}, Ask("PUT", "/v1/kv/k?return=previous", {"If-Match": tag(BINARY)}, b"v"), Get(200, BINARY), {b"k": b"v"}),
    ("a malformed condition is 400", {b"k": b"old"}, Ask("PUT", "/v1/kv/k", {"If-Match": tag(b"old").strip('"')}, b"v"), Get(400, {"header": "If-Match"}), SAME),
]
DELETING = [
    ("a value is deleted", {b"k": b"v", b"l": b"w"}, Ask("DELETE", "/v1/kv/k"), Get(204, b"", {"Content-Type": ABSENT}), {b"l": b"w"}),
    ("a missing key is 404", {}, Ask("DELETE", "/v1/kv/k"), Get(404), SAME),
    ("another type is deleted too", {b"k": ["item"]}, Ask("DELETE", "/v1/kv/k"), Get(204), {}),
    ("return=previous gives what was deleted", {b"k": BINARY}, Ask("DELETE", "/v1/kv/k?return=previous"), Get(200, BINARY, {"Content-Type": "application/octet-stream", "X-Content-Type-Options": "nosniff", "ETag": ABSENT}), {}),
    ("return=previous gives what was deleted as JSON", {b"k": b"v"}, Ask("DELETE", "/v1/kv/k?return=previous", JSON), Get(200, {"key": "k", "value": "v"}), {}),
    ("return=previous of an empty value", {b"k": b""}, Ask("DELETE", "/v1/kv/k?return=previous"), Get(200, b""), {}),
    ("return=previous of a missing key is 404", {}, Ask("DELETE", "/v1/kv/k?return=previous"), Get(404), SAME),
    ("return=previous of another type is 409 and deletes nothing", {b"k": ["item"]}, Ask("DELETE", "/v1/kv/k?return=previous"), Get(409, {"redis_type": "list"}), SAME),
    ("If-Match with the value's tag deletes", {b"k": b"v"}, Ask("DELETE", "/v1/kv/k", {"If-Match": tag(b"v")}), Get(204), {}),
    ("If-Match with another tag is 412", {b"k": b"v"}, Ask("DELETE", "/v1/kv/k", {"If-Match": ZEROS}), Get(412, {"etag": tag(b"v")}), SAME),
    ("If-Match of a missing key is 404, as without it", {}, Ask("DELETE", "/v1/kv/k", {"If-Match": ZEROS}), Get(404), SAME),
    ("If-Match * deletes another type", {b"k": ["item"]}, Ask("DELETE", "/v1/kv/k", {"If-Match": "*"}), Get(204), {}),
    ("another type has no tag", {b"k": ["item"]}, Ask("DELETE", "/v1/kv/k", {"If-Match": ZEROS}), Get(412), SAME),
    ("If-None-Match with another tag deletes", {b"k": b"v"}, Ask("DELETE", "/v1/kv/k", {"If-None-Match": ZEROS}), Get(204), {}),
    ("a parameter that DELETE has not is refused", {b"k": b"v"}, Ask("DELETE", "/v1/kv/k?ttl=1"), Get(422, {"parameter": "ttl"}), SAME),
]


def patch(name, before, document, answer, after, headers=None):
    return (name, before, Ask("PATCH", "/v1/kv/k", headers or {}, document), answer, after)


MOST = b"9223372036854775807"
PATCHING = [
    patch("an increment", {b"k": b"40"}, {"increment": 2}, Get(200, {"key": "k", "value": "42", "size": 2, "ttl": None, "etag": tag(b"42")}, {"Content-Type": "application/json", "ETag": ABSENT}), {b"k": b"42"}),
    patch("an increment of nothing creates", {}, {"increment": 5}, Get(201, {"value": "5"}), {b"k": b"5"}),
    patch("a decrement", {b"k": b"40"}, {"increment": -41}, Get(200, {"value": "-1"}), {b"k": b"-1"}),
    patch("an increment keeps the life", {b"k": Ttl(b"1", 100)}, {"increment": 1}, Get(200, {"value": "2", "ttl": 100.0}), {b"k": Ttl(b"2", 100)}),
    patch("an increment keeps every digit", {b"k": b"9007199254740993"}, {"increment": 2}, Get(200, {"value": "9007199254740995"}), {b"k": b"9007199254740995"}),
    patch("the greatest increment", {}, {"increment": 2**63 - 1}, Get(201, {"value": MOST.decode()}), {b"k": MOST}),
    patch("the least increment", {}, {"increment": -(2**63)}, Get(201, {"value": str(-(2**63))}), {b"k": b"-9223372036854775808"}),
    patch("an overflow is 409", {b"k": MOST}, {"increment": 1}, Get(409, {"detail": "The sum is no whole number of 64 bits."}), SAME),
    patch("a whole increment of a fraction is 409", {b"k": b"1.5"}, {"increment": 1}, Get(409, {"detail": "The value is not a whole number of 64 bits."}), SAME),
    patch("an increment of a text is 409", {b"k": b"text"}, {"increment": 1}, Get(409), SAME),
    patch("an increment of an empty value is 409", {b"k": b""}, {"increment": 1}, Get(409), SAME),
    patch("an increment by a fraction", {b"k": b"1"}, {"increment": 0.5}, Get(200, {"value": "1.5", "etag": tag(b"1.5")}), {b"k": b"1.5"}),
    patch("an increment by tenths", {b"k": b"0.1"}, {"increment": 0.2}, Get(200, {"value": "0.3"}), {b"k": b"0.3"}),
    patch("an increment by a fraction creates", {}, {"increment": 1e-3}, Get(201, {"value": "0.001"}), {b"k": b"0.001"}),
    patch("an increment of a text by a fraction is 409", {b"k": b"text"}, {"increment": 0.5}, Get(409, {"detail": "The value is not a number."}), SAME),
    patch("create_ttl gives a new counter its life", {}, {"increment": 1, "create_ttl": 100}, Get(201, {"value": "1", "ttl": 100.0}), {b"k": Ttl(b"1", 100)}),
    patch("create_ttl leaves a counter's life alone", {b"k": Ttl(b"1", 50)}, {"increment": 1, "create_ttl": 100}, Get(200, {"value": "2", "ttl": 50.0}), {b"k": Ttl(b"2", 50)}),
    patch("create_ttl leaves a counter for ever alone", {b"k": b"1"}, {"increment": 1, "create_ttl": 100}, Get(200, {"ttl": None}), {b"k": b"2"}),
    patch("create false increments", {b"k": b"1"}, {"increment": 1, "create": False}, Get(200, {"value": "2"}), {b"k": b"2"}),
    patch("create false creates nothing", {}, {"increment": 1, "create": False}, Get(404), SAME),
    patch("an appended text", {b"k": b"ab"}, {"append": "cü"}, Get(200, {"key": "k", "size": 5, "ttl": None}), {b"k": "abcü".encode()}),
    patch("an appended text creates", {}, {"append": "ab"}, Get(201, {"size": 2}), {b"k": b"ab"}),
    patch("appended bytes", {b"k": b"ab"}, {"append": base64.b64encode(BINARY).decode(), "encoding": "base64"}, Get(200, {"size": 258}), {b"k": b"ab" + BINARY}),
    patch("appending nothing", {b"k": b"ab"}, {"append": ""}, Get(200, {"size": 2}), {b"k": b"ab"}),
    patch("appending keeps the life", {b"k": Ttl(b"a", 100)}, {"append": "b"}, Get(200, {"ttl": 100.0}), {b"k": Ttl(b"ab", 100)}),
    patch("appending with create_ttl", {}, {"append": "a", "create_ttl": 100}, Get(201, {"ttl": 100.0}), {b"k": Ttl(b"a", 100)}),
    patch("appending with create false creates nothing", {}, {"append": "a", "create": False}, Get(404), SAME),
    patch("appending up to the greatest length", {b"k": b"x" * (LARGE - 1)}, {"append": "x"}, Get(200, {"size": LARGE}), {b"k": b"x" * LARGE}),
    patch("appending beyond it is 413", {b"k": b"x" * LARGE}, {"append": "x"}, Get(413, None), SAME),
    patch("appending too much at once is 413", {}, {"append": "x" * (LARGE + 1)}, Get(413, {"field": "append"}), SAME),
    patch("appending too many bytes at once is 413", {}, {"append": base64.b64encode(b"x" * (LARGE + 1)).decode(), "encoding": "base64"}, Get(413), SAME),
    patch("appending the greatest length at once", {}, {"append": base64.b64encode(b"x" * LARGE).decode(), "encoding": "base64"}, Get(201, {"size": LARGE}), {b"k": b"x" * LARGE}),
    patch("a life", {b"k": b"v"}, {"ttl": 99.5}, Get(200, {"key": "k", "size": 1, "ttl": 99.5}), {b"k": Ttl(b"v", 99.5)}),
    patch("another life", {b"k": Ttl(b"v", 10)}, {"ttl": 100}, Get(200, {"ttl": 100.0}), {b"k": Ttl(b"v", 100)}),
    patch("a life for nothing is 404", {}, {"ttl": 100}, Get(404), SAME),
    patch("for ever", {b"k": Ttl(b"v", 100)}, {"persist": True}, Get(200, {"ttl": None}), {b"k": b"v"}),
    patch("for ever as before", {b"k": b"v"}, {"persist": True, "create": False}, Get(200, {"ttl": None}), SAME),
    patch("nothing for ever is 404", {}, {"persist": True}, Get(404), SAME),
    *[patch(f"{document} of another type is 409", {b"k": ["item"]}, document, Get(409, {"redis_type": "list"}), SAME) for document in ({"increment": 1}, {"append": "a"}, {"ttl": 1}, {"persist": True}, {"increment": 1, "create": False})],
    patch("If-Match with the value's tag", {b"k": b"1"}, {"increment": 1}, Get(200, {"value": "2"}), {b"k": b"2"}, {"If-Match": tag(b"1")}),
    patch("If-Match with another tag is 412", {b"k": b"1"}, {"increment": 1}, Get(412, {"etag": tag(b"1")}), SAME, {"If-Match": ZEROS}),
    patch("If-Match creates nothing", {}, {"increment": 1}, Get(412), SAME, {"If-Match": "*"}),
    patch("If-None-Match * only creates", {b"k": b"1"}, {"increment": 1}, Get(412), SAME, {"If-None-Match": "*"}),
    *[
        patch(f"{document} is refused", {b"k": b"1"}, document, Get(422, {"field": name} if name else None), SAME)
        for document, name in [
            ({}, None), ({"increment": 1, "append": "a"}, None), ({"incr": 1}, "incr"), ({"create": False}, None),
            ({"increment": "1"}, "increment"), ({"increment": True}, "increment"), ({"increment": None}, "increment"), ({"increment": 2**63}, "increment"), ({"increment": -(2**63) - 1}, "increment"),
            ({"append": 1}, "append"), ({"append": "a", "encoding": "hex"}, "encoding"), ({"append": "a", "encoding": "base64"}, "append"), ({"append": "ä", "encoding": "base64"}, "append"), ({"append": "\ud800"}, "append"), ({"increment": 1, "encoding": "base64"}, "encoding"),
            ({"ttl": 0}, "ttl"), ({"ttl": -1}, "ttl"), ({"ttl": "60"}, "ttl"), ({"ttl": True}, "ttl"), ({"ttl": None}, "ttl"), ({"ttl": 0.0001}, "ttl"), ({"ttl": 1e10}, "ttl"), ({"ttl": 1, "create": True}, "create"), ({"ttl": 1, "create_ttl": 1}, "create_ttl"),
            ({"persist": False}, "persist"), ({"persist": 1}, "persist"), ({"persist": True, "create_ttl": 1}, "create_ttl"),
            ({"increment": 1, "create": "no"}, "create"), ({"increment": 1, "create_ttl": 0}, "create_ttl"), ({"increment": 1, "create": False, "create_ttl": 1}, "create_ttl"),
        ]
    ],
    patch("a number that is too large is refused", {b"k": b"1"}, b'{"increment": 1e999}', Get(422, {"field": "increment"}), SAME, {"Content-Type": "application/json"}),
    patch("a sum that is no number is 409", {b"k": b"inf"}, {"increment": 1.5}, Get(409), SAME),
    patch("broken JSON is 400", {b"k": b"1"}, b"{", Get(400), SAME, {"Content-Type": "application/json"}),
    patch("NaN is no JSON", {b"k": b"1"}, b'{"increment": NaN}', Get(400), SAME, {"Content-Type": "application/json"}),
    patch("another content type is 415", {b"k": b"1"}, b"{}", Get(415, None, {"Accept-Patch": "application/json"}), SAME, {"Content-Type": "text/plain"}),
    patch("a body without end is 413", {b"k": b"1"}, b" " * (6 * LARGE + 2000), Get(413), SAME, {"Content-Type": "application/json"}),
    ("a parameter that PATCH has not is refused", {b"k": b"1"}, Ask("PATCH", "/v1/kv/k?ttl=1", {}, {"increment": 1}), Get(422, {"parameter": "ttl"}), SAME),
]
ADDRESSING = [
    *[
        (f"the path {path[:20]} names {key[:20]!r}", {}, Ask("PUT", f"/v1/kv/{path}", {}, b"v"), Get(201), {key: b"v"})
        for path, key in [
            ("a/b/c", b"a/b/c"), ("a//b/", b"a//b/"), ("/", b"/"), ("%2F", b"/"), ("a%2Fb", b"a/b"), (".", b"."), ("..", b".."), ("a/../b", b"a/../b"), ("%2E%2E", b".."),
            ("a%3Fb", b"a?b"), ("%25", b"%"), ("%2541", b"%41"), ("{k}", b"{k}"), ("%7Bk%7D", b"{k}"), ("a+b", b"a+b"), ("a%20b", b"a b"), ("%00", b"\0"), ("%FF%FE", b"\xff\xfe"), ("%E2%82%AC", "€".encode()), ("%0A", b"\n"), ("a;b=c", b"a;b=c"), ("%zz", b"%zz"), ("k" * 512, b"k" * 512),
        ]
    ],
    *[
        (f"the parameter {query} names {key!r}", {}, Ask("PUT", f"/v1/kv?key={query}", {}, b"v"), Get(201), {key: b"v"})
        for query, key in [("..", b".."), ("a/../b", b"a/../b"), ("a%2Fb", b"a/b"), ("%FF%00", b"\xff\0"), ("a+b", b"a b"), ("a%2Bb", b"a+b"), ("%3D%26", b"=&"), ("a=b", b"a=b")]
    ],
    ("the parameter goes with the others", {b"..": b"old"}, Ask("PUT", "/v1/kv?ttl=100&key=..&return=previous", {"If-Match": "*"}, b"v"), Get(200, b"old"), {b"..": Ttl(b"v", 100)}),
    ("GET by parameter", {b"..": b"v"}, Ask("GET", "/v1/kv?key=.."), Get(200, b"v"), SAME),
    ("HEAD by parameter", {b"..": b"v"}, Ask("HEAD", "/v1/kv?key=.."), Get(200, b"", {"Content-Length": "1"}), SAME),
    ("GET by an encoded parameter", {b"k": b"v"}, Ask("GET", "/v1/kv?%6Bey=k"), Get(200, b"v"), SAME),
    ("PATCH by parameter", {b"..": b"1"}, Ask("PATCH", "/v1/kv?key=..", {}, {"increment": 1}), Get(200, {"key": "..", "value": "2"}), {b"..": b"2"}),
    ("DELETE by parameter", {b"..": b"1"}, Ask("DELETE", "/v1/kv?key=.."), Get(204), {}),
    ("a key that is not UTF-8 in JSON", {b"\xff": b"v"}, Ask("GET", "/v1/kv/%FF", JSON), Get(200, {"key": "/w==", "key_encoding": "base64", "value": "v"}), SAME),
    ("an empty key is refused", {}, Ask("PUT", "/v1/kv/", {}, b"v"), Get(422, {"field": "key"}), SAME),
    ("an empty parameter is refused", {}, Ask("GET", "/v1/kv?key="), Get(422, {"field": "key"}), SAME),
    ("two keys are refused", {b"a": b"v", b"b": b"v"}, Ask("DELETE", "/v1/kv?key=a&key=b"), Get(422, {"parameter": "key"}), SAME),
    ("a key and a prefix are refused", {b"a": b"v"}, Ask("DELETE", "/v1/kv?key=a&prefix=a&confirm=a"), Get(422, {"parameter": "prefix"}), SAME),
    ("PUT without a key is refused", {}, Ask("PUT", "/v1/kv", {}, b"v"), Get(422, {"parameter": "key"}), SAME),
    ("PATCH without a key is refused", {}, Ask("PATCH", "/v1/kv", {}, {"increment": 1}), Get(422, {"parameter": "key"}), SAME),
    *[(f"{method} of too long a key is 414", {}, Ask(method, "/v1/kv/" + "k" * 513, {}, b"v"), Get(414), SAME) for method in ("GET", "PUT", "PATCH", "DELETE")],
]
ALLOW = {"Allow": "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"}
METHODS = [
    ("POST is 405", {b"k": b"v"}, Ask("POST", "/v1/kv/k", {}, b"w"), Get(405, None, ALLOW), SAME),
    ("POST to all keys is 405", {b"k": b"v"}, Ask("POST", "/v1/kv", {}, b"w"), Get(405, None, ALLOW), SAME),
    ("a method that nobody knows is 405", {b"k": b"v"}, Ask("BREW", "/v1/kv/k"), Get(405, None, ALLOW), SAME),
    ("OPTIONS of a key", {}, Ask("OPTIONS", "/v1/kv/k"), Get(204, b"", {**ALLOW, "Accept-Patch": "application/json", "Content-Type": ABSENT}), SAME),
    ("OPTIONS of all keys", {}, Ask("OPTIONS", "/v1/kv"), Get(204, b"", {**ALLOW, "Accept-Patch": "application/json"}), SAME),
    ("OPTIONS of another route", {}, Ask("OPTIONS", "/set"), Get(204, b"", {"Allow": "OPTIONS, POST", "Accept-Patch": ABSENT}), SAME),
    ("OPTIONS of the server", {}, Ask("OPTIONS", "*"), Get(204, b"", {"Allow": "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"}), SAME),
    ("OPTIONS of nothing is 404", {}, Ask("OPTIONS", "/nothing"), Get(404), SAME),
]
LISTING = [
    ("a list of nothing", {}, Ask("GET", "/v1/kv"), Get(200, {"keys": [], "cursor": None}, {"Content-Type": "application/json", "Cache-Control": "no-store", "Link": ABSENT}), SAME),
    ("a list of all", {b"a": b"1"}, Ask("GET", "/v1/kv"), Get(200, {"keys": [{"key": "a"}], "cursor": None}), SAME),
    ("a list of a prefix", {b"a/1": b"1", b"b/1": b"1"}, Ask("GET", "/v1/kv?prefix=a%2F"), Get(200, {"keys": [{"key": "a/1"}], "cursor": None}), SAME),
    *[
        (f"the prefix {prefix!r} means itself", {prefix + b"1": b"1", b"x1": b"1", b"xyz": b"1", b"\\x1": b"1"}, Ask("GET", f"/v1/kv?prefix={query}"), Get(200, {"keys": [{"key": (prefix + b"1").decode()}]}), SAME)
        for query, prefix in [("*", b"*"), ("?", b"?"), ("%5B", b"["), ("%5Bx%5D", b"[x]"), ("x*", b"x*"), ("%5B%5Ex", b"[^x"), ("%5C%5C", b"\\\\"), ("%5C*", b"\\*"), ("a%5C", b"a\\"), ("%7B", b"{")]
    ],
    ("a key that is not UTF-8 is listed in base64", {b"\xff": b"v"}, Ask("GET", "/v1/kv?prefix=%FF"), Get(200, {"keys": [{"key": "/w==", "key_encoding": "base64"}]}), SAME),
    ("a list with more about each", {b"a": Ttl(b"v", 100)}, Ask("GET", "/v1/kv?include=ttl,size,value"), Get(200, {"keys": [{"key": "a", "ttl": 100.0, "size": 1, "value": "v"}]}), SAME),
    ("a list with the sizes", {b"a": b"v"}, Ask("GET", "/v1/kv?include=size"), Get(200, {"keys": [{"key": "a", "size": 1}]}), SAME),
    ("a list with the times to live", {b"a": b"v"}, Ask("GET", "/v1/kv?include=ttl"), Get(200, {"keys": [{"key": "a", "ttl": None}]}), SAME),
    ("a list with a value that is not UTF-8", {b"a": b"\xff"}, Ask("GET", "/v1/kv?include=value"), Get(200, {"keys": [{"key": "a", "value": "/w==", "encoding": "base64"}]}), SAME),
    ("a list with another type", {b"a": ["item"]}, Ask("GET", "/v1/kv?include=ttl,size,value"), Get(200, {"keys": [{"key": "a", "type": "list", "ttl": None, "size": None, "value": None}]}), SAME),
    ("HEAD of a list", {b"a": b"1"}, Ask("HEAD", "/v1/kv"), Get(200, b"", {"Content-Type": "application/json"}), SAME),
    *[
        (f"a list with {query} is refused", {b"a": b"1"}, Ask("GET", f"/v1/kv?{query}"), Get(422, {"parameter": parameter}), SAME)
        for query, parameter in [("limit=0", "limit"), ("limit=1001", "limit"), ("limit=-1", "limit"), ("limit=", "limit"), ("limit=x", "limit"), ("limit=%B2", "limit"), ("include=", "include"), ("include=name", "include"), ("include=ttl,", "include"), ("include=%FF", "include"), ("cursor=", "cursor"), ("cursor=0", "cursor"), ("cursor=AAAA", "cursor"), ("cursor=%FF", "cursor"), ("cursor=AAAAAAAAAAAAAAAAAAAAAA", "cursor"), ("prefx=a", "prefx"), ("prefix=a&prefix=b", "prefix")]
    ],
    ("a list with a malformed condition is 400", {b"a": b"1"}, Ask("GET", "/v1/kv", {"If-None-Match": "x"}), Get(400, {"header": "If-None-Match"}), SAME),
    ("a list has no tag", {b"a": b"1"}, Ask("GET", "/v1/kv", {"If-None-Match": tag(b"1")}), Get(200, {"keys": [{"key": "a"}]}), SAME),
    ("a list with too long a prefix is 414", {}, Ask("GET", "/v1/kv?prefix=" + "k" * 513), Get(414), SAME),
]
PREFIX_DELETING = [
    ("a prefix is deleted", {b"a/1": b"1", b"a/2": ["item"], b"b": b"1"}, Ask("DELETE", "/v1/kv?prefix=a/&confirm=a/"), Get(200, b'{"deleted": 2, "done": true}\n', {"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"}), {b"b": b"1"}),
    ("a prefix of nothing", {b"b": b"1"}, Ask("DELETE", "/v1/kv?prefix=a&confirm=a"), Get(200, b'{"deleted": 0, "done": true}\n'), SAME),
    ("glob characters mean themselves", {b"*1": b"1", b"b": b"1"}, Ask("DELETE", "/v1/kv?prefix=*&confirm=*"), Get(200, b'{"deleted": 1, "done": true}\n'), {b"b": b"1"}),
    ("a dry run counts", {b"a/1": b"1", b"b": b"1"}, Ask("DELETE", "/v1/kv?prefix=a&dry_run=true"), Get(200, b'{"matched": 1, "done": true}\n'), SAME),
    ("a dry run may be confirmed", {b"a/1": b"1"}, Ask("DELETE", "/v1/kv?prefix=a&dry_run=true&confirm=a"), Get(200, b'{"matched": 1, "done": true}\n'), SAME),
    ("a condition is about one value, not a prefix", {b"a/1": b"1"}, Ask("DELETE", "/v1/kv?prefix=a&confirm=a", {"If-Match": tag(b"1")}), Get(422, {"parameter": "prefix"}), SAME),
    *[
        (f"a deletion with {query or 'nothing'} is refused", {b"a": b"1"}, Ask("DELETE", f"/v1/kv?{query}"), Get(422, {"parameter": parameter}), SAME)
        for query, parameter in [("", "prefix"), ("prefix=", "prefix"), ("prefix=&confirm=", "prefix"), ("prefix=&dry_run=true", "prefix"), ("prefix=a", "confirm"), ("prefix=a&confirm=", "confirm"), ("prefix=a&confirm=A", "confirm"), ("prefix=a&confirm=true", "confirm"), ("prefix=a&dry_run=yes", "dry_run"), ("prefix=a&confirm=a&dryrun=true", "dryrun")]
    ],
]
# fmt: on
TABLE = {
    "get": GETTING,
    "conditional get": CONDITIONAL_GETTING,
    "range": RANGES,
    "put": PUTTING,
    "conditional put": CONDITIONAL_PUTTING,
    "delete": DELETING,
    "patch": PATCHING,
    "key": ADDRESSING,
    "method": METHODS,
    "list": LISTING,
    "prefix delete": PREFIX_DELETING,
}
