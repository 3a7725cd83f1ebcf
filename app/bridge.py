"""Lets plain functions wait for what happens on an event loop.

A function that `run` calls has a greenlet of its own. Where something beneath it
calls `wait`, the greenlet stands still and the loop serves others. Each greenlet has
contextvars of its own too, so nothing leaks from one request to another.
"""

from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar, cast

from greenlet import getcurrent, greenlet

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


async def run(
    function: Callable[Parameters, Result],
    *args: Parameters.args,
    **kwargs: Parameters.kwargs,
) -> Result:
    """Call the function in a greenlet and return what it returns.

    When this task is cancelled, CancelledError is raised in the function, where it
    waits, so that it can let go of what it holds.
    """
    call = greenlet(function)
    awaited = call.switch(*args, **kwargs)
    while not call.dead:
        try:
            value = await awaited
        except BaseException as error:  # noqa: BLE001 - the function's to handle
            awaited = call.throw(error)
        else:
            awaited = call.switch(value)
    return cast("Result", awaited)


def wait(awaitable: Awaitable[Result]) -> Result:
    """Wait, in a function that `run` called, and return the awaitable's result."""
    parent = cast("greenlet", getcurrent().parent)
    result: Any = parent.switch(awaitable)
    return cast("Result", result)
