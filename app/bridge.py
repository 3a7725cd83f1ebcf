"""Lets plain functions wait for what happens on an event loop.

A function that `run` calls has a greenlet to itself. Where something beneath it calls
`wait`, the greenlet stands still and the loop serves others. It has contextvars of its
own too, so that nothing leaks from one request to another.
"""

import threading
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar, TypeVarTuple, cast

from greenlet import GreenletExit, getcurrent, greenlet

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")

# A new greenlet costs ten times what a used one does: Python maps its stack anew.
MOST_IDLE = 256


class _Idle(threading.local):
    """The greenlets of this thread that wait for a function to call."""

    def __init__(self) -> None:
        self.greenlets: list[greenlet] = []


_idle = _Idle()


@dataclass(slots=True)
class _Outcome:
    """How a call ended."""

    result: Any = None
    error: BaseException | None = None


async def run(
    function: Callable[[*Arguments], Result], *arguments: *Arguments
) -> Result:
    """Call the function in a greenlet and return what it returns.

    When this task is cancelled, CancelledError is raised in the function, where it
    waits, so that it can let go of what it holds.
    """
    idle = _idle.greenlets
    call = idle.pop() if idle else _new()
    call.gr_context = Context()
    said = call.switch(function, arguments)
    while said.__class__ is not _Outcome:
        try:
            value = await said
        except BaseException as error:  # noqa: BLE001 - the function's to handle
            said = call.throw(error)
        else:
            said = call.switch(value)
    if len(idle) < MOST_IDLE:
        idle.append(call)
    if said.error is not None:
        raise said.error
    return cast("Result", said.result)


def wait(awaitable: Awaitable[Result]) -> Result:
    """Wait, in a function that `run` called, and return the awaitable's result."""
    result: Any = getcurrent().parent.switch(awaitable)  # type: ignore[union-attr]
    return cast("Result", result)


def _new() -> greenlet:
    call = greenlet(_serve)
    # It keeps for good what it is first given, so that must not be a request.
    call.switch()
    return call


def _serve() -> NoReturn:
    """Call one function after the other; keep nothing of any meanwhile."""
    hub = cast("greenlet", getcurrent().parent)
    outcomes = [_Outcome()]
    while True:
        function, arguments = hub.switch(outcomes.pop())
        outcomes.append(_outcome_of(function, arguments))
        del function, arguments


def _outcome_of(function: Callable[..., Any], arguments: tuple[Any, ...]) -> _Outcome:
    try:
        return _Outcome(function(*arguments))
    except GreenletExit:  # nobody will ever resume this greenlet
        raise
    except BaseException as error:  # noqa: BLE001 - for `run` to raise
        return _Outcome(error=error)
