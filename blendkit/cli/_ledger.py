"""The ledger on the command line: what was measured, what the leaderboard said."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._show import event, table

if TYPE_CHECKING:
    from blendkit.cli._comparison import Loaded
    from blendkit.offline import Comparison


def add_to_ledger(path: Path, found: Comparison, loaded: Loaded) -> None:
    """Add every compared recipe to the ledger."""
    from blendkit.searching import append_entry

    for x in found.lines:
        if x.name in loaded.hashes:
            rows = int(loaded.truth.labelled.sum())
            told = {"recipe": x.name, "sha256": loaded.hashes[x.name], "oof": x.macro.estimate}
            told |= {"low": x.macro.low, "high": x.macro.high, "rows": rows, "clusters": found.boot.clusters}
            append_entry(path, {"kind": "oof", "from": "compare", **told})


def show_ledger(path: Path, by_hand: tuple[str, ...], json_out: bool) -> None:
    """Add leaderboard scores given by hand, then show how out-of-fold gains came through."""
    from blendkit.searching import append_entry, check_entry, ledger_transfers, read_ledger, transfer_agreement

    entries = [leaderboard_entry(text) for text in by_hand]
    for entry in entries:
        check_entry(path, entry)
    for entry in entries:
        append_entry(path, entry)
    known = read_ledger(path)
    moved = ledger_transfers(known)
    if json_out:
        event("ledger", {"recipes": [e.__dict__ for e in known], "transfers": [t.__dict__ for t in moved]})
        return
    figures = {"search": "nested"}
    rows = [
        (e.recipe, e.sha256[:8], f"{e.oof:.6f}", figures.get(e.source, ""), _shown(e.public), _shown(e.private))
        for e in known
    ]
    table(f"ledger {path}", ["recipe", "hash", "OOF", "", "public", "private"], rows)
    if moved:
        changes = [(t.recipe, _signed(t.oof_gain), _signed(t.public_gain), _signed(t.private_gain)) for t in moved]
        table(f"gains over {moved[0].reference}", ["recipe", "OOF", "public", "private"], changes)
        same, of = transfer_agreement(moved)
        click.echo(f"{same} of {of} out-of-fold gains had the same sign on the leaderboard")
    else:
        click.echo("fewer than two recipes have leaderboard scores: add them with --lb NAME=PUBLIC/PRIVATE")


def public_scores(path: Path, hashes: dict[str, str], by_hand: tuple[str, ...]) -> dict[str, float]:
    """Return the public scores of recipes {name: hash}, as the ledger or --lb has them."""
    from blendkit.searching import read_ledger

    entries = [leaderboard_entry(text) for text in by_hand]
    known = {e.sha256: e.public for e in read_ledger(path)} if path.exists() else {}
    found = {name: known.get(h) for name, h in hashes.items()} | {e["recipe"]: e["public"] for e in entries}
    return {name: score for name, score in found.items() if score is not None}


def leaderboard_entry(text: str) -> dict[str, Any]:
    """Read NAME=PUBLIC or NAME=PUBLIC/PRIVATE. Raises BlendkitError for anything else."""
    from blendkit.errors import BlendkitError

    name, _, scores = text.partition("=")
    try:
        values = [float(s) for s in scores.split("/")]
    except ValueError:
        values = []
    if not name or not 1 <= len(values) <= 2 or not all(0 <= v <= 1 for v in values):
        raise BlendkitError(f"--lb {text}: expected NAME=PUBLIC or NAME=PUBLIC/PRIVATE, as in eos7=0.950/0.942")
    return {"kind": "lb", "recipe": name, **dict(zip(("public", "private"), values, strict=False))}


def _shown(x: float | None) -> str:
    return "" if x is None else f"{x:g}"


def _signed(x: float | None) -> str:
    return "" if x is None else f"{x:+.6f}"
