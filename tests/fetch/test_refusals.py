"""What is refused before anything is asked, or by the look of the server; the command line; and one run of what was fetched."""

from __future__ import annotations

import signal
import subprocess
import sys
from time import monotonic as clock
from time import sleep as pause

import pytest
from typer.testing import CliRunner

import stepwell
from stepwell.cli import app
from stepwell.errors import QuestionError, SourceError, UnfinishedError
from stepwell.fetch import Request, fetch

pytest.importorskip("joserfc", reason="joserfc is not installed: pip install 'stepwell[fhir]'")
from fhir_server import CLIENT, Reply, outcome
from records import PEOPLE, fetched, held, items, records
from resources import ndjson

BASE = "https://nowhere.invalid/fhir"
SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"base": "http://nowhere.invalid/fhir"}, "is no address that records may be fetched from"),
        ({"base": f"https://me:{SECRET}@nowhere.invalid"}, "is no address that records may be fetched from"),
        ({"base": f"https://nowhere.invalid/fhir?key={SECRET}"}, "is no address that records may be fetched from"),
        ({"base": "https://nowhere.invalid:99999/"}, "is no address that records may be fetched from"),
        ({"base": "ftp://nowhere.invalid/"}, "is no address that records may be fetched from"),
        ({"client": "c"}, "--client, --key: only one was given"),
        ({"since": "yesterday"}, "--since: is no instant"),
        ({"since": "2026-01-31"}, "--since: is no instant"),
        ({"group": "../x"}, "--group: is no FHIR id"),
        ({"group": "g", "patients": "ids"}, "--group, --patients: both were given"),
        ({"types": ()}, "--types: is no list of resource types"),
        ({"types": ("Patient", "x/y")}, "--types: is no list of resource types"),
        ({"scope": "a\nb"}, "--scope: is no scope"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_before_any_connection(tmp_path, asked, found):
    with pytest.raises(QuestionError) as caught:
        fetch(Request(**{"base": BASE, **asked}), tmp_path / "out")
    text = str(caught.value)
    assert found in text
    assert SECRET not in text
    assert list(tmp_path.iterdir()) == []


def test_all_problems_are_said_at_once(tmp_path):
    with pytest.raises(QuestionError) as caught:
        fetch(Request(BASE, since="x", group="/", types=()), tmp_path / "out")
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"Jane Roe\nann\nJohn Doe\n", "ids.txt, line 1: is no FHIR id"),
        (b"\n\n", "holds no id"),
        (b"\xff\xfea", "is no text in UTF-8"),
        (b"a b\n" * 9, "4 more lines are no ids"),
    ],
)
def test_a_list_of_patients_is_read_or_refused_whole(tmp_path, content, found):
    file = tmp_path / "ids.txt"
    file.write_bytes(content)
    with pytest.raises(QuestionError) as caught:
        fetch(Request(BASE, patients=file), tmp_path / "out")
    assert found in str(caught.value)
    assert "Jane" not in str(caught.value)


@pytest.mark.parametrize(
    ("how", "reply", "found"),
    [
        ({"fhir_version": "5.0.0"}, None, "is FHIR 5.0.0"),
        ({"fhir_version": "Jane Roe"}, None, "is FHIR another version"),
        ({}, Reply(200, {"resourceType": "Patient"}), "is no CapabilityStatement"),
        ({}, Reply(200, b"<html>Jane Roe</html>"), "metadata: the answer is no JSON object"),
        ({}, Reply(301, b"", {"Location": "https://other.invalid"}), "metadata: answered 301, a redirect"),
        ({"not_offered": {"Patient", "Condition"}}, None, "offers none of the types asked"),
    ],
)
def test_a_server_that_is_no_fhir_r4_is_named(serve, get, tmp_path, how, reply, found):
    server = serve(*records(), **how)
    if reply:
        server.fail("GET", "/metadata", reply)
    with pytest.raises(SourceError) as caught:
        get(server, types=("Patient", "Condition"))
    text = str(caught.value)
    assert found in text
    assert "Jane" not in text
    assert f"{server.root}, metadata" in text, "the host is named"
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_is_forbidden_is_no_reason_to_crawl(serve, get, tmp_path):
    server = serve(*records())
    server.fail("POST", "$export", outcome(403, "forbidden"))
    with pytest.raises(SourceError) as caught:
        get(server)
    assert "start of the export: answered 403 (forbidden)" in str(caught.value)
    assert "--one-by-one" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_asks_for_a_sign_in_is_named(serve, tmp_path, time):
    for one_by_one in (False, True):
        with pytest.raises(SourceError, match=r"answered 401 \(login\)") as caught:
            fetch(Request(serve(*records()).base, one_by_one=one_by_one), tmp_path / "out", clock=time.clock)
        assert "give --client and --key" in str(caught.value)


def test_without_the_package_that_signs(tmp_path, monkeypatch, key):
    for name in [name for name in sys.modules if name.startswith("joserfc")]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(QuestionError, match=r'pip install "stepwell\[fhir\]"'):
        fetch(Request(BASE, "c", key), tmp_path / "out")


def test_ctrl_c_says_how_to_go_on(serve, tmp_path):
    server = serve(*records(), n_polls=0, needs_sign_in=False)
    server.fail("GET", "/jobs/0", Reply(202, b"", {"Retry-After": "3600"}))
    asked = [sys.executable, "-m", "stepwell", "fhir", "fetch", server.base, "--no-auth", "--out", tmp_path / "out"]
    process = subprocess.Popen([*map(str, asked)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    until = clock() + 60
    while not server.asked("GET", "/jobs/0") and clock() < until:
        pause(0.05)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "run the same command again: it continues where it stopped" in said
    assert "Traceback" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["out.partial"]
    assert command("fhir", "fetch", server.base, "--no-auth", "--out", tmp_path / "out").exit_code == 0
    assert len(server.asked("POST", "$export")) == 1


def test_a_group_that_shows_nobody_is_named(serve, get):
    server = serve(*records(), {"resourceType": "Group", "id": "g"}, export=None)
    with pytest.raises(SourceError, match="shows no patient as its member"):
        get(server, group="g")
    with pytest.raises(SourceError, match=r"reading of the Group: answered 404 \(not-found\)"):
        get(server, group="other")


def test_another_question_does_not_go_on_in_the_same_folder(serve, get, tmp_path):
    server = serve(*records())
    get(server)
    with pytest.raises(QuestionError, match=r"differs in: since, types"):
        get(server, types=("Patient",), since="2026-01-31T00:00:00Z")
    server.fail("GET", "/MedicationRequest.1", *[Reply(500)] * 6)
    with pytest.raises(UnfinishedError):
        get(server, "other")
    with pytest.raises(QuestionError, match=r"other\.partial: holds what was fetched by another command"):
        get(server, "other", group="g")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(QuestionError, match="is no folder of stepwell fhir fetch"):
        get(server, "mine")
    assert [f.name for f in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_two_fetches_at_once_are_kept_apart(serve, get, tmp_path, time, key):
    server = serve(*records(), export=None)
    request = Request(server.base, CLIENT, key)

    def progress(what, done, total):
        if (what, done) == ("patients", 1):
            with pytest.raises(QuestionError, match="another fetch works there"):
                fetch(request, tmp_path / "out", clock=time.clock)

    fetch(request, tmp_path / "out", clock=time.clock, progress=progress)
    assert fetched(tmp_path / "out").keys() == held(*records()).keys()


def test_a_fetch_killed_between_its_last_write_and_the_name_of_its_folder_ends_well(serve, get, tmp_path):
    server = serve(*records())
    get(server)
    (tmp_path / "out").rename(tmp_path / "out.partial")
    assert get(server).was_there
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]
    assert fetched(tmp_path / "out").keys() == held(*records()).keys()


def test_a_server_that_is_gone_is_waited_for_and_then_named(serve, get, time):
    server = serve()
    server.close()
    with pytest.raises(UnfinishedError) as caught:
        get(server)
    assert "there was no answer" in str(caught.value)
    assert time.waits == [1, 2, 4, 8, 16]


def command(*arguments: object):
    return CliRunner().invoke(app, [*map(str, arguments)], env={"COLUMNS": "200"})


def test_on_the_command_line(serve, tmp_path, key):
    server = serve(*records(), n_polls=0, refused={"Medication"}, needs_sign_in=False)
    out = tmp_path / "out"
    done = command("fhir", "fetch", server.base, "--no-auth", "--out", out)
    assert done.exit_code == 0, done.output
    assert "Fetched by bulk export:" in done.output
    assert f"  MedicationRequest: {3 * len(PEOPLE)}" in done.output
    assert "The server does not offer: Claim, Coverage" in done.output
    assert "stepwell check" in done.output
    for wrong in (["--out", out], ["--out", out, "--no-auth", "--key", key], ["--out", out, "--client", "c"]):
        done = command("fhir", "fetch", server.base, *wrong)
        assert done.exit_code == 12, done.output
        assert "Traceback" not in done.output


@pytest.mark.long
@pytest.mark.parametrize("export", ["POST", None])
def test_what_was_fetched_is_judged_as_the_files_of_the_server(serve, get, tmp_path, export):
    made = [*records(), *items()]
    get(serve(*made, export=export))
    ndjson(tmp_path / "files", *made)
    both = [stepwell.run(tmp_path / name, definitions=["fabbri-2021"]) for name in ("out", "files")]
    for table in ("determination", "exposure", "measurement"):
        first, second = (sorted(map(str, r.table(table).to_pyarrow().to_pylist())) for r in both)
        assert first == second
        assert first
