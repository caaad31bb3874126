from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import blendkit as package
from blendkit.cli.top import TOP_COMMANDS as COMMANDS
from blendkit.recipe.find import packaged_recipes

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


def test_members(blendkit: Blendkit) -> None:
    assert {"onnx", "perch", "perch-seqhead", "table", "tone"} <= set(names(blendkit("members", "list", "--json")))
    listed = blendkit("members", "list").stdout
    assert "perch-seqhead" in listed
    assert f"blendkit {package.__version__} (blendkit_members.table:table)" in listed
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
