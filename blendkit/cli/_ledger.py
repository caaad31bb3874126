"""The ledger on the command line: past out-of-fold figures beside their leaderboard scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._show import event, print_table

if TYPE_CHECKING:
    from blendkit.offline import Comparison
    from blendkit.searching import Experiment, Transfer


@dataclass(frozen=True)
class LedgerUse:
    """The ledger options: whether to show it, its file, and leaderboard scores given as NAME=PUBLIC[/PRIVATE]."""

    ledger: bool
    ledger_file: Path
    scores_by_hand: tuple[str, ...]

    @property
    def unused(self) -> bool:
        """True if no ledger option was given."""
        return not self.ledger and not self.scores_by_hand

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The scores given by hand. Raises BlendkitError for text that cannot be read."""
        return [leaderboard_entry(text) for text in self.scores_by_hand]

    def check(self, sources: Sequence[str]) -> None:
        """Raise BlendkitError if scores given by hand or the ledger cannot be read, or there will be no ledger."""
        from blendkit.errors import BlendkitError, why_no_file
        from blendkit.io import is_source
        from blendkit.searching import read_ledger

        if self.unused:
            return
        _ = self.entries
        if self.ledger_file.exists():
            read_ledger(self.ledger_file)
        elif all(is_source(s) for s in sources):
            way = "`blendkit compare A B --ledger` starts one with the recipes among A, B: it holds no score files"
            why = why_no_file(self.ledger_file, FileNotFoundError())
            raise BlendkitError(
                f"{self.ledger_file}: cannot read this ledger, and no recipe is to be added", [why, way]
            )

    def add(self, found: Comparison, json_out: bool) -> None:
        """Add every compared recipe to the ledger."""
        from blendkit.searching import append_entry

        if not found.hashes:
            _note("no source is a recipe: nothing was added to the ledger", json_out)
        for x in found.lines:
            if x.name in found.hashes:
                about = {"recipe": x.name, "sha256": found.hashes[x.name], "oof": x.macro.estimate}
                about |= {"tuned": True} if x.name in found.tuned else {}
                about |= {"low": x.macro.low, "high": x.macro.high, "clusters": found.boot.clusters}
                about |= {"rows": found.labelled_rows, "on": found.measured_on}
                append_entry(self.ledger_file, {"kind": "oof", "from": "compare", **about})

    def public_scores(self, hashes: dict[str, str]) -> dict[str, float]:
        """Return the public scores of recipes {name: hash}, from the ledger and from --lb."""
        from blendkit.searching import read_ledger

        file = self.ledger_file
        known = {e.sha256: e.public for e in read_ledger(file)} if file.exists() else {}
        found = {name: known.get(h) for name, h in hashes.items()} | {e["recipe"]: e["public"] for e in self.entries}
        return {name: score for name, score in found.items() if score is not None}

    def show(self, json_out: bool) -> None:
        """Add the scores given by hand, then show which out-of-fold gains the leaderboard confirmed."""
        from blendkit.searching import append_entry, check_entry, ledger_transfers, read_ledger

        for entry in self.entries:
            if said := check_entry(self.ledger_file, entry):
                _note(f"--lb: {said}", json_out)
        for entry in self.entries:
            append_entry(self.ledger_file, entry)
        known = read_ledger(self.ledger_file, note=lambda text: _note(text, json_out))
        moved = ledger_transfers(known)
        if json_out:
            event("ledger", {"recipes": [e.__dict__ for e in known], "transfers": [t.__dict__ for t in moved]})
        else:
            _print(self.ledger_file, known, moved)


def _print(file: Path, known: list[Experiment], moved: list[Transfer]) -> None:
    from blendkit.searching import IN_SAMPLE, transfer_agreement

    figures = {"search": "nested", IN_SAMPLE: IN_SAMPLE}
    rows = [
        (e.recipe, e.sha256[:8], f"{e.oof:.6f}", figures.get(e.source, ""), _shown(e.public), _shown(e.private))
        for e in known
    ]
    print_table(f"ledger {file}", ["recipe", "hash", "OOF", "", "public", "private"], rows)
    if moved:
        changes = [
            (t.recipe, _signed(t.oof_gain), IN_SAMPLE * t.in_sample, _signed(t.public_gain), _signed(t.private_gain))
            for t in moved
        ]
        print_table(f"gains over {moved[0].reference}", ["recipe", "OOF", "", "public", "private"], changes)
        same, of = transfer_agreement(moved)
        tuned = sum(t.in_sample for t in moved)
        apart = sum(t.oof_gain is None and not t.in_sample for t in moved)
        left = f"; {tuned} in-sample not counted" if tuned else ""
        left += f"; {apart} not measured on the same chunks: compare them together" if apart else ""
        click.echo(f"{same} of {of} out-of-fold gains had the same sign on the leaderboard{left}")
    else:
        click.echo("fewer than two recipes have leaderboard scores: add them with --lb NAME=PUBLIC/PRIVATE")


def _note(text: str, json_out: bool) -> None:
    event("warning", {"text": text}) if json_out else click.echo(f"note: {text}")


def leaderboard_entry(text: str) -> dict[str, Any]:
    """Read NAME=PUBLIC or NAME=PUBLIC/PRIVATE; a recipe's file gives its name. Raises BlendkitError for all else."""
    from blendkit.errors import BlendkitError
    from blendkit.recipe import is_recipe, load_recipe

    name, _, scores = text.rpartition("=")
    if is_recipe(name) and Path(name).is_file():
        name = load_recipe(name).model.name
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
