"""Which commands a fit's card points to."""

from __future__ import annotations

from pathlib import Path

from blendkit.training.jobs.next_commands import next_commands
from blendkit.training.jobs.requests import HeadRequest, TrainingRows

OUT = Path("my heads/one")


def test_the_commands_hold_the_settings_of_the_features() -> None:
    request = HeadRequest(OUT, TrainingRows(soundscapes=Path("s"), labels=Path("l.csv")))
    facts = {"use": "perch", "params": {"normalise": "peak", "batch": 16, "model": {"sha256": "0"}}}
    assert next_commands(request, facts, judged=True) == [
        "blendkit score perch-seqhead RECORDINGS --set 'head=my heads/one/head.onnx' --set backbone=BACKBONE "
        "--set normalise=peak --out LOGITS",
        "blendkit eval 'my heads/one/oof.npz:logits' --labels l.csv",
    ]


def test_what_is_not_known_has_no_command() -> None:
    assert next_commands(HeadRequest(OUT), {"use": "onnx", "params": {}}, judged=True) == []
    assert next_commands(HeadRequest(OUT), {}, judged=True) == []


def test_an_empty_table_has_no_figure_to_ask_for() -> None:
    request = HeadRequest(OUT, TrainingRows(soundscapes=Path("s"), labels=Path("l.csv")))
    assert next_commands(request, {"use": "onnx", "params": {}}, judged=False) == []
