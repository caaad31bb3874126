"""A folder of bad and odd files beside seven good ones: the good ones do not notice, and every other has its reason."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

import blendkit.audio.prepare
from blendkit.audio.decoded import Decoded
from blendkit.audio.decoding import decode
from blendkit.cli.top import cli
from blendkit.core.names import NameRule
from blendkit.scoring.standalone import one_member, score_audio
from blendkit.store.logits import LogitStore

RATE = 8000
SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".aiff", ".au", ".caf", ".w64", ".opus", ".m4a", ".wma", ".wv", ".aac")
HEADERS = (b"", b"RIFF\xff\xff\xff\xffWAVEfmt ", b"fLaC\0\0\0\x22", b"OggS\0\x02", b"ID3\x04\0\0\x7f\x7f\x7f\x7f")
HEADERS += (
    b"\xff\xfb\x90\0",
    b"\0\0\0\x20ftypM4A ",
    b"wvpk",
    b"\x30\x26\xb2\x75",
    b".snd\0\0\0\x18",
    b"FORM\0\0\0\0AIFF",
)


def sound(seconds: float = 12.0, channels: int = 1, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (round(seconds * RATE), channels)).astype(np.float32)


def encoded(samples: np.ndarray, kind: str, subtype: str | None = None) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, RATE, format=kind, subtype=subtype)
    return buffer.getvalue()


def patched(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


KINDS = {"wav": ("WAV", "PCM_16"), "flac": ("FLAC", None), "ogg": ("OGG", None), "mp3": ("MP3", None)}
WHOLE = {suffix: encoded(sound(), *kind) for suffix, kind in KINDS.items()}
GOOD = {
    "g1.wav": WHOLE["wav"],
    "g2.flac": WHOLE["flac"],
    "g3.ogg": WHOLE["ogg"],
    "g4.mp3": WHOLE["mp3"],
    "deep/g5.aiff": encoded(sound(seed=5), "AIFF", "PCM_24"),
    "g6.wav": encoded(sound(channels=2, seed=6), "WAV", "FLOAT"),
    "g7.au": encoded(sound(seed=7), "AU", "PCM_16"),
}


def bad_files() -> Iterator[tuple[str, bytes]]:
    """Yield the path and the bytes of more than a hundred files that something is wrong with."""
    rng = np.random.default_rng(1)
    wav, ogg, flac = WHOLE["wav"], WHOLE["ogg"], WHOLE["flac"]
    for suffix, data in WHOLE.items():
        for share in (0.001, 0.03, 0.5, 0.97):
            yield f"cut{share}_{suffix}.{suffix}", data[: max(5, int(share * len(data)))]
        for k in range(8):  # bits that flipped anywhere
            flipped = bytearray(data)
            for at in rng.integers(0, len(data), 30):
                flipped[at] ^= 1 << int(rng.integers(8))
            yield f"flipped{k}_{suffix}.{suffix}", bytes(flipped)
        yield f"header_flipped_{suffix}.{suffix}", bytes(b ^ 0x55 for b in data[:60]) + data[60:]
    for suffix in SUFFIXES:
        yield f"random_{suffix[1:]}{suffix}", rng.bytes(30_000)
        yield f"text_{suffix[1:]}{suffix}", b"<html>404: not found</html>\n" * 900
    for k, head in enumerate(HEADERS):
        yield f"only_header{k}{SUFFIXES[k]}", head + bytes(500)
    for name in ("._x.wav", ".hidden.ogg", ".Trash/t.wav", "@eaDir/e.wav", "__MACOSX/m.wav", "$RECYCLE.BIN/r.wav"):
        yield name, wav
    for suffix in (".wav", ".mp3", ".ogg", ".m4a"):
        yield f"nothing{suffix}", b""
    yield "gsm.wav", patched(wav, 20, b"\x31\0")  # says GSM 6.10, and is not
    yield "format.wav", patched(wav, 20, b"\xee\xee")
    yield "rate.wav", patched(wav, 24, (2**31).to_bytes(4, "little"))
    yield "slow.wav", patched(wav, 24, (1).to_bytes(4, "little"))
    yield "channels.wav", patched(wav, 22, b"\xff\xff")
    yield "frames.wav", patched(wav, 40, (2**32 - 1).to_bytes(4, "little"))
    yield "frames_flac.flac", patched(flac, 21, b"\xff\xff\xff\xff\xff")
    yield "holed.ogg", ogg[: len(ogg) // 2] + ogg[len(ogg) // 2 + 9000 :]
    yield "zeroed.ogg", patched(ogg, len(ogg) // 2, bytes(9000))
    yield "tail.ogg", ogg[9000:]
    yield "nan.wav", encoded(np.full((9 * RATE, 1), np.nan, np.float32), "WAV", "FLOAT")
    yield "inf.wav", encoded(np.full((9 * RATE, 2), np.inf, np.float32), "WAV", "FLOAT")
    yield "huge.wav", encoded(np.full((9 * RATE, 2), 1e38, np.float32), "WAV", "FLOAT")
    yield "huge_double.wav", encoded(np.full((9 * RATE, 1), 1e300), "WAV", "DOUBLE")
    yield "g2.aiff", rng.bytes(500)  # the ids of good ones, before and after these
    yield "g2.mp3", rng.bytes(500)
    yield "twice.ogg", ogg
    yield "twice.wav", wav
    yield "short.wav", encoded(sound(0.3), "WAV", "PCM_16")
    yield "zip.wav", b"PK\x03\x04" + rng.bytes(900)
    yield "picture.mp3", b"\x89PNG\r\n\x1a\n" + rng.bytes(900)
    yield "pointer.flac", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def odd_entries(folder: Path) -> list[str]:
    """Make what is no plain file, or has no plain name; return how the names are shown."""
    (folder / "nowhere.wav").symlink_to(folder / "gone.wav")
    (folder / "loop.wav").symlink_to(folder / "loop.wav")
    (folder / "folder.wav").mkdir()
    os.mkfifo(folder / "pipe.wav")
    (Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.wav"))).write_bytes(b"no audio")
    shown = ["nowhere.wav", "loop.wav", "folder.wav", "pipe.wav", "caf%E9"]
    if os.geteuid() != 0:  # root may read everything
        (folder / "locked.wav").write_bytes(WHOLE["wav"])
        (folder / "locked.wav").chmod(0)
        shown.append("locked")
    return shown


def scored(folder: Path, store: Path, *more: str) -> tuple[int, dict[str, tuple[str, str]], list[str]]:
    """Score a folder as a user does; return the exit code, each recording's status and note, and what is left out."""
    done = CliRunner().invoke(cli, ["score", "tone", str(folder), "--out", str(store), "--json", *more])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    events = [json.loads(line) for line in done.stdout.splitlines()]
    states = {e["payload"]["recording"]: e["payload"] for e in events if e["event"] == "recording"}
    out = [f for e in events if e["event"] == "left_out" for f in e["payload"]["files"]]
    return done.exit_code, {r: (p["status"], p["note"]) for r, p in states.items()}, out


@pytest.mark.slow
def test_good_files_do_not_notice_bad_ones(tmp_path: Path) -> None:
    bad = dict(bad_files())
    alone, crowd = write(tmp_path / "alone", GOOD), write(tmp_path / "crowd", {**bad, **GOOD})
    shown = odd_entries(crowd)
    assert len(bad) + len(shown) > 115
    code, states, left_out = scored(crowd, tmp_path / "crowd_store")
    assert code == 0
    assert scored(crowd, tmp_path / "crowd_store", "--strict")[0] == 1
    assert scored(alone, tmp_path / "store", "--strict")[0] == 0

    good = [name.rpartition(".")[0] for name in GOOD]
    assert [states[r] for r in good] == [("padded", "2 channels averaged" if r == "g6" else "") for r in good]
    mine, theirs = (
        LogitStore.open(tmp_path / s).read(NameRule(), good).values.tobytes() for s in ("store", "crowd_store")
    )
    assert mine == theirs

    named = [text.partition(": ")[0] for text in left_out]
    assert all(text.partition(": ")[2] for text in left_out)
    for name in [*bad, *shown]:
        found = next((r for r in (name, name.rpartition(".")[0]) if r in states), None)
        assert (found is None) == (name in named), f"{name} is named nowhere, or twice"
        if found is not None:
            status, note = states[found]
            assert note or status in ("ok", "padded"), f"{name}: {status} without a reason"
    refused = [n for n in bad if n.startswith(("random", "text", "only_header", "zip", "picture", "pointer"))]
    assert {states.get(n, states.get(n.rpartition(".")[0], ("",)))[0] for n in refused} <= {"unreadable", "empty"}


def test_a_file_may_vanish_between_listing_and_decoding(tmp_path: Path) -> None:
    write(tmp_path / "a", dict.fromkeys(("r1.wav", "r2.wav"), WHOLE["wav"]))
    scorer = one_member("tone", [tmp_path / "a"])
    (tmp_path / "a/r1.wav").unlink()
    found = score_audio(scorer, tmp_path / "store")
    assert {r: s.status for r, s in found.items()} == {"r1": "unreadable", "r2": "padded"}
    assert "No such file" in found["r1"].note or "System error" in found["r1"].note
    write(tmp_path / "a", {"r1.wav": WHOLE["wav"]})  # it is back: the next run scores it
    assert score_audio(one_member("tone", [tmp_path / "a"]), tmp_path / "store")["r1"].status == "padded"


def test_a_file_may_vanish_after_it_was_hashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a", dict.fromkeys(("r1.wav", "r2.wav"), WHOLE["wav"]))

    def late(path: Path, *more: Any) -> Decoded:
        path.unlink()
        return decode(path, *more)

    with monkeypatch.context() as patch:
        patch.setattr(blendkit.audio.prepare, "decode", late)
        found = score_audio(one_member("tone", [tmp_path / "a"]), tmp_path / "store")
    assert {s.status for s in found.values()} == {"unreadable"}
    write(tmp_path / "a", dict.fromkeys(("r1.wav", "r2.wav"), WHOLE["wav"]))
    again = score_audio(one_member("tone", [tmp_path / "a"]), tmp_path / "store")
    assert {s.status for s in again.values()} == {"padded"}


def test_huge_claims_of_a_header_cost_no_memory(tmp_path: Path) -> None:
    for name, data in bad_files():
        if name in ("rate.wav", "frames.wav", "frames_flac.flac", "channels.wav"):
            write(tmp_path, {name: data})
            assert decode(tmp_path / name).duration_s <= 12
