"""The same with FastAPI and redis.asyncio."""

import os
from typing import Annotated

import redis.asyncio as redis
from fastapi import FastAPI, HTTPException, Path
from pydantic import BaseModel

# redis-py allows 100 connections by default, and fails beyond them.
store = redis.Redis.from_url(os.environ["REDIS_URL"], max_connections=1024)
app = FastAPI()


class Pair(BaseModel):
    """A value under its key."""

    key: str
    value: str


@app.post("/set")
async def set_value(pair: Pair) -> Pair:
    """Store a value under a key."""
    await store.set(pair.key, pair.value)
    return pair


@app.get("/get/{key:path}")
async def get_value(key: Annotated[str, Path()]) -> Pair:
    """Answer the value under a key."""
    value = await store.get(key)
    if value is None:
        raise HTTPException(404, "not found")
    return Pair(key=key, value=value.decode())


@app.get("/live")
async def live() -> str:
    """Say that the process is there."""
    return "ok"
