"""Every default that a page states in words is that of the code: a sentence with "default" stands here, or is none."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import click
import pytest
import reference_commands

from blendkit.member import Mel
from blendkit.metrics import Crowd
from blendkit.ops import OpInfo, signature
from blendkit.recipe.schema import RecipeModel
from blendkit.registry import MEMBERS, OPS, registry
from blendkit.scoring import Runtime
from tests.docs.pages import ROOT, documents


def option(command: str, name: str) -> Any:
    """The default of an option; None where it has none."""
    (found,) = (c for n, c in reference_commands.commands() if n.removeprefix("blendkit ") == command)
    (own,) = (p for p in found.params if isinstance(p, click.Option) and name in p.opts)
    value = own.get_default(click.Context(found))
    return None if type(value).__name__ == "Sentinel" else value


def parameter(group: str, name: str, key: str) -> Any:
    """The default of a member's or an op's parameter."""
    return signature(registry(group).get(name))[key][2]


def of_recipe(key: str, inner: str = "") -> Any:
    """The default of a key of a recipe, or of a key in it."""
    whole = RecipeModel.model_fields[key].get_default(call_default_factory=True)
    return getattr(whole, inner) if inner else whole


def of_class(kind: type, key: str) -> Any:
    """The default of a field of a dataclass."""
    return inspect.signature(kind).parameters[key].default


STATED: list[tuple[str, str, Callable[[], bool]]] = [
    ("docs/budget.md", "may use (default: the CPUs that this process may use)", lambda: Runtime().threads is None),
    ("docs/budget.md", "are predicted (default: 4, as on Kaggle)", lambda: Runtime().cores == 4),
    ("docs/detections.md", "`--format` may be repeated; the default is `raven`", lambda: option("detect", "--format") == ("raven",)),
    ("docs/ecologist.md", "(the default is 96)", lambda: option("review", "--per-class") == 96),
    ("docs/many_machines.md", "`--workers N`, default one per CPU", lambda: option("run", "--workers") is None),
    ("docs/many_machines.md", "`--workers N` in all, default those of one job", lambda: option("run", "--workers") is None),
    ("docs/names.md", "| `auto` | the default:", lambda: of_recipe("names", "preset") == "auto"),
    ("docs/names.md", "hour are wanted; default: that of the names", lambda: of_recipe("names", "report_tz") is None),
    ("docs/names.md", "below the audio folder; default: name", lambda: of_recipe("names", "site") == "name"),
    ("docs/priors.md", "`centre: true` (the default of `site_hour_prior`)", lambda: parameter(OPS, "site_hour_prior", "centre") is True),
    ("docs/priors.md", "beside a site's own (50 by default)", lambda: {parameter(OPS, f"prior_shift{n}_by_site", "k") for n in ("", "_bbse")} == {50}),
    ("docs/recipes.md", "below `--data` (default: the recipe's own folder)", lambda: not option("run", "--data")),
    ("docs/training.md", "the runtime of ONNX graphs; the default is the CPU", lambda: option("fit features", "--provider") == "cpu"),
    ("docs/explanation/plateaus.md", "best of `--tries` submissions (10 unless you say otherwise)", lambda: of_class(Crowd, "tries") == 10),
    ("docs/project/glossary.md", "the piece of a recording, 5 s by default", lambda: of_recipe("chunk_s") == 5),
    ("docs/tutorials/write_an_op.md", "`set` (all rows, the safe default)", lambda: of_class(OpInfo, "scope") == "set"),
    ("members/birdnet.md", "By default two windows per 5 s chunk, at 0 and 2 s", lambda: (parameter(MEMBERS, "birdnet", "hop_s"), parameter(MEMBERS, "birdnet", "anchor")) == (2, "chunk")),
    ("members/birdnet.md", "A 60 s recording has 24 windows by default", lambda: parameter(MEMBERS, "birdnet", "hop_s") == 2),
    ("members/onnx.md", "`window_s` defaults to the chunk, `hop_s` to the window", lambda: parameter(MEMBERS, "onnx", "window_s") is parameter(MEMBERS, "onnx", "hop_s") is None),
    ("members/onnx.md", "(`pool: mean` by shared time, the default, or `max`)", lambda: parameter(MEMBERS, "onnx", "pool") is None),
    ("members/onnx.md", "`output:` defaults to the only one", lambda: parameter(MEMBERS, "onnx", "output") is None),
    ("members/perch.md", "chains feed raw audio and use raw logits (the default)", lambda: [parameter(MEMBERS, "perch", k) for k in ("normalise", "slope", "intercept")] == ["none", 1, 0]),
    ("members/sed.md", "the defaults are those of the public distilled SED models (32 kHz, 2048, 512, 256 mels from 20 Hz to half the rate, power 2, top_db 80", lambda: Mel() == Mel(rate=32000, n_fft=2048, hop=512, mels=256, fmin=20, fmax=None, power=2, top_db=80, scale="zscore")),
    ("members/torch_module.md", "by default the units that a `Sequential` or `ModuleList` holds", lambda: parameter(MEMBERS, "torch", "blocks") == []),
    ("members/torch_module.md", "`classes:` names (default: their numbers)", lambda: parameter(MEMBERS, "torch", "classes") == []),
    ("examples/public_chains.md", "Smoothers take `edge: nearest` (default)", lambda: {parameter(OPS, n, "edge") for n in ("gaussian", "three_tap", "kernel", "moving_mean", "adaptive_delta")} == {"nearest"}),
]  # fmt: skip
NO_CLAIM = (  # sentences with the word that say no value
    *("Every key with its meaning and default is in the", "`defaults: {table:", "default_rng("),
    *("the recipe with every default written out", "it is not the default, because", "at its default, macro-AUC"),
    *("the source of the defaults", "need a second input without a default"),
)


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """The text of every page, in one line."""
    left_out = {"CHANGELOG.md", "docs/mistakes.md"}  # what was there once, and what is wrong
    found = {p.relative_to(ROOT).as_posix(): p.read_text(encoding="utf-8") for p in documents()}
    return {name: " ".join(text.split()) for name, text in found.items() if name not in left_out}


@pytest.mark.parametrize(("page", "words", "holds"), STATED, ids=lambda v: str(v)[:60] if isinstance(v, str) else "")
def test_a_default_that_a_page_states_is_that_of_the_code(
    page: str, words: str, holds: Callable[[], bool], pages: dict[str, str]
) -> None:
    assert words in pages[page]
    assert holds(), words


def test_no_page_states_another_default(pages: dict[str, str]) -> None:
    known = [words for _, words, _ in STATED] + list(NO_CLAIM)
    for words in known:
        pages = {name: text.replace(words, "") for name, text in pages.items()}
    found = {n: re.findall(r".{0,60}\bdefault.{0,40}|.{0,60}\bunless you say otherwise", t) for n, t in pages.items()}
    assert {n: f for n, f in found.items() if f} == {}
