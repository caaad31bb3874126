"""Recordings and tables at addresses, from a server on this machine that may break connections."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest
from click.testing import CliRunner

import blendkit.remote
from blendkit.cli.top import cli
from blendkit.engine.local import RunResult
from blendkit.errors import BlendkitError
from blendkit.recipe.address_files import address_file
from blendkit.remote import RemoteError, RemoteFile, check_address, fetch, find_remote, is_remote
from blendkit.scoring import score

pytest.importorskip("fsspec")
pytest.importorskip("aiohttp")
Tones = Callable[..., Path]


class Server(SimpleHTTPRequestHandler):
    """Files of a folder. broken: names whose next so many answers end in the middle; asked: what was asked for."""

    broken: ClassVar[dict[str, int]] = {}
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        name = Path(self.path).name
        self.asked.append(name)
        if self.broken.get(name, 0) > 0:
            self.broken[name] -= 1
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            self.wfile.write(b"RIFF")
            return
        super().do_GET()

    def log_message(self, *args: object) -> None:
        """Stay quiet."""


class QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of connections that the other side breaks."""


@pytest.fixture
def folder(tones: Tones) -> Path:
    (tones({f"r{i}": 6.0 for i in range(4)}, "audio/site a") / "audio/empty.wav").touch()
    return tones({}) / "audio"


@pytest.fixture
def address(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(blendkit.remote, "_WAITS_S", (0.0, 0.0))
    monkeypatch.setenv("BLENDKIT_CACHE", str(tmp_path / "cache"))
    server = QuietServer(("127.0.0.1", 0), partial(Server, directory=str(folder)))
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    Server.broken.clear()
    Server.asked.clear()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def parts(store: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in store.glob("part-*")}


def test_recordings_at_an_address_are_scored_once(folder: Path, address: str, tmp_path: Path) -> None:
    status = score("tone", address, tmp_path / "far")
    assert [(r, s.status) for r, s in status.items()] == [(f"site a/r{i}", "padded") for i in range(4)]
    score("tone", folder, tmp_path / "near")
    assert parts(tmp_path / "far") == parts(tmp_path / "near")
    Server.asked.clear()
    assert score("tone", address, tmp_path / "far") == status
    assert not any(name.endswith(".wav") for name in Server.asked)  # what the server says of them is enough
    (folder / "site a/r2.wav").write_bytes((folder / "site a/r1.wav").read_bytes() + b"\0")
    score("tone", address, tmp_path / "far", replace=True)
    assert [name for name in Server.asked if name.endswith(".wav")] == ["r2.wav"]


def test_recordings_may_move_from_an_address_to_a_folder(address: str, folder: Path, tmp_path: Path) -> None:
    said: list[str] = []
    status = score("tone", address, tmp_path / "store")
    again = score("tone", folder, tmp_path / "store", emit=lambda n, p: said.extend(p["notes"] if n == "store" else ()))
    assert [s.status for s in again.values()] == [s.status for s in status.values()]
    assert not said  # no word of other audio


def test_few_recordings_are_fetched_ahead(address: str, folder: Path, tmp_path: Path) -> None:
    """No header says how long they are before they are here."""
    for i in range(80):
        (folder / f"site a/x{i:02}.wav").write_bytes((folder / "site a/r0.wav").read_bytes())
    fetched: list[int] = []

    def heard(name: str, told: dict[str, object]) -> None:
        if name == "scored":
            fetched.append(len({n for n in Server.asked if n.endswith(".wav")}))

    score("tone", address, tmp_path / "store", emit=heard)
    assert fetched[0] < 60 < fetched[-1]


def test_a_broken_connection_costs_one_recording(address: str, tmp_path: Path) -> None:
    Server.broken.update({"r1.wav": 99, "r2.wav": 1})  # for ever, and once
    status = score("tone", address, tmp_path / "store")
    assert [s.status for s in status.values()] == ["padded", "unreadable", "padded", "padded"]
    assert "could not be fetched: " in status["site a/r1"].note
    Server.broken.clear()
    Server.asked.clear()
    assert {s.status for s in score("tone", address, tmp_path / "store").values()} == {"padded"}
    assert [name for name in Server.asked if name.endswith(".wav")] == ["r1.wav"]


def test_a_file_that_is_replaced_meanwhile_is_not_taken(folder: Path, address: str, tmp_path: Path) -> None:
    (file,) = find_remote(f"{address}site%20a/r0.wav", [".wav"])
    assert (file.name, file.size) == ("r0.wav", (folder / "site a/r0.wav").stat().st_size)
    os.utime(folder / "site a/r0.wav", (0, 0))
    with pytest.raises(RemoteError, match="changed after it was listed"):
        fetch(file, tmp_path / "got")
    assert not (tmp_path / "got").exists()


def test_a_run_takes_its_table_and_its_audio_from_addresses(
    folder: Path, address: str, tmp_path: Path, run_text: Callable[..., RunResult]
) -> None:
    table = folder / "scores.csv"
    table.write_text("row_id,x,y\nr_5,0.1,0.9\nr_10,0.2,0.8\n", encoding="utf-8")
    known = hashlib.sha256(table.read_bytes()).hexdigest()
    text = (
        f"recipe: 1\nname: far\nmembers:\n  a: {{use: table, space: prob, path: '{address}scores.csv'%s}}\noutput: a\n"
    )
    for i in range(2):
        run_text(text % f", sha256: {known}", folder, tmp_path / f"out{i}")
    assert Server.asked.count("scores.csv") == 1
    with pytest.raises(BlendkitError, match="state its `sha256:`"):
        run_text(text % "", folder, tmp_path / "out")
    with pytest.raises(BlendkitError, match=f"expected {'a' * 64}, found {known}"):
        run_text(text % f", sha256: {'a' * 64}", folder, tmp_path / "out")
    heard = f"recipe: 1\nname: far\naudio: ['{address}']\nmembers:\n  a: {{use: tone}}\noutput: a\n"
    with pytest.raises(BlendkitError, match="--allow-outside permits it"):
        run_text(heard, folder, tmp_path / "out")
    result = run_text(heard, folder, tmp_path / "out", allow_outside=True)
    assert result.rows == 8


@pytest.mark.parametrize(
    ("url", "folder", "name", "below"),
    [
        ("https://host/site%20a/b%231.wav", "https://host/", "b#1.wav", "site a/b#1.wav"),
        ("s3://birds/site a/b#1?%20.wav", "s3://birds/site a", "b#1?%20.wav", "b#1?%20.wav"),
        ("gs://birds/x.wav", "gs://birds", "x.wav", "x.wav"),
        ("https://host/a%2F..%2Fx.wav", "https://host", "x.wav", "a/../x.wav"),
    ],
)
def test_names_are_read_as_their_place_writes_them(url: str, folder: str, name: str, below: str) -> None:
    file = RemoteFile(url, 1, "")
    assert (file.name, file.below(folder)) == (name, below)
    check_address(url)


def test_a_name_that_no_file_may_have_costs_one_recording(address: str, tmp_path: Path) -> None:
    for name in ("a\0.wav", "x" * 300 + ".wav"):
        with pytest.raises(RemoteError):
            fetch(RemoteFile(f"{address}site%20a/r0.wav", None, ""), tmp_path / name)


def test_what_is_wrong_with_an_address_is_said(address: str, tmp_path: Path) -> None:
    for bad in ("https://me:hunter2@host/a.wav", "https://host/a.wav?key=secret"):
        with pytest.raises(BlendkitError, match="AWS_ACCESS_KEY_ID") as caught:
            check_address(bad)
        assert not any(secret in str(caught.value) for secret in ("hunter2", "secret"))
    with pytest.raises(BlendkitError, match="ClientConnector"):
        score("tone", "http://127.0.0.1:1/a.wav", tmp_path / "store")
    with pytest.raises(BlendkitError, match="404"):
        score("tone", f"{address}none.wav", tmp_path / "store")
    with pytest.raises(BlendkitError, match="no audio files"):
        score("tone", f"{address}none/", tmp_path / "store")
    with pytest.raises(BlendkitError, match="neither in the cache"):
        address_file(f"{address}none.csv", {"0" * 64})
    assert not is_remote("C://x")
    done = CliRunner().invoke(cli, ["score", "tone", address, "--out", "s3://bucket/store"])
    assert "rclone" in done.output
