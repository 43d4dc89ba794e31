"""What stepwell did not write, it does not change, move or remove; what it writes appears whole or not at all."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
from pathlib import Path

import pytest
from typer.testing import CliRunner

import stepwell as package
from stepwell.cli import app
from stepwell.errors import QuestionError, StepwellError, UnfinishedError
from stepwell.folder import MARK
from stepwell.output import GENERATOR, check_file, new_file, new_folder, write_text
from stepwell.report import write_report
from stepwell.runner import run

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links and pipes are made as on POSIX")

PRECIOUS = "years of work\n"


def snapshot(folder: Path) -> dict[str, str | bytes]:
    """Everything below a folder: the bytes of files, where links lead."""
    return {
        str(path.relative_to(folder)): os.readlink(path)
        if path.is_symlink()
        else path.read_bytes()
        if path.is_file()
        else ""
        for path in sorted(folder.rglob("*"))
    }


def precious(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text(PRECIOUS)
    return folder


# --- the folder of a result ------------------------------------------------------------------------------------------


def unmarked(tmp_path):
    (precious(tmp_path / "out") / "run.json").write_text("{}")


def holds_notes(tmp_path, result):
    shutil.copytree(result.folder, tmp_path / "out")
    (tmp_path / "out" / "trial" / "notes.txt").write_text(PRECIOUS)
    precious(tmp_path / "out" / "records")


def holds_a_link(tmp_path, result):
    shutil.copytree(result.folder, tmp_path / "out")
    (tmp_path / "out" / "mine").symlink_to(precious(tmp_path / "elsewhere"))


def is_a_link(tmp_path):
    (tmp_path / "out").symlink_to(precious(tmp_path / "elsewhere"))


def leads_nowhere(tmp_path):
    (tmp_path / "out").symlink_to(tmp_path / "nowhere")


def is_a_file(tmp_path):
    (tmp_path / "out").write_text(PRECIOUS)


def partial_is_not_ours(tmp_path):
    precious(tmp_path / "out.partial" / "work")


def partial_is_a_link(tmp_path):
    (tmp_path / "out.partial").symlink_to(precious(tmp_path / "elsewhere"))


def partial_holds_notes(tmp_path):
    (precious(tmp_path / "out.partial") / MARK).touch()


def old_is_not_ours(tmp_path, result):
    shutil.copytree(result.folder, tmp_path / "out")
    precious(tmp_path / "out.old.partial")


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize(
    ("lay", "named"),
    [
        (unmarked, "out"), (holds_notes, "records, trial/notes.txt"), (holds_a_link, "mine"), (is_a_link, "is a link"),
        (leads_nowhere, "is a link"), (is_a_file, "is a file"), (partial_is_not_ours, "out.partial"),
        (partial_is_a_link, "out.partial"), (partial_holds_notes, "notes.txt"), (old_is_not_ours, "out.old.partial"),
    ],
)  # fmt: skip
def test_a_run_destroys_nothing_of_the_users(records, result, asked, tmp_path, lay, named, replace):
    lay(*((tmp_path, result) if "result" in lay.__code__.co_varnames else (tmp_path,)))
    before = snapshot(tmp_path)
    with pytest.raises(QuestionError) as caught:
        run(records, tmp_path / "out", replace_existing=replace, **asked)
    assert snapshot(tmp_path) == before
    if replace:
        assert named in str(caught.value)


def test_a_run_that_fails_destroys_nothing_of_the_users(asked, tmp_path):
    precious(tmp_path / "elsewhere")
    for name in ("out.old.partial", "out.partial.old", "out2.partial"):
        precious(tmp_path / name)
    before = snapshot(tmp_path)
    with pytest.raises(package.errors.SourceError):
        run(tmp_path / "nothing here", tmp_path / "out", **asked)
    assert snapshot(tmp_path) == before


def test_a_result_of_ours_is_replaced_with_the_pages_in_it(records, result, asked, tmp_path):
    shutil.copytree(result.folder, tmp_path / "out")
    write_text(tmp_path / "out" / "report.html", f"<head>{GENERATOR}</head>")
    run(records, tmp_path / "out", replace_existing=True, **asked)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert not (tmp_path / "out" / "report.html").exists()


@pytest.mark.parametrize("replace", [False, True])
def test_finished_work_is_kept_when_something_comes_in_its_way(records, result, asked, tmp_path, replace):
    if replace:
        shutil.copytree(result.folder, tmp_path / "out")

    def meanwhile(what, done, total):
        if what == "judging" and done == total:
            (tmp_path / "out").mkdir(exist_ok=True)
            (tmp_path / "out" / "notes.txt").write_text(PRECIOUS)

    with pytest.raises(UnfinishedError, match="notes.txt" if replace else "appeared meanwhile"):
        run(records, tmp_path / "out", replace_existing=replace, progress=meanwhile, **asked)
    assert (tmp_path / "out" / "notes.txt").read_text() == PRECIOUS
    assert list((tmp_path / "out.partial" / "work").glob("done-*"))
    (tmp_path / "out" / "notes.txt").unlink()
    if not replace:
        (tmp_path / "out").rmdir()
    run(records, tmp_path / "out", replace_existing=replace, **asked)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


# --- files: pages, tables, forms ------------------------------------------------------------------------------------


def existing(tmp_path):
    (tmp_path / "out.x").write_text(PRECIOUS)


def linked(tmp_path):
    existing(tmp_path)
    (tmp_path / "out.x").rename(tmp_path / "target")
    (tmp_path / "out.x").symlink_to("target")


def dangling(tmp_path):
    (tmp_path / "out.x").symlink_to("nowhere")


def pipe(tmp_path):
    os.mkfifo(tmp_path / "out.x")


COMMANDS = {
    "report": ("report", "{result}", "--out", "{out}"),
    "quality": ("quality", "{result}", "--out", "{out}"),
    "person": ("person", "{result}", "0", "--html", "{out}"),
    "programme": ("programme", "{result}", "--html", "{out}"),
    "candidacy": ("candidacy", "{result}", "0", "--html", "{out}"),
    "score": ("score", "phq-9", "{items}", "--out", "{out}"),
    "what-if": ("what-if", "--offer", "esketamine", "--after", "2", "--html", "{out}"),
    "validate": ("validate", "--html", "{out}"),
    "calibrate": ("calibrate", "--out", "{out}"),
    "calibrate --html": ("calibrate", "--html", "{out}"),
    "compare": ("compare", "{result}", "--out", "{out}"),
    "compare --vary": ("compare", "{records}", "--vary", "fabbri-2021", "--out", "{out}"),
    "definition new": ("definition", "new", "{out}.yaml"),
    "simulate": ("simulate", "--people", "2", "--out", "{out}"),
    "template": ("template", "{out}"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_overwrites_what_is_not_its_own(command, result, records, tmp_path):
    ending = ".yaml" if command == "definition new" else ""
    items = tmp_path / "items.csv"
    for lay in (existing, linked, dangling, *((pipe,) if command != "definition new" else ())):
        place = tmp_path / lay.__name__
        place.mkdir()
        lay(place)
        (place / "out.x").rename(place / f"out.x{ending}")
        items.write_text("person_id,1,2\na,1,2\n")
        before = snapshot(place)
        places = {"result": result.folder, "records": records, "items": items, "out": place / "out.x"}
        done = CliRunner().invoke(app, [part.format(**places) for part in COMMANDS[command]])
        assert done.exit_code == 12, (lay, done.output, done.exception)
        assert snapshot(place) == before


@pytest.mark.parametrize("command", COMMANDS)
def test_places_that_are_none_have_one_clear_message(command, result, records, tmp_path):
    items = tmp_path / "items.csv"
    items.write_text("person_id,1,2\na,1,2\n")
    out_of_place = [
        tmp_path / ("x" * 300),
        tmp_path / os.fsdecode(b"latin-\xe9"),
        items / "below a file",
        *([] if command in ("simulate", "template", "definition new") else [Path("/dev/full")]),
    ]
    for out in out_of_place:
        places = {"result": result.folder, "records": records, "items": items, "out": out}
        done = CliRunner().invoke(app, [part.format(**places) for part in COMMANDS[command]])
        assert done.exit_code == 12, (out, done.output, done.exception)
    assert [p.name for p in tmp_path.iterdir()] == ["items.csv"]


def test_run_says_of_such_places_what_is_wrong(records, asked, tmp_path):
    for out in (
        tmp_path / ("x" * 300),
        tmp_path / ("x" * 250),
        tmp_path / os.fsdecode(b"latin-\xe9"),
        tmp_path / "a" / "b" / ("x" * 300) / "c",
        Path("/dev/full"),
        Path("/dev/null/x"),
        Path("/proc/x"),
    ):
        with pytest.raises(QuestionError):
            run(records, out, **asked)
    assert list(tmp_path.iterdir()) == []


def test_a_page_of_ours_is_written_anew_and_every_page_says_that_it_is_ours(result, tmp_path):
    page = write_report(result, tmp_path / "page.html")
    page.chmod(0o600)
    write_report(result, page)
    assert page.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]
    heads = [p for p in Path(package.__file__).parent.rglob("*.j2") if "<!doctype" in p.read_text("utf-8").lower()]
    assert len(heads) >= 4
    for head in heads:
        text = head.read_text("utf-8")
        assert GENERATOR in text, head
        assert text.index(GENERATOR) < 4000


def test_replace_replaces_a_file_and_never_what_a_link_leads_to(tmp_path):
    existing(tmp_path)
    assert write_text(tmp_path / "out.x", "new", replace=True).read_text() == "new"
    linked(tmp_path)
    with pytest.raises(QuestionError, match="is a link"):
        write_text(tmp_path / "out.x", "newer", replace=True)
    assert (tmp_path / "target").read_text() == "years of work\n"


def half_a_file(out, error):
    with new_file(out, replace=True) as partial:
        partial.write_text("half")
        raise error


def half_a_folder(out, error):
    with new_folder(out) as partial:
        (partial / "half").write_text("half")
        raise error


def test_what_was_begun_is_taken_back(tmp_path):
    existing(tmp_path)
    before = snapshot(tmp_path)
    for error in (KeyboardInterrupt(), OSError(28, "No space left on device")):
        for half, out in ((half_a_file, "out.x"), (half_a_folder, "a/b")):
            with pytest.raises((KeyboardInterrupt, QuestionError)):
                half(tmp_path / out, error)
    assert snapshot(tmp_path) == before
    assert check_file(tmp_path / "new") == tmp_path / "new"


def test_folders_that_were_made_above_a_result_go_with_it(records, asked, tmp_path):
    """A run that fails takes them back; one that is kept to be continued, and one that succeeds, leave them."""
    deep = tmp_path / "a" / "b" / "out"
    with pytest.raises(StepwellError):
        run(tmp_path / "nowhere", deep, **asked)
    assert list(tmp_path.iterdir()) == []

    def breaks(what, done, total):
        raise UnfinishedError("The database is gone.", [])

    with pytest.raises(UnfinishedError):
        run(records, deep, progress=breaks, **asked)
    assert (tmp_path / "a" / "b" / "out.partial").is_dir()
    run(records, deep, **asked)
    (tmp_path / "a" / "of the user").touch()
    with pytest.raises(StepwellError):
        run(tmp_path / "nowhere", tmp_path / "a" / "c" / "out", **asked)
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == ["b", "of the user"]
    assert [p.name for p in deep.parent.iterdir()] == ["out"]


@pytest.mark.parametrize("name", ["", ".", "..", "/", "x/"])
def test_a_new_definition_needs_a_file_name(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["definition", "new", "--", name])
    assert done.exit_code == 12, done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [("template", "out"), ("definition", "new", "out.yaml")])
def test_a_full_disk_leaves_nothing_that_was_begun(stepwell, tmp_path, command):
    def no_room():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60, 60))

    quiet = {"PYTHONDONTWRITEBYTECODE": "1"}  # or a file of bytecode would be cut off
    done = stepwell(*command, cwd=tmp_path, before=no_room, environment=quiet)
    assert done.returncode == 12, done.stderr
    assert re.search("File too large", done.stderr)
    assert list(tmp_path.iterdir()) == []
