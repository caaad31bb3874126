"""`blendkit model`: slim, taps, optimise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from blendkit.cli._data_options import RecipeCommand, data_folders
from blendkit.cli._given_paths import PATH
from blendkit.cli._options import OUT_FILE, json_option, outside_option, several
from blendkit.cli._show import event, print_table

if TYPE_CHECKING:
    from blendkit.engine import Variant

_RECIPE = several(
    click.option(
        "--recipe", required=True, help="Recipe whose members use MODEL and whose classes decide what is needed."
    ),
    data_folders,
    outside_option,
)


@click.group()
def model() -> None:
    """Cut a model down, list its blocks, or convert it and measure the effect."""


@model.command(cls=RecipeCommand)
@click.argument("path", metavar="MODEL", type=PATH)
@_RECIPE
@click.option("--out", type=OUT_FILE, help="File to write the cut graph to (default: <model>.slim.onnx).")
@json_option
def slim(
    path: Path, recipe: str, data: tuple[Path, ...] | None, allow_outside: bool, out: Path | None, json_out: bool
) -> None:
    """Cut MODEL (ONNX) to the outputs, taps and classes that a recipe needs of it.

    The logits of the remaining classes are compared on the recipe's own audio. If they are not identical, nothing is
    written. `run` makes the same cut by itself and caches it; this command writes the cut graph to a file, with its
    shorter class list beside it.
    """
    from blendkit.engine import members_using, slim_model

    target = out or Path(f"{path.stem}.slim.onnx")
    _require_another(target, path)
    made, labels = slim_model(members_using(path, recipe, data, allow_outside=allow_outside), target)
    if json_out:
        files = {"model": str(target), "labels": str(labels) if labels else None}
        sizes = {"classes": made.classes, "of": made.width, "bytes": made.after, "bytes_before": made.before}
        event("slim", {**files, **sizes, "checked_on": made.checked_on})
        return
    click.echo(made.note())
    click.echo(made.checked())
    click.echo(f"wrote {target}" + (f" and {labels}" if labels else ""))


@model.command()
@click.argument("path", metavar="MODEL", type=PATH)
@click.option(
    "--out", type=OUT_FILE, help="File to write the graph to, with the mean of every block as a further output."
)
@json_option
def taps(path: Path, out: Path | None, json_out: bool) -> None:
    """List the MBConv blocks of MODEL (ONNX or TFLite), found by structure.

    Members give block means as features: `blendkit fit features MEMBER AUDIO --out STORE` saves them.
    """
    from blendkit.graphs import blocks_of, write_tapped

    if out is not None:
        _require_another(out, path)
    found = blocks_of(path)
    if json_out:
        for name, width in found.items():
            event("block", {"name": name, "width": width})
    else:
        print_table(
            f"{path.name}: {len(found)} blocks", ["block", "channels"], [(n, w or "") for n, w in found.items()]
        )
    if out is not None:
        write_tapped(path, out)
        if not json_out:
            click.echo(f"wrote {out}: the model's own outputs, then one mean per block")


@model.command(cls=RecipeCommand)
@click.argument("path", metavar="MODEL", type=PATH)
@_RECIPE
@click.option(
    "--to",
    "kind",
    required=True,
    type=click.Choice(["int8", "fp16", "openvino"]),
    help="Conversion: 8-bit weights, half precision, or OpenVINO as the runtime (which writes no file).",
)
@click.option("--out", type=OUT_FILE, help="File to write the variant to (default: <model>.<kind>.onnx).")
@click.option(
    "--recordings", default=8, show_default=True, type=click.IntRange(1), help="Number of recordings to measure on."
)
@json_option
def optimise(
    path: Path,
    recipe: str,
    data: tuple[Path, ...] | None,
    allow_outside: bool,
    kind: str,
    out: Path | None,
    recordings: int,
    json_out: bool,
) -> None:
    """Convert MODEL and measure how its logits, its AUC and its speed change on the recipe's own audio.

    The measured differences are written into the variant, and every run with it prints them.
    """
    from blendkit.engine import measure, members_using
    from blendkit.graphs import stamp
    from blendkit.scoring import Runtime

    used = members_using(path, recipe, data, allow_outside=allow_outside)
    target = None if kind == "openvino" else out or Path(f"{path.stem}.{kind}.onnx")
    if target is not None:
        _require_another(target, path)
        _convert(kind, path, target)
    how = Runtime("openvino") if kind == "openvino" else Runtime()
    for name in used.members:
        found = measure(used, name, target, how, recordings)
        if target is not None:
            stamp(target, {"kind": kind, "of": path.name, "cost": _cost(found)})
        _show(name, kind, found, path, target, json_out)


def _require_another(target: Path, model: Path) -> None:
    """Raise BlendkitError where the new graph would replace the one that it is made of."""
    from blendkit.errors import BlendkitError

    if target.exists() and target.samefile(model):
        raise BlendkitError(f"{target} is the model itself, which would be lost", ["name another file with --out"])


def _convert(kind: str, path: Path, target: Path) -> None:
    from blendkit.graphs import to_fp16, to_int8

    (to_int8 if kind == "int8" else to_fp16)(path, target, "optimise")


def _cost(found: Variant) -> str:
    text = f"logits differ by up to {found.largest:.3g} (mean {found.mean:.2g}) over {found.rows} rows"
    if found.auc is not None:
        text += f", macro-AUC {found.auc[0]:.6f} to {found.auc[1]:.6f}"
    if found.interval is not None:
        text += f" (change within {found.interval[0]:+.6f} and {found.interval[1]:+.6f})"
    return text


def _show(name: str, kind: str, found: Variant, path: Path, target: Path | None, json_out: bool) -> None:
    sizes = (path.stat().st_size, (target or path).stat().st_size)
    if json_out:
        event("variant", {"member": name, "kind": kind, "model": str(target) if target else None, "rows": found.rows,
                          "seconds": found.seconds, "largest": found.largest, "mean": found.mean, "auc": found.auc,
                          "interval": found.interval, "bytes": sizes})  # fmt: skip
        return
    slow, fast = found.seconds
    click.echo(f"{name}: {_cost(found)}")
    click.echo(f"{name}: {slow:.3f} s per recording became {fast:.3f} ({slow / fast:.2f} x)")
    if target is not None:
        click.echo(f"{name}: {sizes[0] / 1e6:.1f} MB became {sizes[1] / 1e6:.1f} MB")
    if found.auc is None:
        click.echo(f"{name}: no labels match these recordings: its effect on the AUC is unknown")
    if target is not None:
        click.echo(f"wrote {target}, with these figures in it")
