"""Files that people name are looked for before any work; what is said once is said once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from blendkit.cli._compile_notice import announced
from blendkit.cli._given_paths import PATH, GivenPath
from blendkit.cli._options import PLACE, OutPlace
from blendkit.cli._stopping import Stopped
from blendkit.cli.commands.search import search
from blendkit.cli.top import cli
from blendkit.core.compiling import _LISTENERS
from blendkit.errors import BlendkitError

# May not exist yet, or have a message of their own that says more.
NOT_YET = {"data", "kaggle", "store", "audio", "folder", "files", "path"}


def commands(group: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every command below a group."""
    if not isinstance(group, click.Group):
        yield name, group
        return
    context = click.Context(group)
    for own in group.list_commands(context):
        found = group.get_command(context, own)
        assert found is not None
        yield from commands(found, f"{name} {own}")


def test_every_option_that_takes_a_file_looks_for_it() -> None:
    every = [(n, p) for n, c in commands(cli, "blendkit") for p in c.params]
    plain = {f"{n} {p.name}" for n, p in every if isinstance(p.type, click.Path) and p.name not in NOT_YET}
    assert plain == set()
    assert sum(isinstance(p.type, GivenPath) for _, p in every) > 50
    assert sum(isinstance(p.type, OutPlace) for _, p in every) > 20
    assert all(p.type is PLACE or p.name == "files" for _, p in every if isinstance(p.type, click.Path))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("lables.csv", "--labels: there is no file 'lables.csv' (did you mean 'labels.csv'?)"),
        ("LABELS.csv", "--labels: there is no file 'LABELS.csv', but 'labels.csv': they differ in letter case"),
        ("none/l.csv", "--labels: there is no folder none"),
        ("lost.npz:y", "--labels: there is no file 'lost.npz'"),
    ],
)
def test_a_missing_file_is_said_with_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, said: str
) -> None:
    (tmp_path / "labels.csv").touch()
    monkeypatch.chdir(tmp_path)
    option = click.Option(["--labels"], type=PATH)
    with pytest.raises(BlendkitError) as caught:
        option.type_cast_value(click.Context(click.Command("x")), given)
    assert str(caught.value) == said
    for there in ("labels.csv", "labels.csv:class", "s3://bucket/l.csv"):
        assert option.type_cast_value(click.Context(click.Command("x")), there) == Path(there)


def test_compiling_is_announced_once_in_a_command() -> None:
    @click.command()
    def twice() -> None:
        for _ in range(2):
            with announced(False):
                _LISTENERS[-1]()

    for _ in range(2):  # and again in the next command
        assert CliRunner().invoke(twice).stderr.count("compiling exact kernels") == 1


@pytest.mark.parametrize(("more", "said"), [((), "with --looks FILE"), (("--looks", "l.jsonl"), "is in l.jsonl")])
def test_a_stopped_search_says_how_it_goes_on(
    monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...], said: str
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise Stopped

    monkeypatch.setattr("blendkit.offline.search_recipe", stopped)
    with pytest.raises(Stopped), CliRunner().isolation() as (_, err, _both):
        search.main(["recipe", "r.yaml", *more], standalone_mode=False)
    assert said in err.getvalue().decode()
