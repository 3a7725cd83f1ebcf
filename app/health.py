"""Three questions: can Redis serve, may traffic come here, is the process alive."""

import time
from mmap import mmap

from flask import Blueprint, Flask, Response, current_app

from app import current
from app.exchange import Answer, json_answer, respond
from app.outage import Outage, Reason
from app.problems import Problem
from app.store import Store

bp = Blueprint("health", __name__, url_prefix="/health")

# States in which the service's own address and password may be the mistake.
NOT_REACHED = (
    Reason.UNREACHABLE,
    Reason.OVERLOADED,
    Reason.WRONG_PASSWORD,
    Reason.NO_PERMISSION,
)


class Readiness:
    """What the service knows of itself: has it reached Redis, is it leaving.

    Processes that fork from here on share the first, so that one which starts during
    an outage is as ready as its siblings; `draining` is each one's own.
    """

    def __init__(self) -> None:
        self._reached = mmap(-1, 1)
        self.draining = False

    @property
    def reached(self) -> bool:
        """Tell whether any of the processes has reached Redis."""
        return self._reached[0] == 1

    @reached.setter
    def reached(self, reached: bool) -> None:
        self._reached[0] = reached


def init_app(app: Flask) -> None:
    """Let the app answer how it is."""
    app.extensions["readiness"] = Readiness()
    app.register_blueprint(bp)


@bp.get("")
def health() -> Response:
    """Answer whether Redis can serve reads and writes now."""
    return respond(redis_health(current.store()))


@bp.get("/ready")
def ready() -> Response:
    """Answer whether traffic may come: Redis was reached once, and no drain began."""
    return respond(readiness(current.store(), current_app.extensions["readiness"]))


@bp.get("/live")
def live() -> Response:
    """Answer that the process is alive, whatever Redis does."""
    return respond(json_answer({"status": "ok"}))


def redis_health(store: Store) -> Answer:
    """Answer with how long a refused-or-harmless write took; raises Outage."""
    start = time.perf_counter()
    store.probe()
    milliseconds = round((time.perf_counter() - start) * 1000, 3)
    redis = {"status": "ok", "latency_ms": milliseconds}
    return json_answer({"status": "ok", "redis": redis}, headers=_NOT_STORED)


def readiness(store: Store, state: Readiness) -> Answer:
    """Answer 200 once Redis was reached, in later outages too; raises Outage before.

    A Redis that answers but cannot serve (loading, read-only, full) is reached.
    """
    if state.draining:
        raise Problem(503, "The process is shutting down.", reason="draining")
    if not state.reached:
        _reach(store)
        state.reached = True
    return json_answer({"status": "ok"}, headers=_NOT_STORED)


def _reach(store: Store) -> None:
    try:
        store.probe()
    except Outage as outage:
        if outage.reason in NOT_REACHED:
            raise


_NOT_STORED = (("Cache-Control", "no-store"),)
