from __future__ import annotations

import pytest

from blendkit.recipe.linting import lint
from blendkit.recipe.load import parse_recipe
from blendkit.recipe.plan import make_plan


def found(body: str, *, sharded: bool = False) -> list[str]:
    """Findings on a recipe of two members; a first line `a = [...]` gives the first its steps."""
    first, _, rest = body.partition("\n")
    steps, rest = (f", steps: {first[4:]}", rest) if first.startswith("a = ") else ("", body)
    members = f"  a: {{use: table, path: a.csv, space: prob{steps}}}\n  b: {{use: table, path: b.csv, space: prob}}\n"
    text = f"recipe: 1\nname: t\nmembers:\n{members}{rest}\noutput: c\n"
    return lint(make_plan(parse_recipe(text, "r.yaml")), sharded=sharded)


RANK = "blends:\n  c: {by: rank, of: {a: 1, b: 1}%s}"
PROB = "blends:\n  c: {by: prob, of: {a: 1, b: 1}%s}"


def test_a_plain_recipe_has_no_findings() -> None:
    assert found(RANK % "") == []
    assert found("a = [{to: logit}, {site_hour_prior: {fit: {labels: l.csv, folds: 5}}}]\n" + PROB % "") == []
    assert found("a = [{isotonic: {fit: l.csv}}, gaussian]\n" + PROB % "") == []
    assert found("a = [{gaussian: {sigma: 1.0}}]\n" + RANK % ", steps: [{taxonomy_mean: {genus: 0.1}}]") == []


@pytest.mark.parametrize(
    ("streams", "said"),
    [
        ("a = [sharpen]\n" + RANK % "", "a.sharpen: keeps every column's order, and the rank blend 'c' erases it"),
        (
            "a = [clip]\n" + RANK % "",
            "a.clip: may make ties, and a rank blend gives equal values one rank: AUC may rise",
        ),
        (PROB % ", steps: [clip]", "c.clip: may make ties, and pairs that tie count half: AUC may rise or fall"),
        (PROB % ", steps: [gaussian, sharpen]", "c.sharpen: keeps every column's order, and nothing follows it"),
        (PROB % ", steps: [sharpen, {to: rank}]", "c.sharpen: keeps every column's order"),
        (
            "a = [{to: rank}]\nblends:\n  c: {by: direct, mixed: true, of: {a: 1, b: 1}}",
            "averages values of different spaces",
        ),
        ("a = [gaussian]\n" + RANK % ", steps: [three_tap]", "c.three_tap: smooths along time again, after a.gaussian"),
        (PROB % ", steps: [gaussian, dilate]", "c.dilate: smooths along time again, after c.gaussian"),
        (
            "a = [file_top_scale]\n" + RANK % ", steps: [{fake_only: {main: a, check: b}}]",
            "c.fake_only: compares main: a with absolute thresholds, after file_top_scale rescaled it",
        ),
        (
            "a = [{to: logit}, {site_hour_prior: {artefact: p.npz, allow_seen: true}}]\n" + RANK % "",
            "a.site_hour_prior: allow_seen",
        ),
        (
            "a = [{isotonic: {fit: {labels: l.csv, folds: 5}}}]\n" + PROB % "",
            "a.isotonic: each of 5 folds gets a map of its own",
        ),
    ],
)
def test_findings(streams: str, said: str) -> None:
    assert any(text.startswith(said) or said in text for text in found(streams)), found(streams)


@pytest.mark.parametrize(
    "streams",
    [
        "a = [sharpen]\n" + PROB % "",  # an arithmetic blend sees what sharpening does
        "a = [sharpen, clip]\n" + RANK % "",  # which values lie beyond the ends depends on what came before
        "a = [sharpen, gaussian]\n" + RANK % "",  # smoothing mixes sharpened chunks
        "a = [sharpen]\n" + RANK % ", steps: [{fake_only: {main: a, check: b}}]",  # a gate reads its values
        "a = [{to: logit}, {platt: {fit: {labels: l.csv, folds: 5}}}]\n" + RANK % "",  # another map in every fold
    ],
)
def test_what_does_matter_is_not_called_idle(streams: str) -> None:
    assert not [text for text in found(streams) if "cannot change AUC" in text]


def test_what_cannot_run_in_parts() -> None:
    texts = found(RANK % ", steps: [rare_suppression]", sharded=True)
    assert any(t.startswith("c: `by: rank` needs all recordings at once; `quantile_map`") for t in texts)
    assert any(t.startswith("c.rare_suppression: needs all recordings at once") for t in texts)
    assert not any("at once" in t for t in found(RANK % ""))
