"""Where the studio of the tests is, and its WebSocket."""

from __future__ import annotations

from typing import Any

TOKEN, PORT = "token-of-the-tests", 8321
HERE = f"127.0.0.1:{PORT}"


def live(client: Any) -> Any:
    """The WebSocket of a client."""
    return client.websocket_connect(f"ws://{HERE}/{TOKEN}/live")
