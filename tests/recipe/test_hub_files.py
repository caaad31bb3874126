"""Files of members on the Hugging Face hub, from a stand-in server on this machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

import blendkit as bk
from blendkit.errors import BlendkitError
from blendkit.recipe import parse_recipe
from blendkit.recipe.hub_files import hub_file

constants = pytest.importorskip("huggingface_hub.constants", reason="huggingface_hub is not installed")
SCORES = b"row_id,x,y\nr2_5,0.1,0.9\nr2_10,0.2,0.8\n"
HASH = hashlib.sha256(SCORES).hexdigest()
NAME = "hf://lab/frogs@v1/scores.csv"
COMMIT = "a" * 40
ASKED: list[str] = []


class Hub(BaseHTTPRequestHandler):
    """A hub with one file."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        ASKED.append(f"{self.command} {self.path}")
        there = self.path == "/lab/frogs/resolve/v1/scores.csv"
        self.send_response(200 if there else 404)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{HASH}"')
        self.send_header("Content-Length", str(len(SCORES) if there else 0))
        self.end_headers()
        if body and there:
            self.wfile.write(SCORES)

    def log_message(self, *args: object) -> None:
        """Stay quiet."""


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    ASKED.clear()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_PROGRESS_BARS", True)
    yield server
    server.shutdown()
    server.server_close()


def recipe(sha256: str | None) -> str:
    stated = "" if sha256 is None else f", sha256: '{sha256}'"
    return f"recipe: 1\nname: r\nmembers:\n  t: {{use: table, path: '{NAME}', space: prob{stated}}}\noutput: t\n"


def test_a_file_is_fetched_once_and_then_read_from_the_cache(hub: ThreadingHTTPServer, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    made = bk.run(parse_recipe(recipe(HASH), "r.yaml"), tmp_path / "data", tmp_path / "out")
    assert made.submission.read_text(encoding="utf-8").startswith("row_id,x,y\n")
    assert sum(a.startswith("GET") for a in ASKED) == 1
    hub.shutdown()
    hub.server_close()  # a machine without a network
    bk.run(parse_recipe(recipe(HASH), "r.yaml"), tmp_path / "data", tmp_path / "again")
    assert (tmp_path / "again/submission.csv").read_bytes() == (tmp_path / "out/submission.csv").read_bytes()


def test_another_file_than_the_one_that_is_meant_is_an_error(hub: ThreadingHTTPServer, tmp_path: Path) -> None:
    with pytest.raises(BlendkitError, match="is another file: expected 0000"):
        bk.run(parse_recipe(recipe("0" * 64), "r.yaml"), tmp_path, tmp_path / "out")


def test_nothing_is_fetched_without_its_hash(hub: ThreadingHTTPServer, tmp_path: Path) -> None:
    with pytest.raises(BlendkitError, match="state its `sha256:`"):
        bk.run(parse_recipe(recipe(None), "r.yaml"), tmp_path, tmp_path / "out")
    assert ASKED == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("hf://lab/frogs/scores.csv", "expected hf://ORG/REPO@REVISION/FILE"),
        ("hf://lab/frogs@v1/../other", "expected hf://ORG/REPO@REVISION/FILE"),
        ("hf://lab/frogs@v1/", "expected hf://ORG/REPO@REVISION/FILE"),
        ("hf://lab/frogs@v1/no.csv", "neither in the hub's cache nor could it be fetched"),
        ("hf://lab/toads@v2/no.csv", "neither in the hub's cache nor could it be fetched"),
    ],
)
def test_what_cannot_be_fetched_is_said_on_one_line(name: str, said: str, hub: ThreadingHTTPServer) -> None:
    with pytest.raises(BlendkitError) as caught:
        hub_file(name, hashed=True)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
