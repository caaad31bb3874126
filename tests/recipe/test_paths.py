from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from blendkit.errors import BlendkitError
from blendkit.member import MemberContext
from blendkit.member.protocol import DataFile
from blendkit.recipe import filled_recipe
from blendkit.recipe.load import parse_recipe
from blendkit.recipe.plan import Plan, make_plan
from blendkit.recipe.recipe_files import DataFolder, check_files, named_files
from blendkit.scoring.identity import grid_of, member_facts, tta_of

TEXT = """\
recipe: 1
name: demo
members:
  p: {use: table, path: scores/p.csv, space: prob}
  z:
    use: table
    path: z.csv
    space: logit
    steps:
      - {site_hour_prior: {fit: {labels: l.csv, folds: 5}}, id: one}
      - {site_hour_prior: {artefact: prior.npz}, id: two}
      - {site_hour_prior: {fit: l.csv}, id: three}
blends:
  c: {by: rank, of: {p: 1, z: 1}}
output: c
"""
FILES = ["scores/p.csv", "z.csv", "l.csv", "prior.npz"]


def plan(text: str = TEXT) -> Plan:
    return make_plan(parse_recipe(text, "r.yaml"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    for name in FILES:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")
    (tmp_path / "secret.csv").write_text("x", encoding="utf-8")
    return root


def test_every_file_a_plan_needs_is_named() -> None:
    assert sorted(name for _, name in named_files(plan())) == sorted([*FILES, "l.csv"])


def test_files_are_found_below_the_data_folder(data: Path) -> None:
    found = check_files(plan(), DataFolder(data))
    assert {p.relative_to(data.resolve()).as_posix() for p in found.paths.values()} == set(FILES)
    assert found.paths["members", "p", "path"] == (data / "scores/p.csv").resolve()
    assert all(p.is_absolute() for p in found.paths.values())


def test_every_missing_file_is_listed_with_its_key_and_the_nearest(data: Path) -> None:
    (data / "z.csv").rename(data / "zz.csv")
    (data / "prior.npz").unlink()
    with pytest.raises(BlendkitError) as caught:
        check_files(plan(), DataFolder(data))
    found = list(caught.value.problems)
    assert len(found) == 2
    assert found[0].startswith("r.yaml:7: members.z.path: ")
    assert "'z.csv'" in found[0]
    assert "did you mean 'zz.csv'" in found[0]
    assert "r.yaml:11: members.z.steps[1].site_hour_prior.artefact" in found[1]
    # saved logits stand for the file of a member
    assert (
        check_files(plan(TEXT.replace("prior.npz", "l.csv")), DataFolder(data), spare=["z"]).of_member("z", "path")
        == []
    )


def test_every_file_of_a_list_is_needed_and_given_in_its_order(data: Path) -> None:
    text = "recipe: 1\nname: d\nmembers:\n  s: {use: sed, folds: [z.csv, scores/p.csv]}\noutput: s\n"
    found = check_files(plan(text), DataFolder(data)).of_member("s", "folds")
    assert found == [(data / "z.csv").resolve(), (data / "scores/p.csv").resolve()]
    with pytest.raises(BlendkitError) as caught:
        check_files(plan(text.replace("z.csv", "zz.csv")), DataFolder(data))
    (problem,) = caught.value.problems
    assert problem.startswith("r.yaml:4: members.s.folds[0]: ")


def test_files_that_members_find_themselves(data: Path, tmp_path: Path) -> None:
    def lost() -> Path:
        raise BlendkitError("no package", ["install it"])

    found = plan("recipe: 1\nname: d\nmembers:\n  p: {use: table, path: z.csv, space: prob}\noutput: p\n")
    own = found.members["p"]
    for find, named in ((lambda: tmp_path / "own", True), (lost, False)):
        files = {**own.files, "weights": DataFile(find=find), "labels": DataFile()}
        found.members["p"] = replace(own, files=files, params={**own.params, "weights": None})
        if named:
            assert check_files(found, DataFolder(data)).of_member("p", "weights") == [tmp_path / "own"]
            continue
        with pytest.raises(BlendkitError) as caught:
            check_files(found, DataFolder(data))
        assert list(caught.value.problems) == ["r.yaml:4: members.p: no package", "install it"]
        assert check_files(found, DataFolder(data), spare=["p"]).of_member("p", "weights") == []
        found.members["p"] = replace(own, files=files, params={**own.params, "weights": "z.csv"})
        assert check_files(found, DataFolder(data)).of_member("p", "weights") == [(data / "z.csv").resolve()]


@pytest.mark.parametrize("name", ["../secret.csv", "scores/../../secret.csv", "/etc/hostname", ".."])
def test_paths_that_leave_the_folder_are_refused(data: Path, name: str) -> None:
    with pytest.raises(BlendkitError, match=r"leaves the data folder.*--allow-outside") as caught:
        DataFolder(data).find(name)
    assert repr(name) in str(caught.value)
    with pytest.raises(BlendkitError, match="leaves the data folder"):
        check_files(plan(TEXT.replace("path: z.csv", f"path: {name}")), DataFolder(data))


def test_a_link_out_of_the_folder_is_refused(data: Path) -> None:
    (data / "link.csv").symlink_to(data.parent / "secret.csv")
    with pytest.raises(BlendkitError, match="leaves the data folder"):
        DataFolder(data).find("link.csv")


def test_paths_may_leave_where_that_is_allowed(data: Path) -> None:
    folder = DataFolder(data, outside=True)
    assert folder.find("../secret.csv") == (data.parent / "secret.csv").resolve()
    found = check_files(plan(TEXT.replace("path: z.csv", "path: ../secret.csv")), folder)
    assert found.paths["members", "z", "path"].name == "secret.csv"


@pytest.mark.parametrize("name", ["scores/../z.csv", "./z.csv", "scores/./p.csv"])
def test_detours_inside_the_folder_are_fine(data: Path, name: str) -> None:
    assert DataFolder(data).require(name).is_file()


def test_an_absolute_path_inside_the_folder_is_fine(data: Path) -> None:
    assert DataFolder(data).require(str(data.resolve() / "z.csv")).is_file()


def test_a_neighbour_with_the_folders_name_in_front_is_outside(data: Path) -> None:
    """`data2` starts with `data`, but does not lie in it."""
    (data.parent / "data2").mkdir()
    with pytest.raises(BlendkitError, match="leaves the data folder"):
        DataFolder(data).find("../data2/x.csv")


@pytest.mark.parametrize("name", ["scores", "nowhere/p.csv", ""])
def test_what_is_no_file_is_missing(data: Path, name: str) -> None:
    with pytest.raises(BlendkitError, match="is not in"):
        DataFolder(data).require(name)


HASHED = "recipe: 1\nname: demo\nmembers:\n  p: {{use: table, path: z.csv, space: prob{}}}\noutput: p\n"


def hashed(stated: str, data: Path) -> str:
    text = HASHED.format(f", sha256: {stated}" if stated else "")
    try:
        check_files(plan(text), DataFolder(data))
    except BlendkitError as error:
        return str(error)
    return ""


def test_a_file_must_have_the_hash_that_is_stated(data: Path) -> None:
    right = hashlib.sha256((data / "z.csv").read_bytes()).hexdigest()
    assert hashed(right, data) == ""
    assert hashed(f"{{path: {right.upper()}}}", data) == ""
    assert hashed(f"{{path: [{right}]}}", data) == ""
    for stated in (f"{{path: {'f' * 64}}}", f"'{'f' * 64}'"):
        said = hashed(stated, data)
        assert "r.yaml: files are not those that `sha256:` states" in said
        assert f"members.p.sha256.path: z.csv is another file: expected {'f' * 64}, found {right}" in said


def test_hashes_that_fit_no_file(data: Path) -> None:
    right = hashlib.sha256((data / "z.csv").read_bytes()).hexdigest()
    assert "no file of 'table'; its files: path" in hashed(f"{{model: {right}}}", data)
    assert "2 hashes for 1 files" in hashed(f"{{path: [{right}, {right}]}}", data)
    for wrong in ("abc", "{path: 12}", "[]", "{path: [[1]]}", "{}", "0" * 64):
        assert "members.p.sha256: expected a SHA-256 of 64 hexadecimal digits" in hashed(wrong, data)


def test_a_hash_does_not_change_what_logits_depend_on(data: Path) -> None:
    facts = []
    for stated in ("", f", sha256: {hashlib.sha256((data / 'z.csv').read_bytes()).hexdigest()}"):
        made = plan(HASHED.format(stated))
        files = check_files(made, DataFolder(data))
        context = MemberContext(classes=("a",))
        facts.append(
            member_facts(
                made.members["p"], files, context, tta_of(made.recipe.model.members["p"]), grid_of(made, context)
            )
        )
        assert ("sha256" in filled_recipe(made)["members"]["p"]) == bool(stated)
    assert facts[0] == facts[1]
