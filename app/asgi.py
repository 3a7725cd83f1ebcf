"""Serves the Flask app on an event loop: the production entry, `app.asgi:service()`."""

import asyncio
import os

from app import create_app, gateway
from app.gateway import Receive, Scope, Send
from app.health import Readiness
from app.hot import HotRoutes
from app.pipeline import Pipeline
from app.settings import Settings


class Service:
    """The service as an ASGI app: https://asgi.readthedocs.io/en/stable/specs/main.html.

    Each request has a greenlet of its own, in which it may wait for Redis while the
    commands of others join it.
    """

    def __init__(self, settings: Settings) -> None:
        self.flask = create_app(settings, Pipeline)
        parts = self.flask.extensions
        self._hot = HotRoutes(settings, parts["store"], parts["observer"])

    @property
    def readiness(self) -> Readiness:
        """What the service knows of itself."""
        known: Readiness = self.flask.extensions["readiness"]
        return known

    @readiness.setter
    def readiness(self, readiness: Readiness) -> None:
        self.flask.extensions["readiness"] = readiness

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the server's own start and end."""
        match scope["type"]:
            case "http":
                if route := self._hot.find(scope):
                    await self._hot.serve(route, scope, receive, send)
                else:
                    await gateway.serve(self.flask, scope, receive, send)
            case "lifespan":
                await self._live(receive, send)
            case _:  # a WebSocket, which there is none of here
                await send({"type": "websocket.close"})

    def _gather(self) -> None:
        """Let what is told of each request wait for the end of the loop's turn."""
        later = asyncio.get_running_loop().call_soon
        self.flask.extensions["observer"].access_log.write_later(later)
        if metrics := self.flask.extensions["metrics"]:
            metrics.publish_later(later)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._gather()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.flask.extensions["transport"].close()
        await send({"type": "lifespan.shutdown.complete"})


def service() -> Service:
    """Build the service from the environment; raises SettingsError."""
    return Service(Settings.from_env(os.environ))
