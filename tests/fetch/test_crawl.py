"""Patient by patient: servers without a bulk export, and those that search as Epic does."""

from __future__ import annotations

import json

import pytest

from stepwell.errors import QuestionError, SourceError, UnfinishedError
from stepwell.fetch import Request, fetch
from stepwell.sources.fhir.fetched import find_unfetched

pytest.importorskip("joserfc", reason="joserfc is not installed: pip install 'stepwell[fhir]'")
from fhir_server import CLIENT, Reply, outcome
from records import PEOPLE, entries, fetched, held, items, records
from resources import of, patient, request

GROUP = {
    "resourceType": "Group",
    "id": "g1",
    "member": [
        {"entity": {"reference": "Patient/ann"}},
        {"entity": {"reference": "Patient/bob"}, "inactive": True},
        {"entity": {"reference": "Practitioner/cyd"}},
    ],
}


def of_ann(*resources: dict) -> dict[str, set[str]]:
    """What there is of ann, and of nobody."""
    about = [r.get("subject", {}).get("reference", "Patient/ann") for r in resources]
    return held(
        *(r for r, ref in zip(resources, about, strict=True) if ref == "Patient/ann" and r["id"] not in ("bob", "cyd"))
    )


def test_without_an_export_every_patient_is_searched_page_by_page(serve, get, tmp_path):
    server = serve(*records(), *items(), export=None, page=2)
    done = get(server)
    assert fetched(tmp_path / "out") == held(*records(), *items())
    assert done.how == "patient by patient"
    assert server.asked("GET", "_page=1"), "there were further pages"
    tried = server.asked("POST", "$export")
    assert tried == ["/fhir/Patient/$export", "/fhir/$export"]
    assert len(server.asked("GET", "/Medication/")) == 1, "one Medication is read once"


def test_as_epic_answers(serve, get, tmp_path):
    """No `_include`, no Observation without a category, no `_lastUpdated`, warnings among the records, drugs by their words."""
    by_words = request("words", "bob", medicationReference={"display": "sertraline 50 mg tablet"})
    del by_words["medicationCodeableConcept"]
    made = [*records(), *items(), by_words]
    server = serve(*made, GROUP, export=None, is_epic=True, refused={"QuestionnaireResponse"})
    get(server, group="g1")
    assert fetched(tmp_path / "out") == of_ann(*made)
    without = [path for path in server.asked("GET", "/Observation?") if "category" not in path]
    assert len(without) == 1, "it is learnt once that a category is needed"
    get(serve(*made, export=None, is_epic=True), "all")
    assert fetched(tmp_path / "all") == held(*made)
    with pytest.raises(SourceError) as caught:
        get(server, "new", group="g1", since="2026-01-31T00:00:00Z")
    assert "with --since: answered 400 (not-supported)" in str(caught.value)
    assert "fetch without --since" in str(caught.value)


def test_a_server_that_takes_the_export_for_a_search_has_none(serve, get, tmp_path):
    """As Medplum's router does."""
    server = serve(*records(), export=None)
    server.fail("POST", "/fhir/$export", outcome(400, "invalid"))
    server.fail("GET", "/fhir/$export", Reply(200, {"resourceType": "Bundle", "type": "searchset", "total": 0}))
    assert get(server).how == "patient by patient"
    assert fetched(tmp_path / "out") == held(*records())


def test_listed_patients_are_fetched_without_trying_the_export(serve, get, tmp_path):
    listed = tmp_path / "ids.txt"
    listed.write_text("\ufeffann\r\n\r\nPatient/ann\nnobody\n", "utf-8")
    server = serve(*records(), *items())
    done = get(server, patients=listed)
    assert fetched(tmp_path / "out") == of_ann(*records(), *items())
    assert not server.asked("POST", "$export")
    assert "1 Patient resource was referred to or asked for, and the server did not give it." in done.notes
    text = (tmp_path / "out/fetch.json").read_text()
    assert "ann" not in text, "the ids that were asked for are not written down"
    assert entries(tmp_path / "out")[-1] == "fetch.json"


@pytest.mark.parametrize("stop", [KeyboardInterrupt, UnfinishedError, OSError])
def test_an_interrupted_crawl_goes_on_with_the_next_batch(serve, get, tmp_path, monkeypatch, stop, time, key):
    monkeypatch.setattr("stepwell.fetch.crawl._BATCH", 1)
    server = serve(*records(), *items(), export=None)
    if stop is UnfinishedError:
        server.fail("GET", "/Condition?patient=bob", *[Reply(503)] * 6)

    def progress(what, done, total):
        if stop is not UnfinishedError and (what, done) == ("patients", 1):
            raise stop

    kind = UnfinishedError if stop is not OSError else QuestionError
    with pytest.raises(kind):
        fetch(Request(server.base, CLIENT, key, one_by_one=True), tmp_path / "out", clock=time.clock, progress=progress)
    partial = tmp_path / "out.partial"
    assert not (tmp_path / "out").exists()
    assert fetched(partial)["Patient"] == {"ann"}
    assert not [name for name in entries(partial) if ".stepwell" in name]
    left = partial / "Patient.001.ndjson"  # as a kill may leave it, in the middle of naming a batch's files
    left.write_text(json.dumps(patient("bob")) + "\n")
    n = len(server.log)
    server.resources["Patient"]["new"] = patient("new")  # who came meanwhile is not asked for
    server.not_offered = {"Condition"}  # as a server may say that is not quite up again
    get(server, one_by_one=True)
    assert fetched(tmp_path / "out") == held(*records(), *items())
    assert not any("patient=ann" in path for _, path, _ in server.log[n:])
    assert entries(tmp_path) == ["out", *(f"out/{name}" for name in entries(tmp_path / "out"))]


def test_what_is_not_offered_or_refused_is_written_down(serve, get, tmp_path):
    server = serve(*records(), export=None, not_offered={"Procedure"}, refused={"Condition", "Medication"})
    done = get(server)
    state = json.loads((tmp_path / "out/fetch.json").read_text())
    assert "Procedure" in state["not_offered"]
    assert state["refused"] == {"Condition": len(PEOPLE)}
    assert state["not_found"] == {"Medication": 1, "Observation": 9}
    assert "The server refused 3 searches of Condition: what these records say is unknown." in done.notes
    assert not server.asked("GET", "/Procedure?")
    assert find_unfetched(tmp_path / "out").types == {"Condition", "Procedure"}, "the reader knows it"


def test_a_server_that_does_not_look_at_the_patient_or_at_the_day_is_noticed(serve, get):
    server = serve(*records(), export=None, ignores_patient=True, page=9)
    with pytest.raises(SourceError, match="records of several other patients"):
        get(server)
    self_link = [{"relation": "self", "url": "Condition?patient=ann"}]
    server = serve(*records(), export=None)
    found = {"resourceType": "Bundle", "link": self_link, "entry": []}
    server.fail("GET", "/Condition?patient=ann", Reply(200, found))
    done = get(server, "other", since="2026-01-31T00:00:00Z")
    assert "The server ignored --since: older records are there too." in done.notes


@pytest.mark.parametrize("export", ["POST", None])
def test_the_questionnaires_of_responses_are_read(serve, get, tmp_path, export):
    """By their address, by their id on this server, and not at all where the server has none of that address."""
    asked = [{"linkId": "q1", "code": [{"system": "http://loinc.org", "code": "44250-9"}]}]
    forms = [
        {"resourceType": "Questionnaire", "id": "a", "url": "http://forms.invalid/phq-9", "item": asked},
        {"resourceType": "Questionnaire", "id": "b", "url": "http://forms.invalid/other"},
        {"resourceType": "Questionnaire", "id": "c", "item": asked},
    ]
    server = serve(*forms, patient("ann"), export=export)
    names = (
        "http://forms.invalid/phq-9|2.0",
        f"{server.base}/Questionnaire/c",
        "Questionnaire/c",
        "#in",
        "http://x/none",
    )
    made = [of("QuestionnaireResponse", f"r{i}", "ann", questionnaire=name) for i, name in enumerate(names)]
    server.resources["QuestionnaireResponse"] = {r["id"]: r for r in made}
    done = get(server)
    assert fetched(tmp_path / "out")["Questionnaire"] == {"a", "c"}
    assert "1 Questionnaire resource was referred to or asked for, and the server did not give it." in done.notes


def test_numbers_stay_as_the_server_wrote_them(serve, get, tmp_path):
    server = serve(*records(), export=None)
    text = (
        '{"resourceType":"Condition","id":"x","e":[1.50,1e400,-0.0,1E+2,12345678901234567890],"t":"Zoë \\ud800 1.50"}'
    )
    found = f'{{"resourceType":"Bundle","entry":[{{"resource":{text}}}]}}'
    server.fail("GET", "/Condition?patient=ann", Reply(200, found.encode()))
    get(server, types=("Patient", "Condition"))
    line = (tmp_path / "out/Condition.000.ndjson").read_text("utf-8").splitlines()[0]
    assert line == text.replace("\\ud800", "?")


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        (Reply(200, b"<html>Patient Jane Roe</html>"), "search of Condition: the answer is no JSON object"),
        (Reply(200, {"resourceType": "Parameters"}), "search of Condition: the answer is no Bundle"),
        (Reply(302, b"", {"Location": "https://other.invalid/"}), "answered 302, a redirect"),
        (outcome(409, "conflict"), "search of Condition: answered 409 (conflict)"),
        (
            Reply(200, {"resourceType": "Bundle", "link": [{"relation": "next", "url": "https://other.invalid/x"}]}),
            "a link leads to another server",
        ),
    ],
)
def test_a_wrong_answer_is_said_without_its_words(serve, get, tmp_path, reply, found):
    server = serve(*records(), export=None)
    server.fail("GET", "/Condition?patient=ann", reply)
    with pytest.raises(SourceError) as caught:
        get(server)
    text = str(caught.value)
    assert found in text
    assert "expected:" in text
    assert "what to do:" in text
    for word in ("Jane", "ann", "token-", "other.invalid"):
        assert word not in text
    assert not (tmp_path / "out").exists()


def test_pages_that_go_round_end(serve, get):
    server = serve(*records(), export=None)
    link = [{"relation": "next", "url": "Condition?patient=ann&_page=7"}]
    turn = Reply(200, {"resourceType": "Bundle", "link": link, "entry": []})
    server.fail("GET", "/Condition?patient=ann", turn, turn)
    with pytest.raises(SourceError, match="its pages go round"):
        get(server)


def test_an_answer_that_is_too_large_is_not_asked_for_again(serve, get, monkeypatch):
    monkeypatch.setattr("stepwell.fetch.web.Answer.body.__defaults__", (200,))
    server = serve(*records(), export=None, needs_sign_in=False)
    with pytest.raises(SourceError, match="the answer is larger than 256 MB"):
        get(server)
    assert len(server.log) == 1
