"""The bulk export: start, wait, download, delete; and what happens when a part of it goes wrong."""

from __future__ import annotations

import json

import pytest

from stepwell.errors import SourceError, UnfinishedError

pytest.importorskip("joserfc", reason="joserfc is not installed: pip install 'stepwell[fhir]'")
from fhir_server import Reply, outcome
from records import entries, fetched, held, items, records

PAGE = b"<!DOCTYPE html><html><body>Patient Jane Roe 555-0100</body></html>"


@pytest.mark.parametrize(("method", "packs"), [("POST", False), ("GET", True)])
def test_everything_is_exported_once_and_the_job_is_deleted(serve, get, time, tmp_path, method, packs):
    # The items of the panel are not in this export: they are read by their ids.
    server = serve(*records(), *items(), export=method, packs=packs)
    done = get(server)
    assert fetched(tmp_path / "out") == held(*records(), *items())
    assert done.how == "bulk export"
    assert done.counts == {kind: len(ids) for kind, ids in held(*records(), *items()).items()}
    assert server.is_deleted == ["0"]
    assert [wait for wait in time.waits if wait == 7] == [7, 7], "the server asks to wait for seven seconds"
    assert len(server.asked("POST", "/token")) == 1
    assert not (tmp_path / "out.partial").exists()
    again = len(server.log)
    assert get(server).was_there
    assert len(server.log) == again, "what is there is not asked for again"


def test_files_on_another_kind_of_storage_get_no_token(serve, get, tmp_path):
    server = serve(*records(), files_need_token=False)  # the server notes a token that it did not ask for
    get(server)
    assert fetched(tmp_path / "out") == held(*records())


def test_a_file_may_lead_to_a_storage_elsewhere_without_the_token(serve, get, tmp_path):
    """As Oracle's exports do; `localhost` is another origin than `127.0.0.1`."""
    storage = serve(*records(), needs_sign_in=False)  # it notes a token that it did not ask for
    storage.jobs["0"] = {}
    server = serve(*records())
    away = {"Location": f"{storage.root.replace('127.0.0.1', 'localhost')}/files/0/Condition.0"}
    server.fail("GET", "/Condition.0", Reply(307, b"", away))
    get(server)
    assert fetched(tmp_path / "out") == held(*records())
    assert storage.asked("GET", "/files/0/Condition.0")
    for where in ("http://other.invalid/x", "/files/0/Condition.0", ""):
        server.fail("GET", "/Condition.0", Reply(307, b"", {"Location": where}))
        with pytest.raises(SourceError, match=r"file Condition.000.ndjson: answered 307, a redirect"):
            get(server, "other")


def test_a_group_is_exported_at_its_own_level(serve, get, tmp_path):
    server = serve(*records(), export_level="Group/g1")
    get(server, group="g1", types=("Patient", "Condition"))
    assert set(fetched(tmp_path / "out")) == {"Patient", "Condition"}


def test_busy_servers_are_waited_for(serve, get, time, tmp_path):
    server = serve(*records())
    server.fail("POST", "$export", outcome(429, "throttled", **{"Retry-After": "11"}))
    server.fail("GET", "/jobs/", outcome(503, "transient", **{"Retry-After": "13"}), Reply(502, PAGE))
    server.fail("GET", "/files/", Reply(500, PAGE), outcome(429, "throttled"))
    get(server)
    assert fetched(tmp_path / "out") == held(*records())
    assert {11, 13} <= set(time.waits)
    assert len(server.jobs) == 0
    assert server.is_deleted == ["0"], "a start that was refused is no second job"


@pytest.mark.parametrize(
    ("broken", "found"),
    [
        (lambda good: Reply(200, good, cut=len(good) // 2), "the connection ended before the answer was whole"),
        (lambda good: Reply(200, good[: len(good) - 9]), "a line is no whole JSON object"),
        (lambda good: Reply(200, good.split(b"\n")[0]), "has 1 lines, and 2 were announced"),
        (lambda good: Reply(200, PAGE, {"Content-Type": "text/html"}), "a line is no whole JSON object"),
        (lambda good: Reply(200, good.replace(b"Condition", b"Procedure")), "a line is a resource of another type"),
        (lambda good: Reply(200, good[:40], {"Content-Encoding": "gzip"}), "the connection ended"),
    ],
)
def test_a_file_is_taken_only_when_it_is_whole(serve, get, tmp_path, broken, found):
    two = [r for r in records() if r["resourceType"] == "Condition"][:2]
    good = b"".join(json.dumps(r).encode() + b"\n" for r in two)
    server = serve(*records())
    server.fail("GET", "/Condition.0", broken(good), broken(good))
    get(server)
    assert fetched(tmp_path / "out") == held(*records())
    server.fail("GET", "/Condition.0", *[broken(good)] * 4)
    with pytest.raises(UnfinishedError) as caught:
        get(server, "other")
    assert found in str(caught.value)
    assert "run the same command again" in str(caught.value)
    assert "Jane" not in str(caught.value)
    partial = tmp_path / "other.partial"
    assert not (tmp_path / "other").exists()
    assert not [name for name in entries(partial) if name.startswith(("Condition.000", ".stepwell"))]
    get(server, "other")  # the same command goes on
    assert fetched(tmp_path / "other") == held(*records())


def test_an_interrupted_export_goes_on_with_its_job(serve, get, tmp_path):
    server = serve(*records())
    server.fail("GET", "/MedicationRequest.1", *[Reply(500)] * 6)
    with pytest.raises(UnfinishedError):
        get(server)
    first = len(server.log)
    get(server)
    assert fetched(tmp_path / "out") == held(*records())
    later = [path for method, path, _ in server.log[first:] if "/files/" in path]
    earlier = [
        path for method, path, _ in server.log[:first] if "/files/" in path and "MedicationRequest.1" not in path
    ]
    assert earlier
    assert not set(later) & set(earlier), "a file that is there is not fetched again"
    assert not server.asked("POST", "$export")[1:]
    assert server.is_deleted == ["0"]


def test_a_job_that_the_server_has_forgotten_is_started_anew(serve, get, tmp_path):
    server = serve(*records())
    server.fail("GET", "/MedicationRequest.1", *[Reply(500)] * 6)
    with pytest.raises(UnfinishedError):
        get(server)
    server.jobs.clear()
    server.jobs["gone"] = {}  # so that the next job has another number
    del server.resources["Procedure"], server.resources["Condition"]["c-ann"]
    get(server)
    assert len(server.asked("POST", "$export")) == 2
    left = [r for r in records() if r["id"] not in ("p-ann", "c-ann")]
    assert fetched(tmp_path / "out") == held(*left), "nothing of the first export is left"


def test_an_export_that_failed_leaves_nothing_and_can_be_started_anew(serve, get, tmp_path):
    server = serve(*records())
    server.fail("GET", "/jobs/0", None, outcome(500, "exception"))
    with pytest.raises(UnfinishedError, match=r"export job: answered 500 \(exception\)") as caught:
        get(server)
    assert "it starts a new export" in str(caught.value)
    assert entries(tmp_path) == []
    get(server)
    assert fetched(tmp_path / "out") == held(*records())


def test_what_the_server_deleted_and_reports_is_kept_apart(serve, get, tmp_path):
    problem = outcome(200, "incomplete").content
    server = serve(*records(), deleted=["Condition/c-old", "MedicationRequest/r-old"], errors=[problem])
    done = get(server, since="2026-01-31T00:00:00Z")
    bundle = json.loads((tmp_path / "out/deleted/Bundle.000.ndjson").read_text())
    assert [e["request"]["url"] for e in bundle["entry"]] == ["Condition/c-old", "MedicationRequest/r-old"]
    state = json.loads((tmp_path / "out/fetch.json").read_text())
    assert state["deletions"] == "told"
    assert state["request"]["since"] == "2026-01-31T00:00:00Z"
    assert "The server reports 1 error (in error/): the export may be incomplete." in done.notes


def test_without_a_list_of_deletions_they_are_unknown(serve, get):
    done = get(serve(*records()), since="2026-01-31T00:00:00Z")
    assert "The server does not say which records were deleted since then: deletions are unknown." in done.notes


def test_an_expired_token_is_renewed_in_the_middle(serve, get, time, tmp_path):
    server = serve(*records(), token_life=20)  # a poll waits for seven seconds
    server.n_polls = 5
    get(server)
    assert fetched(tmp_path / "out") == held(*records())
    assert len(server.tokens) > 1
    refused = serve(*records())
    refused.fail("GET", "/files/0/Condition.0", outcome(401, "expired"))
    get(refused, "other")
    assert len(refused.tokens) == 2
    refused.fail("GET", "/files/0/Condition.0", *[outcome(401, "expired")] * 2)
    with pytest.raises(UnfinishedError, match=r"answered 401 \(expired\)"):
        get(refused, "third")


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda told, site: told["output"].append({"type": "../Patient", "url": "x"}), "a file without a type"),
        (lambda told, site: told["output"].append({"url": f"{site}/files/0/x"}), "a file without a type"),
        (lambda told, site: told["output"].append(7), "a file without a type"),
        (lambda told, site: told.pop("output"), "without a list of files"),
        (
            lambda told, site: told["output"][0].update(url="https://other.invalid/x"),
            "a link leads to another server",
        ),
        (
            lambda told, site: told.update(
                requiresAccessToken=False, output=[{"type": "Patient", "url": "http://other.invalid/x"}]
            ),
            "a file lies at an address without https",
        ),
    ],
)
def test_a_manifest_is_not_believed_blindly(serve, get, tmp_path, change, found):
    server = serve(*records(), n_polls=0)
    told = {"output": [{"type": "Patient", "url": f"{server.root}/files/0/Patient.0"}], "requiresAccessToken": True}
    change(told, server.root)
    server.fail("GET", "/jobs/0", Reply(200, told), Reply(200, told))
    with pytest.raises(SourceError) as caught:
        get(server)
    assert found in str(caught.value)
    assert not (tmp_path / "out").exists()
    sent = [path for _, path, token in server.log if token]
    assert all(path.startswith(("/fhir", "/files")) for path in sent)
