"""`blendkit probe`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._options import how_of, json_option, machine
from blendkit.cli._show import event, table, teller

if TYPE_CHECKING:
    from blendkit.metrics import Probe

PATH: Any = click.Path(path_type=Path)


@click.command()
@click.argument("member")
@click.argument("clips", type=PATH)
@click.option("--out", default=Path("out/probe"), show_default=True, type=PATH, help="Folder of features and results.")
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="A parameter of the member, as in model=m.onnx."
)
@click.option(
    "--features", multiple=True, help="What is probed (default: all blocks, and the embedding if there is one)."
)
@click.option("--group", metavar="REGEX", help="What must not vote on itself: the first parenthesis, in file names.")
@click.option("--classes", default=30, show_default=True, type=click.IntRange(2), help="Classes to draw.")
@click.option("--per-class", default=20, show_default=True, type=click.IntRange(2), help="Clips to draw of each.")
@click.option("--k", default=5, show_default=True, type=click.IntRange(1), help="Neighbours that vote.")
@click.option("--metric", default="cosine", show_default=True, type=click.Choice(["cosine", "euclidean"]))
@click.option("--repeats", default=1, show_default=True, type=click.IntRange(1), help="Draw again, with further seeds.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of all that is drawn.")
@click.option("--plot", type=click.Choice(["png", "svg"]), help="Draw the ranking, and the clips per block.")
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
    group: str | None,
    classes: int,
    per_class: int,
    k: int,
    metric: Any,
    repeats: int,
    seed: int,
    plot: str | None,
    layout: Any,
    provider: str,
    allow_code: bool,
    json_out: bool,
) -> None:
    """Rank the blocks of MEMBER by how well nearest neighbours name the class of CLIPS, before any training.

    CLIPS has one folder of audio per class. Without --group a clip only never votes on itself: if several
    clips are cut from one source, the figures flatter. Features are kept in OUT/features and never made twice.
    """
    from blendkit.metrics import probe as probe_features
    from blendkit.scoring import one_member
    from blendkit.store import write_json
    from blendkit.training import clip_features, find_clips, sample_clips

    every = find_clips(clips, group)
    scorer = one_member(member, [clips], settings=settings, how=how_of(provider, allow_code))
    rounds: list[Probe] = []
    with teller(json_out) as tell:
        for r in range(repeats):
            drawn = sample_clips(every, classes, per_class, seed + r)
            made, heard = clip_features(scorer, drawn, features, out / "features", tell=tell)
            rounds.append(probe_features(made, heard.labels, heard.groups, k=k, metric=metric, seed=seed))
            if plot and r == 0:
                _plot(rounds[0], made, heard.labels, out, plot, layout)
    counts = {"clips": len(rounds[0].labels), "classes": len(set(rounds[0].labels))}
    result = {**counts, "k": k, "metric": metric, "group": group, "seed": seed, **_result(rounds)}
    write_json(out / "probe.json", result, sort=False)
    if json_out:
        event("probe", result)
        return
    _show(rounds, group, result["weights"])
    click.echo(f"wrote {out / 'probe.json'}" + (f", ranking.{plot} and clips.{plot}" if plot else ""))


def _result(rounds: list[Probe]) -> dict[str, Any]:
    """What probe.json says beside the settings."""
    from blendkit.metrics import initial_weights

    first = rounds[0]
    blocks = [p for p in first.features if p.name != "embedding"]
    return {
        "features": [asdict(p) for p in first.features],
        "gains_against": first.against,
        "gains": first.gains,
        "weights": initial_weights(blocks or first.features),
        "repeats": [{p.name: p.top_one for p in r.features} for r in rounds],
    }


def _plot(made: Probe, features: Any, labels: Any, out: Path, suffix: str, layout: Any) -> None:
    from blendkit.reporting import best_layout, clip_pictures, ranking_chart

    ranking_chart(made.features, out / f"ranking.{suffix}")
    clip_pictures(features, labels, out / f"clips.{suffix}", best_layout() if layout == "auto" else layout)


def _show(rounds: list[Probe], group: str | None, weights: dict[str, float]) -> None:
    first = rounds[0]
    kept_apart = f"groups by {group!r}" if group else "each clip left out alone"
    click.echo(f"{len(first.labels)} clips of {len(set(first.labels))} classes; {kept_apart}")
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
    table("", header + (["over the draws"] if len(rounds) > 1 else []), rows)
    told = ", ".join(f"{n} {w:.2f}" for n, w in weights.items())
    click.echo(f"to start a scalar mix with: {told}")
    best, (gain, low, high) = first.features[0], first.gains[first.features[0].name]
    if best.name != first.against:
        sure = "" if low > 0 else ": not separable on these clips"
        click.echo(f"{best.name} less {first.against}: {gain:+.3f} [{low:+.3f}, {high:+.3f}]{sure}")
