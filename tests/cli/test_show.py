"""How commands print: events that any JSON reader takes, tables whose figures stand in line."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest

from blendkit.cli._lazy_group import LazyGroup
from blendkit.cli._show import event, print_table, show_statuses
from blendkit.cli.top import cli
from blendkit.store import Stored

ROOT = Path(__file__).parents[2]


def strict(text: str) -> Any:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_an_event_never_holds_what_is_no_json(capsys: pytest.CaptureFixture[str]) -> None:
    given = {"a": math.nan, "b": [math.inf, 1.5, np.float64("nan")], "c": {"d": (-math.inf, "nan", None, 2)}}
    event("any", given)
    line = strict(capsys.readouterr().out)
    assert line["payload"] == {"a": None, "b": [None, 1.5, None], "c": {"d": [None, "nan", None, 2]}}
    assert (line["event"], line["spec_version"]) == ("any", 1)


@pytest.mark.parametrize(
    "cells",
    [
        (0.5, 12), ("0.123456", "-1"), ("+0.0012", ""), ("12 %", "5%"), ("0.1 .. 0.2", "-0.1 .. +0.2"), (None, 3),
        ("[0.100, 0.200]", "[0.1, 0.3]"), ("+0.010 [-0.020, +0.040]", ""), ("1,234", "7"), ("0.900000", "0.1 to 0.2"),
    ],
)  # fmt: skip
def test_figures_stand_at_the_right(cells: tuple[object, object], capsys: pytest.CaptureFixture[str]) -> None:
    print_table("", ["name", "a wide header of figures", "end"], [("x", cells[0], "e"), ("y", cells[1], "e")])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.strip()]
    end = lines[0].index("figures") + len("figures")
    for line, cell in zip(lines[-2:], cells, strict=True):
        text = "" if cell is None else str(cell)
        assert line[:end].endswith(text)


@pytest.mark.parametrize("cells", [("frog", "12"), ("r1_5", "r2_5"), ("2 of 3", "1"), ("never above", "50%")])
def test_words_stay_at_the_left(cells: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    print_table("", ["name", "a wide header of words"], [("x", cells[0]), ("y", cells[1])])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.strip()]
    start = lines[0].index("a wide")
    assert [line[start:].startswith(c) for line, c in zip(lines[-2:], cells, strict=True)] == [True, True]


def test_names_made_of_digits_are_names(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("", ["the class column", "n"], [("22961", 1), ("43", 2)])
    assert capsys.readouterr().out.splitlines()[-2].startswith((" 22961", "22961", " 43", "43"))


# --- what help and documents say of commands -----------------------------------------------------


def commands(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


COMMANDS = dict(commands())


def options_of(command: click.Command) -> set[str]:
    return {o for p in command.params for o in (*p.opts, *p.secondary_opts)} | {"--help", "--version"}


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_option_and_command_has_a_help_of_its_own(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            text = parameter.help or ""
            assert len(text.split()) > 1 or parameter.name == "help", f"{' '.join(path)} {parameter.opts}: {text!r}"
            assert text[0].isupper() or text.startswith(("probe.json", "solutions")), text
            assert text.endswith("."), text


TEXTS = [*ROOT.glob("*.md"), *ROOT.glob("examples/**/*.md"), *ROOT.glob("members/*.md"), *ROOT.glob("recipes/*.yaml"),
         *(ROOT / "blendkit").rglob("*.py"), *(ROOT / "members").glob("*.py")]  # fmt: skip


@pytest.mark.parametrize("path", TEXTS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_commands_and_options_that_texts_name_exist(path: Path) -> None:
    text = re.sub(r"\\\n\s*", "", path.read_text(encoding="utf-8"))
    for call in re.findall(r"`(blendkit [^`\n]+)`|^\s*(blendkit [a-z][^\n#`]*)", text, re.MULTILINE):
        words = (call[0] or call[1]).split()[1:]
        names: tuple[str, ...] = ()
        while words and (*names, words[0]) in COMMANDS:
            names = (*names, words.pop(0))
        where = f"{path.name}: {' '.join(('blendkit', *names, *words))}"
        if not names:
            assert call[1] or not words or not re.fullmatch(r"[a-z][a-z-]+", words[0]), where
            continue
        for word in words:
            if re.fullmatch(r"--[a-z][a-z-]*", word):
                assert word in options_of(COMMANDS[names]), where


def test_groups_are_lazy() -> None:
    assert isinstance(cli, LazyGroup)
    assert isinstance(COMMANDS["fit",], LazyGroup)


def test_a_name_of_a_file_breaks_no_line_and_colours_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("", ["recording", "note"], [("a\nb", "\x1b[31mred"), ("[bold]c\u00e9\U0001f600", "")])
    said = capsys.readouterr().out
    assert "a\\nb" in said
    assert "\\x1b[31mred" in said
    assert "[bold]c\u00e9\U0001f600" in said
    assert "\x1b" not in said


def test_of_many_recordings_the_odd_ones_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    ok = {f"fine{i}": Stored("k", 1, "ok", "", 5.0) for i in range(70)}
    show_statuses({**ok, "broken1": Stored("k", 0, "unreadable", "why", 0.0)}, json_out=False)
    said = capsys.readouterr().out
    assert "broken1" in said
    assert "fine1" not in said
    assert "71 recordings: 70 ok, 1 unreadable" in said
    show_statuses({f"bad{i}": Stored("k", 0, "unreadable", "why", 0.0) for i in range(70)}, json_out=False)
    assert "and 10 more" in capsys.readouterr().out
    show_statuses(ok, json_out=False)
    assert capsys.readouterr().out == "70 recordings: 70 ok\n"


def test_an_empty_column_is_left_out_and_figures_are_never_broken(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    from blendkit.cli._tables import interval_cell, print_table

    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    cells = interval_cell(0.861313, 0.8421, 0.8803), interval_cell(0.0123456, -0.0042, 0.0211, sign="+")
    assert cells == ("0.861313 [.8421, .8803]", "+0.012346 [-.0042, +.0211]")
    names = ["a long name of a model of birds", "b"]
    header = ["source", "macro-AUC", "mean of folds", "- a long name of a model of birds", "p (Holm)"]
    print_table("", header, [(names[0], cells[0], "", "", ""), (names[1], cells[0], "", cells[1], "0.0312")])
    said = click.unstyle(capsys.readouterr().out)
    assert "mean of folds" not in said
    assert all(len(line) <= 80 for line in said.splitlines())
    assert said.count(cells[0]) == 2
    assert said.count(cells[1]) == 1
    for word in " ".join(names).split():
        assert word in said.split()


def test_rows_are_stacked_where_a_table_would_cut_figures_or_names(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    rows = [("perch_probes", "0.861313 [.8421, .8803]", ""), ("noisy_student", "0.8 [.7, .9]", "-0.06 [-.11, -.01]")]
    shown = {}
    for width in (61, 50):  # 12 letters of a name, 23 and 18 of figures, and a letter between each: 55
        monkeypatch.setenv("COLUMNS", str(width))
        print_table("", ["source", "macro-AUC", "- perch_probes"], rows)
        shown[width] = click.unstyle(capsys.readouterr().out)
    assert shown[50] == (
        "source: perch_probes\n"
        "  macro-AUC: 0.861313 [.8421, .8803]\n"
        "source: noisy_student\n"
        "  macro-AUC: 0.8 [.7, .9]\n"
        "  - perch_probes: -0.06 [-.11, -.01]\n"
    )
    assert "source: " not in shown[61]
    assert all(cell in shown[61] for row in rows for cell in row)


def test_an_interval_that_is_not_known_is_left_out():
    from blendkit.cli._tables import interval_cell

    assert interval_cell(0.5, float("nan"), float("nan")) == "0.500000"


def test_words_of_a_narrow_table_are_broken_at_their_marks() -> None:
    from blendkit.cli._breakable import broken_lines

    source = "blendkit 0.1.0 (blendkit_members.birdnet_seqhead:birdnet_seqhead)"
    assert broken_lines(source, 31) == ["blendkit 0.1.0", "(blendkit_members.", "birdnet_seqhead:", "birdnet_seqhead)"]
    assert broken_lines(source, 15) == [
        "blendkit 0.1.0", "(blendkit_", "members.", "birdnet_", "seqhead:", "birdnet_", "seqhead)",
    ]  # fmt: skip
    assert broken_lines("start_time and end_time", 14) == ["start_time and", "end_time"]
    assert broken_lines("nothingtobreak", 5) == ["nothi", "ngtob", "reak"]
    assert broken_lines("", 5) == [""]
