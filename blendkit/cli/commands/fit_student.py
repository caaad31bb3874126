"""`blendkit fit student`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from blendkit.cli._options import PATH, json_option
from blendkit.cli._show import event, teller


@click.command()
@click.argument("audio", nargs=-1, required=True, type=PATH)
@click.option("--teacher", required=True, help="Its scores of AUDIO: a store, FILE.npz:ARRAY, CSV, or a run's folder.")
@click.option("--space", type=click.Choice(["logit", "prob"]), help="What the scores are; a store holds logits.")
@click.option("--saw", type=PATH, help="A label file: what the teacher learned from.")
@click.option("--labels", type=PATH, help="Labels of some of AUDIO: learned too, stopped by and judged by.")
@click.option("--taxonomy", type=PATH, help="Further classes that labels may name.")
@click.option("--embedding", type=PATH, help="A feature store of the teacher's embeddings of AUDIO.")
@click.option("--embedding-name", default="embedding", show_default=True, help="Which feature of it.")
@click.option("--embedding-weight", default=0.5, show_default=True, type=click.FloatRange(0), help="Of 1 - cosine.")
@click.option("--temperature", default=2.0, show_default=True, type=click.FloatRange(0.1), help="Softens the teacher.")
@click.option(
    "--label-share", default=0.5, show_default=True, type=click.FloatRange(0, 1), help="Of the loss, where labelled."
)
@click.option("--width", default=1.0, show_default=True, type=click.FloatRange(0.25, 8), help="Scales the channels.")
@click.option("--epochs", default=30, show_default=True, type=click.IntRange(1))
@click.option("--patience", default=8, show_default=True, type=click.IntRange(1), help="Epochs without a gain.")
@click.option("--batch", default=32, show_default=True, type=click.IntRange(2))
@click.option("--rate", default=2e-3, show_default=True, type=click.FloatRange(1e-6, 1), help="Learning rate.")
@click.option("--mixup", default=0.2, show_default=True, type=click.FloatRange(0, 10), help="Its alpha; 0: none.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, or auto.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0))
@click.option("--out", required=True, type=PATH, help="Folder of student.onnx, its card and student.json.")
@json_option
def student(json_out: bool, **asked: Any) -> None:
    """Distil a teacher's scores of AUDIO into a small CNN that hears waves: a `sed` member with `mel: null`.

    It learns the teacher's softened probabilities, and labels where there are any. Whole recordings are kept apart to
    stop on and to judge on. Run again after an interruption: it goes on after the last epoch.
    """
    from blendkit.training import need_torch

    need_torch()
    from blendkit.training import distil, task_of

    with teller(json_out) as tell:
        told = distil(task_of(**asked), tell)
    if json_out:
        event("student", told)
        return
    _show(told, asked["out"])


def _show(told: dict[str, Any], out: Path) -> None:
    from blendkit.training import span

    rows, held = told["rows"], told["held_out"]
    click.echo(f"{told['parameters']:,} parameters; {rows['learn']} chunks, best epoch {told['best_epoch']}")
    click.echo(f"held-out recordings, {rows['judge']} chunks: rmse to the teacher's probabilities {held['rmse']:.4f}")
    if "student" in held:
        click.echo(
            f"macro-AUC {span(held['student'])}; teacher {span(held['teacher'])}; less {span(held['gain'], '+')}"
        )
    click.echo(f"torch and ONNX differ by {told['onnx_difference']:.1e}")
    click.echo(f"wrote {out}: student.onnx, card.md, student.json")
