"""How `blendkit compare` prints a comparison, as tables or as events."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._p_values import at_the_border, p_cell, too_few_redraws
from blendkit.cli._plateau import plateau_event, print_plateau
from blendkit.cli._show import event, interval_cell, print_table
from blendkit.core import Float64

if TYPE_CHECKING:
    from blendkit.metrics import Interval, RankBand, SimulatedSplit
    from blendkit.offline import Comparison, Rules


@dataclass(frozen=True, eq=False)
class Board:
    """A leaderboard's scores (T,), and the public scores that some sources are known to have."""

    scores: Float64
    known: dict[str, float]

    def band(self, name: str, estimate: float, private: Float64) -> tuple[float, str, RankBand]:
        """Return a source's score on the board, where the score is from, and its rank band.

        A known public score is shifted as the simulated splits shift the source's own figure.
        """
        from blendkit.metrics import rank_band

        public = self.known.get(name)
        if public is None:
            return estimate, "these labels", rank_band(self.scores, estimate, private)
        return public, "leaderboard", rank_band(self.scores, public, public + private - estimate)


def show(found: Comparison, rules: Rules, board: Board | None, json_out: bool) -> None:
    """Print a comparison, or emit it as events."""
    if json_out:
        for line in found.lines:
            event("source", _payload(found, line.name, line.macro, line.change, line.holm, board))
        summary = {"rank_correlation": found.split.rank_correlation(), "clusters": found.boot.clusters}
        plateaus = [
            {"names": p.names, "shown": p.shown, "width": p.width, "tied": p.tied, "sd": p.sd} for p in found.plateaus
        ]
        event("compare", {**summary, "plateaus": plateaus, "notes": list(found.notes), **_lumps(found)})
        if found.outlook is not None:
            plateau_event(found.outlook)
        return
    _print_lines(found, rules)
    _print_plateaus(found, rules)
    _print_split(found, rules)
    if board is not None:
        _print_bands(found, board)
    if found.outlook is not None:
        print_plateau(found.outlook, found.lines[0].name)
    for text in found.notes:
        click.echo(f"note: {text}")


def _lumps(found: Comparison) -> dict[str, Any]:
    return {} if found.lumps is None else {"split": asdict(found.lumps)}


def _payload(
    found: Comparison,
    name: str,
    macro: Interval,
    change: Interval | None,
    adjusted: float | None,
    board: Board | None,
) -> dict[str, Any]:
    out: dict[str, Any] = {"name": name, "macro_auc": macro.estimate}
    out |= {
        "low": macro.low,
        "high": macro.high,
        "fold_mean": found.fold_means.get(name, math.nan),
    }
    if change is not None:
        out["change"] = {k: getattr(change, k) for k in ("estimate", "low", "high", "sd", "p")}
        out["p_holm"] = adjusted
    shake = found.split.shake_up(name)
    if len(shake):
        out["shake_up"] = {"mean": float(shake.mean()), "worst": int(shake.max()), "best": int(shake.min())}
    if board is not None:
        score, source, band = board.band(name, macro.estimate, found.split.private[name])
        places = {"rank": band.rank, "best": band.best, "worst": band.worst, "teams": band.teams}
        out["rank_band"] = {"score": score, "from": source, **places}
    return out


def _print_lines(found: Comparison, rules: Rules) -> None:
    rows = []
    for x in found.lines:
        change = ("", "")
        if x.change is not None and x.holm is not None:
            c = x.change
            change = (interval_cell(c.estimate, c.low, c.high, sign="+"), p_cell(c.p, x.holm, rules.judging.replicates))
        own = interval_cell(x.macro.estimate, x.macro.low, x.macro.high)
        rows.append((x.name, own, f"{found.fold_means[x.name]:.6f}" if found.fold_means else "", *change))
    kind = "BCa" if rules.bca else "percentile"
    redrawn = f"{found.boot.clusters} clusters ({rules.judging.clusters}), {rules.judging.replicates} replicates"
    header = ["source", "macro-AUC", "mean of folds", f"- {found.lines[0].name}", "p (Holm)"]
    print_table(f"{rules.judging.level:.0%} {kind} intervals, {redrawn}", header, rows)
    if few := too_few_redraws(len(found.lines) - 1, rules.judging.replicates):
        click.echo(few)
    changes = {x.name: x.change for x in found.lines if x.change is not None}
    if not rules.bca and (border := at_the_border(changes, rules.judging.level)):
        click.echo(border)
    if found.fold_means:
        click.echo(
            "macro-AUC pools all folds, so it also compares chunks that different models scored; the mean of folds "
            "does not, but each fold measures only the classes that have positives in it"
        )


def _print_plateaus(found: Comparison, rules: Rules) -> None:
    for p in found.plateaus:
        if len(p.names) > 1:
            click.echo(
                f"plateau {p.shown:.{rules.decimals}f}: {', '.join(p.names)} show alike; they differ by {p.width:.6f} "
                f"(standard deviation {p.sd:.6f}) and tie in {p.tied:.0%} of replicates"
            )


def _print_split(found: Comparison, rules: Rules) -> None:
    import numpy as np

    first, rows = found.lines[0].name, []
    for x in found.lines:
        shake = found.split.shake_up(x.name)
        low, high = np.quantile(shake, [0.05, 0.95]) if len(shake) else (0, 0)
        sides = [_mean(side[x.name]) for side in (found.split.public, found.split.private)]
        against = ("", "") if x.name == first else _standing(found.split, x.name, first)
        rows.append((x.name, *sides, f"{low:+.0f} .. {high:+.0f}", *against))
    share = float(found.split.shares.mean())
    title = f"{rules.judging.replicates} simulated leaderboards by {rules.split_by}, {share:.0%} public"
    header = ["source", "public", "private", "places lost", f"above {first}", "stays above"]
    print_table(title, header, rows)
    if found.lumps is not None:
        from blendkit.offline import lumps_words

        click.echo(lumps_words(found.lumps, rules.split_by, rules.public))
    rho = found.split.rank_correlation()
    shown = "undefined: all sources tie in every split" if math.isnan(rho) else f"{rho:.3f}"
    click.echo(f"rank correlation of public and private: {shown}")


def _mean(draws: Float64) -> str:
    known = [d for d in draws.tolist() if not math.isnan(d)]
    return f"{math.fsum(known) / len(known):.6f}" if known else ""


def _standing(split: SimulatedSplit, name: str, first: str) -> tuple[str, str]:
    """In words, how often a source is above the first, and how often it stays above where it was in public."""
    if all((side[name] == side[first]).all() for side in (split.public, split.private)):
        return "always tied", ""
    above, keeps = split.above(name, first), split.stays_above(name, first)
    if math.isnan(above):
        return "no figure", ""
    return f"{above:.0%}", "no public lead" if math.isnan(keeps) else f"{keeps:.0%}"


def _print_bands(found: Comparison, board: Board) -> None:
    rows = []
    for x in found.lines:
        score, source, band = board.band(x.name, x.macro.estimate, found.split.private[x.name])
        rows.append((x.name, f"{score:.6f}", source, band.rank, f"{band.best} .. {band.worst}"))
    title = f"rank beside {len(board.scores)} teams, if their scores did not change"
    print_table(title, ["source", "score", "from", "rank", "90% band"], rows)
    if any(source == "these labels" for _, _, source, *_ in rows):
        click.echo(
            "scores on these labels need not be leaderboard scores: --lb NAME=PUBLIC gives a source's leaderboard score"
        )
