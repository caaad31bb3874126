"""Who may come in: requests to this machine's own name and port, with the token, and from no other page."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NAMES = ("127.0.0.1", "localhost", "[::1]")
_POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src 'self'; connect-src 'self' ws://{host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class LockedDoor:
    """Lets requests for `/TOKEN/...` through to an application, without that part of the path; 403 for all others.

    port: a request whose Host header names another place is refused, and so is a page of another origin: a name that
    somebody else's server points at this machine (DNS rebinding) opens nothing. Every answer has a policy that allows
    no foreign script, and is kept in no cache.
    """

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self.app, self.token, self.port = app, token, port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        given, _, rest = path.removeprefix("/").partition("/")
        known = hmac.compare_digest(given.encode(), self.token.encode())
        if not (known and self._from_here(scope)):
            await _refuse(scope, receive, send)
            return
        inside = f"/{rest}"
        await self.app({**scope, "path": inside, "raw_path": inside.encode()}, receive, self._covered(scope, send))

    def _from_here(self, scope: Scope) -> bool:
        headers = {k.lower(): v.decode("latin-1") for k, v in scope["headers"]}
        hosts = {f"{name}:{self.port}" for name in _NAMES}
        origin = headers.get(b"origin")
        return headers.get(b"host") in hosts and (origin is None or origin in {f"http://{h}" for h in hosts})

    def _covered(self, scope: Scope, send: Send) -> Send:
        host = next(v.decode("latin-1") for k, v in scope["headers"] if k.lower() == b"host")
        own = {
            b"content-security-policy": _POLICY.format(host=host).encode(), b"x-content-type-options": b"nosniff",
            b"referrer-policy": b"no-referrer", b"cache-control": b"no-store",
            b"cross-origin-resource-policy": b"same-origin", b"cross-origin-opener-policy": b"same-origin",
        }  # fmt: skip

        async def covered(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(k, v) for k, v in message.get("headers", ()) if k.lower() not in own]
                message = {**message, "headers": [*kept, *own.items()]}
            await send(message)

        return covered


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    from starlette.responses import PlainTextResponse
    from starlette.websockets import WebSocketClose

    if scope["type"] == "websocket":
        await WebSocketClose(1008)(scope, receive, send)
        return
    said = "403: the address of the studio holds a token; open the one that `blendkit studio` printed\n"
    await PlainTextResponse(said, 403)(scope, receive, send)
