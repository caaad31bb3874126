"""The studio's server: pages, questions, sound and answers, for one browser on this machine."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blendkit.errors import BlendkitError
from blendkit.studio.access_token import LockedDoor
from blendkit.studio.opened_studio import Studio
from blendkit.studio.studio_routes import routes_of
from blendkit.studio.websocket_questions import live

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

HERE = "127.0.0.1"
_INSTALL = "pip install 'blendkit[studio]'"


@dataclass(frozen=True, eq=False)
class Serving:
    """A place that is taken for a server: its socket, port and token."""

    socket: socket.socket
    token: str

    @property
    def port(self) -> int:
        """The port on this machine."""
        return int(self.socket.getsockname()[1])

    @property
    def url(self) -> str:
        """The address that opens the studio; nobody else knows its token."""
        return f"http://{HERE}:{self.port}/{self.token}/"

    @classmethod
    def take(cls, port: int = 0) -> Serving:
        """Take a port of this machine alone; 0: any that is free. Raises BlendkitError for one that is taken."""
        own = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            own.bind((HERE, port))
        except OSError as error:
            own.close()
            ways = ["leave --port out: a free one is found", str(error.strerror)]
            raise BlendkitError(f"port {port} of this machine cannot be used", ways) from error
        return cls(own, secrets.token_urlsafe(24))


def studio_application(studio: Studio, token: str, port: int) -> ASGIApp:
    """Return the application, behind its door. Raises BlendkitError where the extra `studio` is not installed."""
    try:
        from starlette.applications import Starlette
        from starlette.routing import WebSocketRoute
    except ImportError as error:
        raise BlendkitError("the studio's server is not installed", [_INSTALL, str(error)]) from error

    async def talk(own: Any) -> None:
        if studio.live is None:
            await own.close(1008)
        else:
            await live(own, studio.live)

    routes = [*routes_of(studio), WebSocketRoute("/live", talk)]
    return LockedDoor(Starlette(routes=routes), token, port)


def server_of(studio: Studio, place: Serving) -> uvicorn.Server:
    """Return the server of a studio for `run(sockets=[place.socket])`. Raises BlendkitError without the extra."""
    try:
        import uvicorn
    except ImportError as error:
        raise BlendkitError("the studio's server is not installed", [_INSTALL, str(error)]) from error
    app = studio_application(studio, place.token, place.port)
    # arrays are deflated before they are sent
    config = uvicorn.Config(
        app, log_level="error", lifespan="off", ws="websockets-sansio", ws_per_message_deflate=False,
        server_header=False, timeout_graceful_shutdown=1,
    )  # fmt: skip
    return uvicorn.Server(config)


def serve_studio(studio: Studio, place: Serving, started: Callable[[str], object]) -> None:
    """Serve until the process is interrupted. started: called with the address, once it can be opened."""
    server = server_of(studio, place)
    place.socket.listen()
    started(place.url)
    with suppress(KeyboardInterrupt):
        server.run(sockets=[place.socket])
