"""Shell completion, and the groups of `blendkit --help`."""

from __future__ import annotations

import click
import pytest
from click.shell_completion import ShellComplete

from blendkit.cli.top import GROUPS, TOP_COMMANDS, cli


def completed(*args: str) -> list[str]:
    *before, typed = args
    return [item.value for item in ShellComplete(cli, {}, "blendkit", "_X").get_completions(before, typed)]


@pytest.mark.parametrize(
    ("args", "offered"),
    [
        (("wha",), "whatif"),
        (("members", "show", "birdn"), "birdnet"),
        (("ops", "show", "gauss"), "gaussian"),
        (("recipes", "show", "eos"), "eos7"),
        (("run", "eos"), "eos7"),
        (("search", "line", "eos"), "eos7"),
        (("score", "per"), "perch"),
        (("blend", "a.csv", "--member", "per"), "perch"),
        (("eval", "a.csv", "--format", "rav"), "raven"),
        (("detect", "a.csv", "--format", "kal"), "kaleidoscope"),
        (("whatif", "eos7", "--share", ""), "eos7.seqhead="),
        (("run", "eos7", "--set", "members.seqhead.st"), "members.seqhead.steps.site_hour_prior.strength="),
        (("whatif", "eos7", "--sweep", "blends."), "blends.eos7.of="),
        (("whatif", "eos7", "--sweep", "seqhead."), "seqhead.gaussian.sigma="),  # the short form
    ],
)
def test_names_are_completed(args: tuple[str, ...], offered: str):
    found = completed(*args)
    assert offered in found
    assert all(f.startswith(args[-1]) for f in found)


def test_no_address_is_offered_of_what_is_no_recipe():
    assert completed("whatif", "no_recipe.yaml", "--share", "") == []
    assert completed("whatif", "--share", "") == []


def test_where_no_recipe_has_the_name_the_shell_offers_files():
    items = ShellComplete(cli, {}, "blendkit", "_X").get_completions(["run"], "my_fold")
    assert [(i.type, i.value) for i in items] == [("file", "my_fold")]


def test_every_command_has_one_group_and_help_shows_it():
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(TOP_COMMANDS)
    text = cli.get_help(click.Context(cli, info_name="blendkit", max_content_width=80))
    starts = [text.index(f"\n{job.capitalize()}:\n") for job in GROUPS]
    assert starts == sorted(starts)
    assert all(len(line) <= 80 for line in text.splitlines())
