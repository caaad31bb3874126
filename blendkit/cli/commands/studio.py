"""`blendkit studio`."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blendkit.cli._compile_notice import announced
from blendkit.cli._data_options import offline
from blendkit.cli._given_paths import PATH
from blendkit.cli._options import OUT_FOLDER, set_option

if TYPE_CHECKING:
    from blendkit.offline import Place

_EXAMPLES = (
    "a recipe, from its saved logits and score files: blendkit studio eos7.yaml --audio RECORDINGS",
    "a run's folder, with all of its members: blendkit studio out/eos7 --data DATA",
    "a score file: blendkit studio scores.csv --labels labels.csv",
)


@click.command()
@click.argument("source", required=False, metavar="SOURCE")
@click.option("--labels", type=PATH, help="Labels, in any form `eval` takes (default: those of the recipe).")
@click.option("--taxonomy", type=PATH, help="Taxonomy that names the classes which --labels may hold.")
@click.option("--audio", type=PATH, help="Folder of the recordings, to listen to; nothing outside it is read.")
@click.option(
    "--answers", type=OUT_FOLDER, default=Path("studio_answers"), show_default=True, help="Folder for your answers."
)
@click.option("--review", type=PATH, help="A review's folder or table: its clips are listened to and answered there.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on this machine (default: a free one).")
@click.option("--no-browser", is_flag=True, help="Print the address and open no browser.")
@set_option
@offline
def studio(
    source: str | None, labels: Path | None, taxonomy: Path | None, audio: Path | None, answers: Path,
    review: Path | None, port: int, no_browser: bool, overrides: tuple[str, ...], place: Place,
) -> None:  # fmt: skip
    """Move a blend by hand and listen to chunks, in a browser on this machine.

    SOURCE is a recipe (from its saved logits), a run's folder or a score file. Every setting shows its exact figure on
    one half of the recordings with that of a held-out half beside it. Answers to chunks become labels. The server
    listens on 127.0.0.1 alone, and the address that is printed holds a token: whoever has it can use the studio.
    """
    from blendkit.errors import BlendkitError
    from blendkit.offline import Labels
    from blendkit.studio import Serving, StudioFiles, open_studio, serve_studio
    from blendkit.temporaries import scratch_folder

    if source is None:
        raise BlendkitError("the studio needs a source", list(_EXAMPLES))
    taken = Serving.take(port)
    given = None if labels is None else Labels(labels, taxonomy)
    with taken.socket, scratch_folder() as scratch:
        with announced(False):
            opened = open_studio(
                source, given, StudioFiles(audio, answers, review), place=place, overrides=overrides,
                scratch=Path(scratch),
            )  # fmt: skip
        for note in opened.material.notes:
            click.echo(f"note: {note}")
        serve_studio(opened, taken, lambda url: _started(url, not no_browser))


def _started(url: str, browser: bool) -> None:
    click.echo(f"studio at {url}")
    click.echo("Ctrl-C ends it; answers are saved as they are given")
    if browser:
        webbrowser.open(url)
