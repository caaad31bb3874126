"""`blendkit compare --ablate`: what each part of a recipe contributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from blendkit.cli._compile_notice import announced
from blendkit.cli._p_values import at_the_border, p_cell, too_few_redraws
from blendkit.cli._show import emitter, event, print_table
from blendkit.errors import BlendkitError

if TYPE_CHECKING:
    from blendkit.offline import Ablation, Place, Rules


def ablate_recipe(
    sources: tuple[str, ...], overrides: tuple[str, ...], place: Place, rules: Rules, json_out: bool
) -> None:
    """Measure one recipe without each of its parts and print the contributions."""
    from blendkit import offline
    from blendkit.io import is_source

    if len(sources) != 1 or is_source(sources[0]):
        raise BlendkitError("--ablate needs exactly one recipe", [f"got {', '.join(sources) or 'nothing'}"])
    with announced(json_out):
        found = offline.ablate(sources[0], overrides=overrides, place=place, rules=rules, emit=emitter(json_out))
    _show(found, rules, json_out)


def _show(found: Ablation, rules: Rules, json_out: bool) -> None:
    rows = []
    for line in found.lines:
        c = line.change
        assert c is not None
        assert line.holm is not None
        # the change is what leaving the part out does; the part's contribution has the opposite sign
        figures = {"estimate": 0.0 - c.estimate, "low": 0.0 - c.high, "high": 0.0 - c.low, "p": c.p}
        if json_out:
            event("part", {"name": line.name, "without": line.macro.estimate, **figures, "p_holm": line.holm})
        bounds = f"{figures['low']:+.6f} .. {figures['high']:+.6f}"
        p = p_cell(c.p, line.holm, rules.judging.replicates)
        rows.append((line.name, f"{line.macro.estimate:.6f}", f"{figures['estimate']:+.6f}", bounds, p))
    if json_out:
        whole = {"name": found.whole.name, "macro_auc": found.whole.macro.estimate, "clusters": found.clusters}
        event("ablation", {**whole, "needed": found.needed, "notes": found.notes})
        return
    judging = rules.judging
    redrawn = f"{found.clusters} clusters ({judging.clusters}), {judging.replicates} replicates"
    title = f"{found.whole.name}: macro-AUC {found.whole.macro.estimate:.6f}; {judging.level:.0%} intervals, {redrawn}"
    print_table(title, ["part", "without it", "contribution", "interval", "p (Holm)"], rows)
    if few := too_few_redraws(len(found.lines), judging.replicates):
        click.echo(few)
    changes = {line.name: line.change for line in found.lines if line.change is not None}
    if not rules.bca and (border := at_the_border(changes, judging.level)):
        click.echo(border)
    idle = [name for name, change in changes.items() if change.low == change.high == 0]
    if idle:
        click.echo(f"no effect on this recipe's AUC: {', '.join(idle)}")
    for name, why in found.needed.items():
        click.echo(f"cannot be left out: {name}: {why}")
    click.echo(
        "each contribution is measured with all other parts in place: two parts that do the same work each show "
        "less than both contribute together"
    )
    for text in found.notes:
        click.echo(f"note: {text}")
