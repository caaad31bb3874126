"""Questions of a page over its WebSocket: of each kind only the latest is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from blendkit.errors import BlendkitError
from blendkit.studio.live_blend import LiveBlend

if TYPE_CHECKING:
    from starlette.websockets import WebSocket

KINDS = ("figures", "settled", "sides", "path", "judged", "passed")  # in this order, where several wait


def answered(live: LiveBlend, question: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer to one question {kind, id, values, ...}; a mistake of the asker is its `error`."""
    given = {k: v for k, v in question.items() if k not in ("kind", "id")}
    asked: Callable[..., dict[str, Any]] = getattr(live, question["kind"])
    try:
        found = asked(**given)
    except BlendkitError as error:
        found = {"error": str(error)}
    except (TypeError, ValueError, KeyError) as error:  # a question that no page of ours asks
        found = {"error": f"not a question: {error}"}
    return {"kind": question["kind"], "id": question.get("id"), **found}


async def live(socket: WebSocket, live: LiveBlend) -> None:
    """Answer a page until it leaves. A question that a later one of its kind overtakes is never answered."""
    from starlette.concurrency import run_in_threadpool
    from starlette.websockets import WebSocketDisconnect

    await socket.accept()
    waiting: dict[str, Mapping[str, Any]] = {}
    came = asyncio.Event()

    async def answers() -> None:
        while True:
            await came.wait()
            kind = next((k for k in KINDS if k in waiting), None)
            if kind is None:
                came.clear()
                continue
            await socket.send_json(await run_in_threadpool(answered, live, waiting.pop(kind)))

    work = asyncio.create_task(answers())
    try:
        while True:
            question = await socket.receive_json()
            if isinstance(question, dict) and question.get("kind") in KINDS:
                waiting[question["kind"]] = question
                came.set()
            else:
                await socket.send_json({"error": f"not a question: expected one of {', '.join(KINDS)}"})
    except (WebSocketDisconnect, ValueError, KeyError):  # it left, or sent what is no JSON
        pass
    finally:
        work.cancel()
