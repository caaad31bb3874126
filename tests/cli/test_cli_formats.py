from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

Many = Callable[..., list[subprocess.CompletedProcess[str]]]
DETECTIONS = (
    "Start (s),End (s),Scientific name,Common name,Confidence,File\n"
    "0.0,3.0,Ara ararauna,Macaw,0.5,/a/R1.wav\n3.0,6.0,Ara ararauna,Macaw,0.25,/a/R2.wav\n"
)
LABELS = "filename,start,end,primary_label\nR1.ogg,0,5,Ara ararauna\nR2.ogg,0,5,\n"


def test_formats(tmp_path: Path, many: Many) -> None:
    (tmp_path / "r.csv").write_text(DETECTIONS, encoding="utf-8")
    (tmp_path / "odd.csv").write_text("first,second\nx,0.5\n", encoding="utf-8")
    (tmp_path / "labels.csv").write_text(LABELS, encoding="utf-8")
    listed, shown, told, odd, evaluated, unknown = many(
        [
            (args, tmp_path)
            for args in (
                ("formats", "list", "--json"),
                ("formats", "show", "r.csv"),
                ("formats", "show", "r.csv", "--json"),
                ("formats", "show", "odd.csv"),
                ("eval", "r.csv", "--labels", "labels.csv", "--format", "birdnet-analyzer", "--json"),
                ("compare", "r.csv", "odd.csv", "--labels", "labels.csv", "--format", "raven-pro"),
            )
        ]
    )
    entries = [json.loads(line)["payload"] for line in listed.stdout.splitlines()]
    assert {"matrix", "birdnet-analyzer", "raven", "npy"} <= {e["name"] for e in entries}
    assert all(e["summary"] and e["space"] for e in entries)
    for part in ("birdnet-analyzer", "6: Start (s), End (s)", "2 detections", "2: R1, R2", "1: Ara ararauna", "prob"):
        assert part in shown.stdout
    assert json.loads(told.stdout)["payload"]["rows"] == 2
    assert odd.returncode == 2
    assert "no format fits this file" in odd.stderr
    # R1's first chunk holds 0.5 and is positive, R2's holds 0.25 and is negative
    assert json.loads(evaluated.stdout.splitlines()[-1])["payload"]["macro_auc"] == 1.0
    assert "unknown format 'raven-pro' (did you mean 'raven'?)" in unknown.stderr
