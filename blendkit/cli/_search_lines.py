"""What `blendkit search` prints: values, figures and a verdict, as lines or as an event."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._show import COLOURS, event

if TYPE_CHECKING:
    from blendkit.metrics import Interval
    from blendkit.offline import Found, Grown


_LONGEST = 20_000  # characters of an option that is printed to be copied


def _option(address: str, value: Any) -> str:
    """Return a value as the option that sets it, in quotes for a shell."""
    text = f"{address}={json.dumps(value)}".replace("'", "'\"'\"'")
    return f"--set '{text}'"


def emit_found(found: Found, more: dict[str, Any] | None = None) -> None:
    """Print what a search found as an event."""
    g = found.guarded
    event(
        "search",
        {
            "values": found.values,
            "recipe_before": found.before,
            "in_sample": found.after,
            "nested": g.nested,
            "optimism": found.after - g.nested,
            "best_member": g.best_member,
            "alone": g.alone,
            "gain": _bounds(g.gain),
            "gain_over_recipe": _bounds(found.gain),
            "recipe_tuned_on": found.tuned,
            "better": g.better,
            "judgement": found.judgement,
            "verdict": found.meaning,
            "split": found.split,
            "parts": g.parts,
            "notes": found.notes,
            **(more or {}),
        },
    )


def _bounds(gain: Interval) -> dict[str, float | None]:
    return {k: getattr(gain, k) for k in ("estimate", "low", "high", "sd", "p")}


def print_found(found: Found, level: float) -> None:
    """Print what a search found: values to set, figures with where each is from, and the verdict."""
    from blendkit.offline import share_of_redraws

    g = found.guarded
    for address, value in {**found.values, "tuned_on": list(found.labels)}.items():
        text = _option(address, value)
        if len(text) > _LONGEST:  # no shell takes it: all recordings of the files count as seen, which is safe
            names = [one if isinstance(one, str) else one["labels"] for one in found.labels]
            text = _option(address, names)
        click.echo(text)
    click.echo("")
    tuned = f"  (in-sample: tuned on {found.tuned} of the labelled recordings)" if found.tuned else ""
    tuned = tuned or ("  (in-sample, as are those below)" if found.seen else "")
    click.echo(f"recipe as it is:  {found.before:.6f}{tuned}")
    click.echo(f"in-sample:        {found.after:.6f}  (on the labels that chose it)")
    click.echo(f"nested:           {g.nested:.6f}  ({found.split})")
    click.echo(f"optimism:         {found.after - g.nested:+.6f}  (what searching adds to its own figure)")
    click.echo(f"best input alone: {g.alone:.6f}  (chosen on the same parts; on all labels {g.best_member})")
    rivals = {"the best input alone": g.gain, **({} if found.tuned else {"the recipe as it is": found.gain})}
    for what, gain in rivals.items():
        bounds = f"{level:.0%} interval {gain.low:+.6f} to {gain.high:+.6f}"
        click.echo(f"nested gain over {what}: {gain.estimate:+.6f}, {bounds}")
    click.echo(f"a gain over the best input alone in {share_of_redraws(g.better, found.judging.redrawn)}")
    click.secho(f"verdict: {found.judgement}: {found.meaning}", fg=COLOURS[found.judgement], bold=True)
    if found.beside:
        click.echo(f"         {found.beside}")
    for text in found.notes:
        click.echo(f"note: {text}")


def print_grown(grown: Grown, written: Path | None) -> None:
    """Print what each step of a found chain is worth, how the search ended, and the chain or where it was written."""
    for one in grown.worths:
        worth = "others need it" if math.isinf(one.worth) else f"{one.worth:+.6f} on the labels that chose it"
        again = f"; found in {one.again} of {grown.found.guarded.parts} searches without a part"
        click.echo(f"{one.stream}: {one.step}: {worth}{again}")
    ended = "ended by itself" if grown.finished else "was stopped by the clock: more --minutes may find more"
    click.echo(f"{grown.rounds} rounds, {grown.looks} looks at figures; the search {ended}")
    click.echo(f"wrote {written}" if written is not None else f"\n{grown.text()}")
