"""The few routes that most requests ask for, answered without Flask's dispatch.

What they do is written once, in the handlers that Flask's views call as well.
"""

from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from app import kv, simple
from app.body import Body, Fields
from app.bridge import run, wait
from app.exchange import Call
from app.gateway import Receive, Scope, Send
from app.kv import Handler
from app.observation import CLIENT_GONE, NO_BODY, Observation, Observer
from app.problems import answer_to
from app.settings import Settings
from app.store import Store

HeaderPairs = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class HotRoute:
    """A method and the start of a path; behind it is the key, if there is one."""

    method: str
    start: bytes
    rule: str
    handler: Handler

    def matches(self, path: bytes) -> bool:
        """Tell whether the path is of this route."""
        return path.startswith(self.start) and (
            self.start.endswith(b"/") or path == self.start
        )


KEY = "<key:key>"
ROUTES = (
    HotRoute("GET", b"/get/", f"/get/{KEY}", lambda *of: simple.get_value(*of[:3])),
    HotRoute(
        "POST", b"/set", "/set", lambda s, c, _, call: simple.set_value(s, c, call)
    ),
    HotRoute("GET", b"/v1/kv/", f"/v1/kv/{KEY}", kv.get_value),
    HotRoute("PUT", b"/v1/kv/", f"/v1/kv/{KEY}", kv.put_value),
)


class HotRoutes:
    """Answers requests of the hot routes with the parts of one app."""

    def __init__(self, settings: Settings, store: Store, observer: Observer) -> None:
        self._settings = settings
        self._store = store
        self._observer = observer

    def find(self, scope: Scope) -> HotRoute | None:
        """Return the route of a request that is simple enough to be answered here."""
        if scope["root_path"] or len(dict(scope["headers"])) < len(scope["headers"]):
            return None
        for route in ROUTES:
            if route.method == scope["method"] and route.matches(scope["raw_path"]):
                return route
        return None

    async def serve(
        self, route: HotRoute, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer one request."""
        fields = dict(scope["headers"])
        body = Body(receive, fields)
        status, headers, content = await run(self._answer, route, scope, fields, body)
        if not body.ended:
            await body.skip_short_rest()
        if not body.ended:
            headers.append((b"connection", b"close"))
        start = {"type": "http.response.start", "status": status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": content})
        if not body.ended:
            await body.linger()

    def _answer(
        self, route: HotRoute, scope: Scope, fields: Fields, body: Body
    ) -> tuple[int, HeaderPairs, bytes]:
        def header(name: str) -> str | None:
            value = fields.get(name.encode("latin-1"))
            return None if value is None else value.decode("latin-1")

        observation = Observation(
            self._observer,
            route.method,
            scope["client"][0] if scope["client"] else None,
            header("x-request-id"),
            header("traceparent"),
        )
        key = unquote_to_bytes(scope["raw_path"][len(route.start) :])
        call = Call(
            route.method,
            scope["query_string"].decode("latin-1"),
            header,
            lambda limit: wait(body.whole(limit)),
        )
        try:
            answer = route.handler(self._store, self._settings, key, call)
        except Exception as error:  # noqa: BLE001 - each one has its answer
            answer = answer_to(error)
        except BaseException:
            observation.end(route.rule, CLIENT_GONE, 0)
            raise
        content = answer.body
        assert isinstance(content, bytes)  # noqa: S101 - no hot route streams
        size = len(content)
        observation.end(route.rule, answer.status, size)
        headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in (*answer.headers, *observation.headers())
        ]
        if answer.status not in NO_BODY:
            headers.append((b"content-length", b"%d" % size))
        return answer.status, headers, content
