"""`blendkit fit student`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from blendkit.cli._given_paths import PATH
from blendkit.cli._options import CHUNK_LENGTH, OUT_FOLDER, PLACE, Number, bundle, json_option, setting
from blendkit.cli._show import event, progress_emitter
from blendkit.training import STUDENT_SCHEDULE, Distil, Picture, WaveChanges


def _made(embedding_weight: float, label_share: float, **own: Any) -> Distil:
    schedule = replace(STUDENT_SCHEDULE, **{k: own.pop(k) for k in ("epochs", "patience", "batch", "rate", "mixup")})
    return Distil(schedule=schedule, embedding=embedding_weight, labels=label_share, **own)


_distil = bundle(
    "distil",
    (
        "embedding_weight", "loss", "rank_map", "temperature", "label_share", "size", "width", "epochs", "patience",
        "batch", "rate", "mixup", "device", "seed",
    ),
    _made,
    setting("--embedding-weight", Distil.embedding, Number(0), "Weight of the embeddings' cosine distance."),
    click.option(
        "--loss",
        type=click.Choice(["bce", "listwise", "pairwise"]),
        help="What is learned: probabilities (bce), or the order within a class over a batch, as a list or in pairs "
        "(default: bce; for a teacher of ranks listwise).",
    ),
    click.option(
        "--rank-map", type=click.Choice(["normal"]), help="Make logits of a teacher's ranks: their normal scores."
    ),
    click.option(
        "--temperature",
        type=Number(0.01),
        help="Temperature of the teacher (default: 2, which softens probabilities; for listwise 0.1).",
    ),
    setting("--label-share", Distil.labels, Number(0, 1), "Share of labels in a labelled chunk's loss."),
    setting(
        "--size",
        Distil.size,
        click.Choice(["small", "b0"]),
        "Size of the network: small (0.2 million parameters), or that of EfficientNet-B0 (4 million), untrained.",
    ),
    setting("--width", Distil.width, Number(0.25, 8), "Factor for the number of channels."),
    setting("--epochs", STUDENT_SCHEDULE.epochs, click.IntRange(1), "Most epochs to train."),
    setting("--patience", STUDENT_SCHEDULE.patience, click.IntRange(1), "Epochs without a gain before training stops."),
    setting("--batch", STUDENT_SCHEDULE.batch, click.IntRange(2), "Number of chunks in a batch."),
    setting("--rate", STUDENT_SCHEDULE.rate, Number(1e-6, 1), "Learning rate."),
    setting("--mixup", STUDENT_SCHEDULE.mixup, Number(0, 10), "Alpha of mixup; 0 turns mixup off."),
    setting("--device", Distil.device, str, "Device to train on: cpu, cuda, or auto."),
    setting("--seed", Distil.seed, click.IntRange(0), "Seed of every random draw."),
)  # fmt: skip


class _Decibels(click.ParamType):  # type: ignore[type-arg]
    """Two levels in dB, the lower first."""

    name = "LOW:HIGH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return both as numbers."""
        if isinstance(value, tuple):
            return value
        try:
            low, high = (float(v) for v in str(value).split(":"))
        except ValueError:
            self.fail(f"expected two numbers of dB, as in -20:0; got {value!r}", param, ctx)
        if not -200 <= low <= high <= 200:
            self.fail(f"expected the lower level first, both within 200 dB of 0; got {value!r}", param, ctx)
        return low, high


_waves = bundle(
    "waves",
    ("mix_db", "gain_db", "shift_s"),
    WaveChanges,
    click.option(
        "--mix-db",
        type=_Decibels(),
        help="Level of the background relative to the chunk's own in dB, drawn evenly (default: -20:0).",
    ),
    click.option("--gain-db", type=_Decibels(), help="Change of every chunk's level in dB, drawn evenly."),
    setting("--shift-s", WaveChanges.shift_s, Number(0, 3600), "Most seconds to move a chunk in a circle."),
)
_picture = bundle(
    "picture",
    ("sample_rate", "n_fft", "hop", "mels", "fmin", "fmax"),
    lambda sample_rate, fmax, **own: Picture(
        rate=sample_rate, fmax=min(Picture.fmax, sample_rate / 2) if fmax is None else fmax, **own
    ),
    setting("--sample-rate", Picture.rate, click.IntRange(1000, 500_000), "Rate of the student's input in Hz."),
    setting("--n-fft", Picture.n_fft, click.IntRange(16, 65536), "Samples of a window of its spectrogram."),
    setting("--hop", Picture.hop, click.IntRange(1, 65536), "Samples from one window to the next."),
    setting("--mels", Picture.mels, click.IntRange(8, 1024), "Number of mel bands."),
    setting("--fmin", Picture.fmin, Number(0), "Lowest frequency of the bands in Hz."),
    click.option(
        "--fmax",
        type=Number(0),
        help=f"Highest frequency of the bands in Hz, up to half the rate (default: {Picture.fmax:g}, or that half).",
    ),
)


@click.command()
@click.argument("audio", nargs=-1, required=True, type=PLACE)
@click.option(
    "--teacher", required=True, help="The teacher's scores of AUDIO: a store, FILE.npz:ARRAY, a CSV, or a run's folder."
)
@click.option(
    "--space",
    type=click.Choice(["logit", "prob", "rank"]),
    help="Space of the teacher's scores (a store always holds logits).",
)
@click.option("--saw", type=PATH, help="File of labels that the teacher was also trained on; with it, all is known.")
@click.option(
    "--labels",
    type=PATH,
    help="Labels of some of AUDIO, in any form `eval` takes, used to train, to stop and to judge.",
)
@click.option("--taxonomy", type=PATH, help="Taxonomy of further classes that the labels may name.")
@click.option("--embedding", type=PATH, help="Feature store of the teacher's embeddings of AUDIO.")
@click.option(
    "--embedding-name", default="embedding", show_default=True, help="Name of the feature in the --embedding store."
)
@click.option(
    "--chunk-s",
    type=CHUNK_LENGTH,
    help="Length of a chunk in seconds (default: as the teacher's store or run states it, else 5).",
)
@click.option(
    "--background", type=PATH, help="Folder of recordings to mix into half of the chunks; held-out ones are left out."
)
@_waves
@_distil
@_picture
@click.option(
    "--out", required=True, type=OUT_FOLDER, help="Folder to write student.onnx, its card and student.json to."
)
@json_option
def student(json_out: bool, distil: Distil, picture: Picture, waves: WaveChanges, **asked: Any) -> None:
    """Distil a teacher's scores of AUDIO into a small CNN of raw audio: a `sed` member with `mel: null`.

    The student learns the teacher's softened probabilities, or the order of its ranks, and labels where there are any.
    Whole recordings are held out to stop on and to judge on. After an interruption, run the command again: it goes on
    after the last epoch.
    """
    from blendkit import training

    training.need_torch()
    request = training.StudentRequest(how=replace(distil, picture=picture, waves=waves), **asked)
    with progress_emitter(json_out) as emit:
        made = training.fit_student_of(request, emit)
    if json_out:
        event("student", made)
        return
    _show(made, request.out)


def _show(report: dict[str, Any], out: Path) -> None:
    from blendkit.training import background_note, class_notes, nearness, span

    rows, held = report["rows"], report["held_out"]
    click.echo(f"{report['parameters']:,} parameters; {rows['learn']} chunks, best epoch {report['best_epoch']}")
    for note in class_notes(report["not_taught"]):
        click.echo(note)
    click.echo(f"{rows['judge']} chunks: {nearness(held)}")
    if "student" in held:
        click.echo(
            f"macro-AUC {span(held['student'])}; teacher {span(held['teacher'])}; less {span(held['gain'], '+')}"
        )
        for note in held["notes"]:
            click.echo(note)
    if report["background"]:
        click.echo(background_note(report["background"]))
    click.echo(f"torch and ONNX differ by {report['onnx_difference']:.1e}")
    click.echo(f"wrote {out}: student.onnx, card.md, student.json")
