"""`blendkit probe`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._completion import complete_members
from blendkit.cli._given_paths import PATH
from blendkit.cli._machine_options import machine
from blendkit.cli._options import OUT_FOLDER, bundle, json_option, lazy, settings_option
from blendkit.cli._show import event, print_table, progress_emitter
from blendkit.errors import counted, shorten

if TYPE_CHECKING:
    from blendkit.metrics import Probe
    from blendkit.scoring import Runtime
    from blendkit.training import ClipDraw, ProbedBlocks, Voting


_DRAW = bundle(
    "draw",
    ("group", "classes", "per_class", "repeats", "seed"),
    lazy("blendkit.training:ClipDraw"),
    click.option(
        "--group",
        metavar="REGEX",
        help="Pattern whose first parenthesis names a file's group; clips of one group do not vote on each other.",
    ),
    click.option("--classes", default=30, show_default=True, type=click.IntRange(2), help="Number of classes to draw."),
    click.option(
        "--per-class",
        default=20,
        show_default=True,
        type=click.IntRange(2),
        help="Number of clips to draw of each class.",
    ),
    click.option(
        "--repeats",
        default=1,
        show_default=True,
        type=click.IntRange(1),
        help="Number of draws, each with its own seed.",
    ),
    click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of every random draw."),
)
_VOTING = bundle(
    "voting",
    ("k", "metric"),
    lazy("blendkit.training:Voting"),
    click.option("--k", default=5, show_default=True, type=click.IntRange(1), help="Number of neighbours that vote."),
    click.option(
        "--metric",
        default="cosine",
        show_default=True,
        type=click.Choice(["cosine", "euclidean"]),
        help="Distance that decides which clips are neighbours.",
    ),
)


@click.command()
@click.argument("member", shell_complete=complete_members)
@click.argument("clips", type=PATH)
@click.option(
    "--out",
    default=Path("out/probe"),
    show_default=True,
    type=OUT_FOLDER,
    help="Folder to write features and results to.",
)
@settings_option
@click.option(
    "--features",
    multiple=True,
    metavar="NAME",
    help="Feature to probe: embedding, a block (default: both), or any tensor of an ONNX graph by its name; NAME@K "
    "says that its axis K (0: the batch) holds the channels. May be repeated.",
)
@_DRAW
@_VOTING
@click.option(
    "--plot",
    type=click.Choice(["png", "svg"]),
    help="Format of pictures to draw: the ranking, and the clips of each block.",
)
@click.option(
    "--layout",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "umap", "tsne", "pca"]),
    help="How --plot lays clips out; auto: UMAP where umap-learn is installed, else t-SNE.",
)
@machine
@json_option
def probe(
    member: str,
    clips: Path,
    out: Path,
    settings: tuple[str, ...],
    features: tuple[str, ...],
    draw: ClipDraw,
    voting: Voting,
    plot: str | None,
    layout: Any,
    runtime: Runtime,
    json_out: bool,
) -> None:
    """Rank the blocks of MEMBER by how well nearest neighbours name the class of CLIPS, before any training.

    CLIPS has one folder of audio per class. Without --group a clip may vote on all clips but itself: if several
    are cut from one source, the figures are too high. Features are saved in OUT/features and reused.
    """
    from blendkit import training

    if plot:
        _require_drawing()
    with progress_emitter(json_out) as emit:
        found = training.probe_member(
            member,
            clips,
            out,
            features=features,
            draw=draw,
            voting=voting,
            settings=settings,
            runtime=runtime,
            emit=emit,
        )
    if plot:
        _plot(found, out, plot, layout)
    if json_out:
        event("probe", found.summary)
        return
    _show(found.draws, draw.group, found.summary["weights"])
    if twins := found.summary["copies"]:
        named = shorten(f"{r} ({first})" for r, first in twins.items())
        who = counted(len(twins), "clip is a copy or cut of another", "clips are copies or cuts of others")
        click.echo(f"note: {who}, and copies do not vote on each other: {named}")
    click.echo(f"wrote {out / 'probe.json'}" + (f", ranking.{plot} and clips.{plot}" if plot else ""))


def _require_drawing() -> None:
    from blendkit.figures import require_drawing

    require_drawing()


def _plot(found: ProbedBlocks, out: Path, suffix: str, layout: Any) -> None:
    from blendkit.figures import best_layout, clip_pictures, ranking_chart

    ranking_chart(found.draws[0].features, out / f"ranking.{suffix}")
    clip_pictures(found.features, found.labels, out / f"clips.{suffix}", best_layout() if layout == "auto" else layout)


def _show(rounds: Sequence[Probe], group: str | None, weights: dict[str, float]) -> None:
    first = rounds[0]
    excluded = f"groups by {group!r}" if group else "each clip left out alone"
    click.echo(f"{len(first.labels)} clips of {len(set(first.labels))} classes; {excluded}")
    rows = []
    for p in first.features:
        gain, low, high = first.gains[p.name]
        row: list[object] = [p.name, p.width, f"{p.top_one:.3f}", f"[{p.low:.3f}, {p.high:.3f}]"]
        row += [f"{p.silhouette:+.3f}", "" if p.name == first.against else f"{gain:+.3f} [{low:+.3f}, {high:+.3f}]"]
        if len(rounds) > 1:
            seen = [q.top_one for r in rounds for q in r.features if q.name == p.name]
            row.append(f"{min(seen):.3f} to {max(seen):.3f}")
        rows.append(row)
    header = ["feature", "width", "top-1", "95 %", "silhouette", f"gain over {first.against}"]
    print_table("", header + (["over the draws"] if len(rounds) > 1 else []), rows)
    shares = ", ".join(f"{n} {w:.2f}" for n, w in weights.items())
    click.echo(f"to start a scalar mix with: {shares}")
    best, (gain, low, high) = first.features[0], first.gains[first.features[0].name]
    if best.name != first.against:
        caveat = "" if low > 0 else ": not separable on these clips"
        click.echo(f"{best.name} less {first.against}: {gain:+.3f} [{low:+.3f}, {high:+.3f}]{caveat}")
