"""What most people write: Flask with one blocking redis-py call a request."""

import os

import redis
from flask import Flask, Response, jsonify, request

# redis-py allows 100 connections by default, and fails beyond them.
store = redis.Redis.from_url(os.environ["REDIS_URL"], max_connections=1024)
app = Flask(__name__)


@app.post("/set")
def set_value() -> Response:
    """Store a value under a key."""
    document = request.get_json()
    store.set(document["key"], document["value"])
    return jsonify(key=document["key"], value=document["value"])


@app.get("/get/<path:key>")
def get_value(key: str) -> Response | tuple[Response, int]:
    """Answer the value under a key."""
    value = store.get(key)
    if value is None:
        return jsonify(error="not found"), 404
    return jsonify(key=key, value=value.decode())


@app.get("/live")
def live() -> str:
    """Say that the process is there."""
    return "ok"
