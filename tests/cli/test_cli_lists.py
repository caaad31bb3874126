from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import click

import blendkit as package
from blendkit.cli._gate_options import RULES
from blendkit.cli._options import OutPlace
from blendkit.cli.top import TOP_COMMANDS as COMMANDS
from blendkit.cli.top import cli
from blendkit.recipe.find_recipe import packaged_recipes

Blendkit = Callable[..., subprocess.CompletedProcess[str]]


def names(done: subprocess.CompletedProcess[str]) -> list[str]:
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(e["spec_version"] == 1 and e["event"] == "entry" and e["timestamp"] for e in events)
    assert all(e["payload"]["summary"] for e in events)
    return [e["payload"]["name"] for e in events]


def test_help_lists_the_commands(blendkit: Blendkit) -> None:
    done = blendkit("--help")
    assert done.returncode == 0
    for name, (_, text) in COMMANDS.items():
        assert name in done.stdout
        assert text in " ".join(done.stdout.split())  # long ones are wrapped
    assert blendkit("--version").stdout.strip() == f"blendkit, version {package.__version__}"


def test_every_command_explains_itself(blendkit: Blendkit) -> None:
    for name in COMMANDS:
        done = blendkit(name, "--help")
        assert done.returncode == 0
        assert "Usage:" in done.stdout


def _commands(group: click.Command, path: str = "") -> dict[str, click.Command]:
    if not isinstance(group, click.Group):
        return {path.strip(): group}
    context = click.Context(group)
    found = {n: group.get_command(context, n) for n in group.list_commands(context)}
    return {k: c for n, own in found.items() if own is not None for k, c in _commands(own, f"{path} {n}").items()}


def test_every_command_looks_at_the_place_of_its_output_first() -> None:
    outputs = {"--out", "--csv", "--ledger-file"}
    found = {n: [p for p in c.params if outputs & set(p.opts)] for n, c in _commands(cli).items()}
    writing = {n for n, own in found.items() if own}
    assert {"run", "score", "probe", "convert", "whatif", "fit student", "pseudolabel rounds", "model slim"} <= writing
    others = {f"{n} {p.opts[0]}" for n, own in found.items() for p in own if not isinstance(p.type, OutPlace)}
    assert others == set()


def test_rounds_have_the_rules_of_gate() -> None:
    found = _commands(cli)
    gate, rounds = ({o for p in found[f"pseudolabel {n}"].params for o in p.opts} for n in ("gate", "rounds"))
    rules = {f"--{r.replace('_', '-')}" for r in RULES}
    assert rules <= gate & rounds
    assert {"--negative-below", "--floor", "--cap", "--top", "--whole-rows"} <= rules


def test_members(blendkit: Blendkit) -> None:
    assert {"onnx", "perch", "perch-seqhead", "table", "tone"} <= set(names(blendkit("members", "list", "--json")))
    listed = blendkit("members", "list").stdout
    assert "perch-seqhead" in listed
    assert f"blendkit {package.__version__.partition('+')[0]} (blendkit_members.table:table)" in listed
    shown = blendkit("members", "show", "perch").stdout
    for part in ("Perch v2 by ONNX path", "normalise", "default", "slim"):
        assert part in shown


def test_ops(blendkit: Blendkit) -> None:
    wanted = {"direct", "gaussian", "logit", "prob", "rank", "site_hour_prior", "sum", "taxonomy_mean", "three_tap"}
    assert wanted <= set(names(blendkit("ops", "list", "--json")))
    shown = blendkit("ops", "show", "site_hour_prior").stdout
    assert shown.startswith("site_hour_prior: step, scope file, classwise, spaces logit, monotone no")
    for part in ("strength", "k_site_hour", "0.5", "4.0"):  # its own parameters and those of its fit
        assert part in shown
    assert blendkit("ops", "show", "rank").stdout.startswith("rank: blend, scope set, classwise, gives rank")


def test_recipes(blendkit: Blendkit) -> None:
    found = names(blendkit("recipes", "list", "--json"))
    assert found == list(packaged_recipes())
    assert {"eos7", "mean", "rank_blend", "seqhead_v4", "seqhead_v7"} <= set(found)
    assert blendkit("recipes", "show", "eos7").stdout == packaged_recipes()["eos7"]


def test_packaged_recipes_name_their_sources() -> None:
    for name, text in packaged_recipes().items():
        assert text.startswith(f"# {name}: "), name
        assert "Needs, below --data:" in text, name
