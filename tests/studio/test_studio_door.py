"""Who may come in: the token, the name of this machine, and files below the audio folder alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from blendkit.cli.top import cli
from blendkit.errors import BlendkitError
from blendkit.studio.clip_sound import OutsideFolderError, find_clip_sounds
from blendkit.studio.opened_studio import Studio
from blendkit.studio.serving import Serving
from tests.studio.studio_world import HERE, PORT, TOKEN, live

RECORDING = "X_Test_0001_S01_20250101_040000"
SPAN = {"recording": RECORDING, "start": 0, "end": 5}


@pytest.mark.parametrize(
    "path", ["/", "/wrong/", f"/{TOKEN[:-1]}/", "/ask/about", f"//{TOKEN}/", f"/{TOKEN}x/ask/about", "/é/"]
)
def test_without_the_token_there_is_nothing(client: Any, path: str) -> None:
    answer = client.get(f"http://{HERE}{path}")
    assert answer.status_code == 403
    assert "token" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": f"evil.example:{PORT}"},
        {"host": "127.0.0.1:1"},
        {"origin": "http://evil.example"},
    ],
    ids=str,
)
def test_other_names_and_other_pages_are_refused(client: Any, headers: dict[str, str]) -> None:
    assert client.get("ask/about", headers=headers).status_code == 403
    with (
        pytest.raises(Exception, match=r"(?s).*") as refused,
        client.websocket_connect(f"ws://{HERE}/{TOKEN}/live", headers=headers),
    ):
        pass
    assert type(refused.value).__name__ == "WebSocketDisconnect"


@pytest.mark.parametrize("headers", [{"host": f"localhost:{PORT}"}, {"origin": f"http://{HERE}"}], ids=str)
def test_this_machine_is_let_in_and_nothing_foreign_may_run(client: Any, headers: dict[str, str]) -> None:
    answer = client.get("", headers=headers)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert "http" not in answer.text.replace("http-equiv", "")


def test_the_channel_needs_the_token_too(client: Any) -> None:
    with pytest.raises(Exception, match=r"(?s).*") as refused, client.websocket_connect(f"ws://{HERE}/wrong/live"):
        pass
    assert type(refused.value).__name__ == "WebSocketDisconnect"
    with live(client) as channel:
        channel.send_json({"kind": "figures", "id": 1, "values": {}})
        assert channel.receive_json()["id"] == 1


@pytest.mark.parametrize(
    "name", ["../trio", "../../etc/passwd", "/etc/passwd", f"{RECORDING}/../../trio.yaml", "X_Test_0005", ""]
)
def test_no_path_leads_out_of_the_audio_folder(client: Any, name: str) -> None:
    for kind in ("sound", "picture"):
        answer = client.get(kind, params={**SPAN, "recording": name})
        assert answer.status_code == 404
        assert "no audio of" in answer.text


@pytest.mark.parametrize(
    "path", ["page/..%2f__init__.py", "page/%2e%2e/%2e%2e/errors.py", "page/nothing.js", "etc/passwd"]
)
def test_no_file_but_those_of_the_page_is_served(client: Any, path: str) -> None:
    assert client.get(path).status_code == 404


def test_links_out_of_the_folder_are_refused_also_later(tmp_path: Path, world: Path) -> None:
    folder, outside = tmp_path / "audio", world / "audio" / f"{RECORDING}.wav"
    folder.mkdir()
    (folder / f"{RECORDING}.wav").symlink_to(outside)
    clips = find_clip_sounds(folder, [RECORDING], tmp_path)
    assert clips.outside == (RECORDING,)
    with pytest.raises(OutsideFolderError, match="lies outside"):
        clips.wav(RECORDING, 0, 5)
    (folder / f"{RECORDING}.wav").unlink()
    (folder / f"{RECORDING}.wav").write_bytes(outside.read_bytes())
    kept = find_clip_sounds(folder, [RECORDING], tmp_path)
    assert kept.outside == ()
    (folder / f"{RECORDING}.wav").unlink()
    (folder / f"{RECORDING}.wav").symlink_to(outside)
    with pytest.raises(OutsideFolderError, match="lies outside"):
        kept.wav(RECORDING, 0, 5)


def test_clips_begin_and_end_without_a_click(tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    soundfile.write(tmp_path / "audio" / "r.wav", np.full(8000, 0.25), 8000)
    clips = find_clip_sounds(tmp_path / "audio", ["r"], tmp_path)
    found, _ = soundfile.read(clips.wav("r", 0.25, 0.75))
    assert found[[0, -1]].tolist() == [0, 0]
    assert (np.diff(found[:40]) > 0).all()  # 5 ms
    assert found[40:-40] == pytest.approx(0.9, abs=1e-4)
    assert clips.samples("r", 0.25, 0.75)[0].tolist() == [0.25] * 4000  # the picture's stay


def test_sound_is_served_in_ranges(client: Any, studio: Studio) -> None:
    whole = client.get("sound", params=SPAN)
    assert (whole.status_code, len(whole.content)) == (200, 44 + 2 * 5 * 8000)
    assert whole.headers["accept-ranges"] == "bytes"
    part = client.get("sound", params=SPAN, headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert client.get("sound", params=SPAN, headers={"range": "bytes=999999-"}).status_code == 416
    for bad in ({"start": 5, "end": 5}, {"start": -1, "end": 5}, {"start": 0, "end": 1e9}, {"start": 600, "end": 605}):
        assert client.get("sound", params={**SPAN, **bad}).status_code == 404
    assert client.get("sound", params={**SPAN, "start": "nan"}).status_code == 400
    assert client.get("sound").status_code == 400


def test_a_port_that_is_taken_is_said() -> None:
    first = Serving.take()
    with first.socket:
        with pytest.raises(BlendkitError, match=f"port {first.port} of this machine cannot be used"):
            Serving.take(first.port)
        assert first.url.startswith(f"http://127.0.0.1:{first.port}/")
    assert len(first.token) >= 32


def test_the_command_serves_what_it_opened(world: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    served: list[Studio] = []

    def serve(opened: Studio, place: Serving, started: Any) -> None:
        served.append(opened)
        started(place.url)
        place.socket.close()

    monkeypatch.setattr("blendkit.studio.serving.serve_studio", serve)
    monkeypatch.setattr("blendkit.studio.serve_studio", serve, raising=False)
    monkeypatch.chdir(tmp_path)
    source = f"{world / 'oof.npz'}:cnn"
    done = CliRunner().invoke(cli, ["studio", source, "--no-browser", "--answers", "mine"], catch_exceptions=False)
    assert done.exit_code == 0
    assert "studio at http://127.0.0.1:" in done.output
    (opened,) = served
    assert opened.live is None
    assert "open the recipe" in opened.no_blend
    wrong = CliRunner().invoke(
        cli, ["studio", str(world / "trio.yaml"), "--audio", str(world / "none"), "--no-browser"]
    )
    assert isinstance(wrong.exception, BlendkitError)
    assert "--audio: there is no file 'none'" in str(wrong.exception)
