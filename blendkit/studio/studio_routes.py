"""What a page may ask a studio for, and the answers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from blendkit.errors import BlendkitError
from blendkit.recipe import make_plan
from blendkit.reporting import draw, page_file, page_names, plain
from blendkit.searching import read_ledger
from blendkit.studio.class_page import one_class
from blendkit.studio.clip_queue import ORDERS
from blendkit.studio.clip_sound import LONGEST_S, OutsideFolderError
from blendkit.studio.given_answers import Given
from blendkit.studio.opened_studio import Studio
from blendkit.studio.recipe_controls import controls_of
from blendkit.studio.two_halves import Halves

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

_KINDS = {"js": "text/javascript", "css": "text/css", "html": "text/html"}
_MOST_CHUNKS = 60
_CLASS_LIMIT = 20_000
Maker = Callable[[Studio, "Request", dict[str, Any]], Any]


def routes_of(studio: Studio) -> list[BaseRoute]:
    """Return the routes of a studio, all of which lie behind its door."""
    from starlette.routing import Route

    questions: dict[str, Maker] = {
        "about": _about, "report": lambda s, r, b: s.report(), "chunks": _chunks, "around": _around,
        "class": _class, "review": _review, "coverage": _coverage, "ledger": _ledger,
    }  # fmt: skip
    orders: dict[str, Maker] = {"answer": _answer, "save": _save, "command": _command, "graph": _graph}
    return [
        Route("/", _page),
        Route("/page/{name}", _page),
        *[Route(f"/ask/{n}", _json(studio, make), methods=["GET"]) for n, make in questions.items()],
        *[Route(f"/do/{n}", _json(studio, make), methods=["POST"]) for n, make in orders.items()],
        Route("/sound", _sound(studio)),
        Route("/picture", _picture(studio)),
    ]


def _json(studio: Studio, make: Maker) -> Callable[..., Any]:
    """A route that answers in JSON; what the asker can mend is said with status 400."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import JSONResponse

    async def answer(request: Request) -> Response:
        try:
            body = await request.json() if request.method == "POST" else {}
            return JSONResponse(plain(await run_in_threadpool(make, studio, request, body)))
        except BlendkitError as error:
            return JSONResponse({"error": str(error)}, 400)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            return JSONResponse({"error": f"not a question: {error}"}, 400)

    return answer


def _page(request: Request) -> Response:
    from starlette.responses import PlainTextResponse, Response

    name = request.path_params.get("name", "studio.html")
    own = {f.name for f in files("blendkit.studio").joinpath("page").iterdir()}
    if name in own:
        text = files("blendkit.studio").joinpath("page", name).read_text(encoding="utf-8")
    elif name in page_names():
        text = page_file(name)
    else:
        return PlainTextResponse("404: no such page\n", 404)
    return Response(text, media_type=_KINDS[name.rpartition(".")[2]])


def _about(studio: Studio, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    listening, live, own = studio.listening, studio.live, studio.material
    return {
        "title": own.title, "main": own.main, "members": listening.members, "streams": list(listening.scores),
        "classes": listening.classes[:_CLASS_LIMIT], "orders": ORDERS, "chunks": len(listening.rows),
        "recordings": len(listening.rows.recordings()),
        "labels": listening.truth is not None and bool(listening.labelled.any()),
        "notes": own.notes, "no_blend": studio.no_blend, "redraws": None if live is None else live.redraws,
        "large": live is not None and live.large,
        "can_save": studio.text is not None,
        "controls": None if live is None else controls_of(live.recipe),
        "halves": None if live is None else _halves(live.halves, live.truth.rows.recording),
        "audio": None if studio.clips is None else {
            "folder": str(studio.clips.folder), "recordings": len(studio.clips.recordings),
            "outside": studio.clips.outside,
        },
        "answers": str(studio.answers.folder), "answered": _answered(studio),
        "review": None if studio.sheet is None else str(studio.sheet.path), "longest_s": LONGEST_S,
    }  # fmt: skip


def _halves(halves: Halves, rows: NDArray[Any]) -> dict[str, Any]:
    return {
        "recordings": {n: len(set(rows[at].tolist())) for n, at in halves.each().items()},
        "why_not": halves.why_not,
    }


def _answered(studio: Studio) -> dict[str, str]:
    return {f"{g.class_id}\n{g.recording}\n{g.start_s:g}": g.answer for g in studio.answers.known.values()}


def _chunks(studio: Studio, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    asked = request.query_params
    return studio.listening.chunks(asked.get("order", "disagreement"), asked.get("class", ""), _MOST_CHUNKS)


def _around(studio: Studio, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    return studio.listening.around(_row(studio, request.query_params["row"]),
                                   studio.listening.column(request.query_params["class"]))  # fmt: skip


def _row(studio: Studio, text: object) -> int:
    row = int(str(text))
    if not 0 <= row < len(studio.listening.rows):
        raise BlendkitError(f"there is no chunk {row}")
    return row


def _class(studio: Studio, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    return one_class(studio.listening, studio.live, request.query_params["class"])


def _review(studio: Studio, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Clips of a review that are chunks of the scores; how many are not is said."""
    if studio.sheet is None:
        raise BlendkitError("no review was opened", ["give --review FOLDER"])
    listening = studio.listening
    known = zip(listening.rows.recording, listening.rows.start_s.tolist(), strict=True)
    place = {(str(r), s): i for i, (r, s) in enumerate(known)}
    found = []
    for number, clip in enumerate(studio.sheet.clips()):
        row = place.get((clip["recording"], float(clip["start_s"])))
        if row is not None and clip["class"] in listening.classes:
            own = listening.chunk(row, listening.column(clip["class"]))
            found.append({**own, "number": number, "answer": clip["answer"].strip().lower()[:1],
                          "probability": clip["inclusion_probability"]})  # fmt: skip
    lacking = len(studio.sheet.lines) - len(found)
    what = "clips that a review drew, with their probabilities" + (f"; {lacking} are no chunks here" if lacking else "")
    return {"what": what, "chunks": found}


def _answer(studio: Studio, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    listening, given = studio.listening, str(body["answer"])
    if body.get("number") is not None and studio.sheet is not None:
        studio.sheet.give(int(body["number"]), given)
        return {"file": str(studio.sheet.path)}
    row, column, rows = _row(studio, body["row"]), listening.column(str(body["class"])), listening.rows
    one = Given(str(rows.recording[row]), float(rows.start_s[row]), float(rows.end_s[row]),
                listening.classes[column], float(listening.main.values[row, column]), str(body.get("by", "")),
                given)  # fmt: skip
    return {"file": str(studio.answers.give(one)), "answered": len(studio.answers.known)}


def _save(studio: Studio, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    if studio.text is None:
        raise BlendkitError("this source has no recipe file whose text could be edited")
    return {"file": str(studio.text.save(dict(body["values"]), str(body["name"])))}


def _command(studio: Studio, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    return {"command": "" if studio.text is None else studio.text.command(dict(body["values"]))}


def _graph(studio: Studio, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """The drawing of a recipe with other values, and the shares in it."""
    own = studio.material
    if studio.live is None:
        raise BlendkitError(studio.no_blend)
    recipe, _ = studio.live.changed(dict(body["values"]))
    return {"graph": draw(own.title, make_plan(recipe), own.scores)}


def _coverage(studio: Studio, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Which classes each stream covers, as a text of 0 and 1."""
    covered = {n: "".join("01"[int(c)] for c in s.covered) for n, s in studio.listening.scores.items()}
    return {"classes": studio.listening.classes, "covered": covered}


def _ledger(studio: Studio, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    file = studio.ledger
    if not file.exists():
        return {"file": str(file), "entries": []}
    return {"file": str(file), "entries": [asdict(e) for e in read_ledger(file)]}


def _span(request: Request) -> tuple[str, float, float]:
    asked = request.query_params
    start, end = float(asked["start"]), float(asked["end"])
    if not (math.isfinite(start) and math.isfinite(end)):
        raise ValueError("a span is two numbers of seconds")
    return asked["recording"], start, end


def _clip(studio: Studio, answer: Callable[[Any, Request], Response]) -> Callable[..., Any]:
    """A route to sound or its picture; 404 with the reason where there is none."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import PlainTextResponse

    async def guarded(request: Request) -> Response:
        try:
            if studio.clips is None:
                raise BlendkitError("no audio was opened", ["give --audio FOLDER"])
            return await run_in_threadpool(answer, studio.clips, request)
        except BlendkitError as error:
            return PlainTextResponse(str(error), 403 if isinstance(error, OutsideFolderError) else 404)
        except (ValueError, KeyError) as error:
            return PlainTextResponse(f"not a span: {error}", 400)

    return guarded


def _sound(studio: Studio) -> Callable[..., Any]:
    from starlette.responses import FileResponse  # which answers requests for ranges

    return _clip(studio, lambda clips, request: FileResponse(clips.wav(*_span(request)), media_type="audio/wav"))


def _picture(studio: Studio) -> Callable[..., Any]:
    from starlette.responses import Response

    def drawn(clips: Any, request: Request) -> Response:
        cells, top = clips.spectrogram(*_span(request), float(request.query_params.get("highest", 0)))
        about = {"x-mels": str(cells.shape[0]), "x-frames": str(cells.shape[1]), "x-highest": f"{top:g}"}
        return Response(cells.tobytes(), media_type="application/octet-stream", headers=about)

    return _clip(studio, drawn)
