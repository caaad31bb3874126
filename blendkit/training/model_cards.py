"""Model cards of heads and students: what they learned from, their figures, and what to know before trusting them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from blendkit._version import __version__
from blendkit.errors import shorten
from blendkit.store import write_json, write_text
from blendkit.training.figures_in_words import figure_lines, span, two_figures

FIT = "fit.json"


def write_head_card(out: Path, report: Mapping[str, Any]) -> None:
    """Write `fit.json` and `card.md`."""
    write_json(out / FIT, report, sort=False)
    write_text(out / "card.md", "\n".join(_head_card(report)) + "\n")


def _head_card(report: Mapping[str, Any]) -> list[str]:
    rows, source, pseudo = report["rows"], report["source"], report["pseudo_recordings"]
    return [
        f"# Sequence head: {report['kind']}",
        "",
        f"{report['parameters']:,} parameters on {', '.join(report['tokens'])}; {len(report['classes'])} classes; "
        f"{report['seeds']} seed(s), averaged. Made by blendkit {__version__} with torch {torch.__version__}.",
        "",
        "## Data",
        "",
        f"- {rows['clip']} clip chunks and {rows['chunk']} labelled soundscape chunks "
        f"of {report['recordings']} recordings",
        f"- features: {', '.join(source['features'])} (hash {source['made_by'][:12]})",
        f"- labels: {source['labels']}; groups: {source['group'] or 'recordings'}",
        *([f"- {len(pseudo)} pseudo-labelled recordings"] if pseudo else []),
        *_teacher(source),
        "- every recording seen is listed in the head's metadata `saw`: figures on those are in-sample",
        "",
        "## Out-of-fold figures",
        "",
        f"{report['folds']} folds of whole groups; each fold is scored by heads that neither learned from it nor "
        "stopped on it. 95 % intervals redraw whole groups.",
        "",
        *[f"- {line}" for line in [*figure_lines(report), *two_figures(report)]],
        "",
        "## Notes",
        "",
        *[f"- {note}" for note in report["notes"] or ["none"]],
        "",
        "## Shares of the tokens",
        "",
        *[
            f"- {n}: {report['shipped_weights'][n]:.3f} in head.onnx on all rows; in the folds' heads on held-out rows "
            f"{w:.3f} (standard deviation over folds and seeds {s:.3f})"
            for n, (w, s) in report["weights"].items()
        ],
        "",
        f"Trained for {report['epochs_of_all_rows']} epochs on all rows: the mean of the folds' best. Largest "
        f"difference between torch and ONNX: {max(report['onnx_difference'].values()):.1e}.",
        *(["", "## Next", "", *[f"    {command}" for command in report["next"]]] if report["next"] else []),
    ]


def _teacher(source: Mapping[str, Any]) -> list[str]:
    """What a card says of the teacher behind pseudo-labels."""
    saw = [f"- a pseudo-labelling teacher learned from {len(source['saw'])} recordings"] if source["saw"] else []
    unsure = "- what else the teacher learned from is not known: figures on any recording may be in-sample"
    return [*saw, *([] if source["saw_known"] else [unsure])]


def nearness(held: Mapping[str, Any]) -> str:
    """Return how near a student is to its teacher on held-out recordings."""
    if "rmse" in held:
        return f"distance from its teacher's probabilities on held-out recordings (rmse): {held['rmse']:.4f}"
    found = held["rank_correlation"]
    said = "none: the teacher's are all equal" if found is None else f"{found:.4f}"
    return f"correlation with its teacher's ranks on held-out recordings (Spearman, mean over classes): {said}"


def background_note(background: Mapping[str, Any]) -> str:
    """Return how many recordings a student heard as background, and how many it could not."""
    left = len(background["left_out"])
    return f"heard {background['recordings']} recordings as background; {left} were left out, because they are held out"


def class_notes(facts: Mapping[str, Any]) -> list[str]:
    """Return in words which classes the teacher did not teach."""
    labels_alone, left_out = facts["labels_alone"], facts["left_out"]
    notes = []
    if labels_alone:
        what = f"{len(labels_alone)} classes that the teacher does not cover are learned from labels alone"
        notes.append(f"{what}: {shorten(labels_alone)}")
    if left_out:
        what = f"{len(left_out)} classes are left out: the teacher does not cover them and no label names them"
        notes.append(f"{what}: {shorten(left_out)}")
    return notes


def student_card(made: Mapping[str, Any]) -> list[str]:
    """Return the lines of a student's model card."""
    rows, held = made["rows"], made["held_out"]
    lines = [
        "# Student",
        "",
        f"{made['parameters']:,} parameters, {len(made['classes'])} classes; log-mel front end inside the graph. "
        f"Made by blendkit {__version__} with torch {torch.__version__}.",
        "",
        f"- learned from {rows['learn']} chunks, stopped on {rows['stop']}, judged on {rows['judge']}, by whole "
        f"recordings ({made['recordings']}); {rows['labelled']} chunks had labels, of which {rows['part_real']} count "
        "by their share of audio",
        f"- chunks of {made['chunk_s']:g} s at {made['how']['picture']['rate']} Hz; loss {made['how']['loss']}",
        *([f"- {background_note(made['background'])}"] if made["background"] else []),
        *[f"- {note}" for note in class_notes(made["not_taught"])],
        f"- {nearness(held)}",
    ]
    if "rmse" not in held:
        lines.append("- it learned an order alone: blend it by rank, its sigmoids are no probabilities")
    if "student" in held:
        lines.append(
            f"- macro-AUC on held-out labelled chunks: {span(held['student'])}; teacher {span(held['teacher'])}"
        )
        lines += [f"- {note}" for note in held["notes"]]
    every = "every recording behind it, its teacher's too, is in the metadata `saw`"
    unsure = "what its teacher learned from is not known: the metadata `saw` may lack recordings"
    lines.append(f"- largest difference between torch and ONNX: {made['onnx_difference']:.1e}")
    return [*lines, f"- {every if made['saw_known'] else unsure}"]
