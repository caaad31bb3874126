"""Events and notes that running work reports; the command line shows them as bars and tables or as NDJSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Emit = Callable[[str, dict[str, Any]], None]
"""Called with an event's name and its payload of plain values."""

Note = Callable[[str, str], None]
"""Called with a stream's name and a sentence about what was done to it."""


def silent(event: str, payload: dict[str, Any]) -> None:
    """Show no event."""


def ignore_note(stream: str, text: str) -> None:
    """Drop a note on a stream."""


def ignore_text(text: str) -> None:
    """Drop a note where the stream or step it is about is known."""


EVENTS = {
    "ablation": "What each part of a recipe contributes: the whole, and how many parts follow.",
    "activity": "What `blendkit activity` counted, and the files that it wrote.",
    "blend": "What `blendkit blend` made: the blend, its weights, and the verdict.",
    "block": "A block of a model, with its width.",
    "blocked": "A plugin that `BLENDKIT_PLUGINS` does not allow.",
    "budget": "What everything costs on this machine, in seconds, and what a time budget leaves out.",
    "class": "The figures of one class.",
    "cluster": "The Dask cluster that scores: its scheduler, its dashboard, and how many workers it has so far.",
    "compare": "What sources were compared, on which rows, and which of them a leaderboard would show alike.",
    "compiling": "Exact loops are being compiled, once per machine.",
    "convert": "What `blendkit convert` wrote: the format, what it holds, and what was lost or left out.",
    "detect": "What `blendkit detect` found, and the files that it wrote.",
    "done": "A run has delivered: its submission, rows and classes.",
    "dropped": "What a time budget has left out since the last such event.",
    "entry": "A line of a list of members, ops, recipes or formats.",
    "epoch": "An epoch of a training: its loss, and the score on the rows that training stops by.",
    "eval": "The figures of a score file against labels.",
    "file": "What blendkit sees in a file.",
    "fit": "What a fit of a head made, with its out-of-fold figures.",
    "gate": "Whether `compare --gate` passed, and what fell below it.",
    "ledger": "The recorded recipes, and which gains a leaderboard confirmed.",
    "left_out": "Files that are no recordings.",
    "member": "A member is ready, with notes on its classes and conventions.",
    "merged": "What `blendkit merge` joined.",
    "names": "How the recordings' names were read.",
    "not_tried": "Recordings that were not scored when an error ended the work.",
    "part": "The contribution of one part of a recipe, with its interval.",
    "precision": "The precision above one threshold of a class, of answers to a review.",
    "plateau": "What a private board may make of a plateau: places, chances, and what a careful submission is worth.",
    "probe": "The blocks of a model ranked by nearest neighbours.",
    "progress": "How far scoring has come, and the time that is left.",
    "pseudolabels": "What `blendkit pseudolabel gate` labelled.",
    "recording": "A recording whose status is not `ok`, or that has a note.",
    "rehearsal_failed": "What follows scoring failed on made-up scores; the run goes on.",
    "report": "The report that was written, what it says first and what makes it doubtful; or why there is none.",
    "review": "What `blendkit review` drew, and where.",
    "reviewed": "What `blendkit review --read` read, and the files that it wrote.",
    "rounds": "The rounds of pseudo-labels and the inflation that they show.",
    "sample_world": "No data folder was given: the run uses the built-in sample world.",
    "scored": "Recordings that were scored, with their statuses.",
    "scoring": "How many recordings there are, and how many are left to score.",
    "search": "What a search found, with held-out figures and a verdict.",
    "slim": "What was cut off a model, and on what the cut graph was checked.",
    "source": "The figures of one of the compared sources.",
    "speed": "The speed of a member, and the minutes that 700 recordings would take.",
    "store": "Notes on a store of saved logits.",
    "stratum": "A stratum of a class: its chunks, and the clips drawn from it.",
    "stream": "A stream is made: its space, classes covered, and macro-AUC if there are labels.",
    "student": "What a fit of a student made, with its figures.",
    "training": "A training begins: its rows and epochs.",
    "variant": "A variant of a model: how its logits and AUC differ, its size and speed.",
    "warning": "Something that a person should know; it does not stop the work.",
    "whatif": "The figures of other shares and values.",
    "words": "What notebooks call an op, and how a recipe writes it.",
}
"""What each event means; `--json` prints them as lines `{"event": NAME, ...}`, in the order in which they happen."""
