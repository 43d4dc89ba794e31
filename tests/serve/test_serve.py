"""A result in the browser: every page is found, nobody else can ask for it, nothing of it is logged."""

from __future__ import annotations

import http.client
import re
import socket
import threading
from html import unescape
from urllib.parse import quote, urlsplit

import pytest
from record_shapes import SHAPES

from stepwell.errors import QuestionError
from stepwell.runner import run
from stepwell.serve import Served
from stepwell.serve.pages import Pages

DEFINITIONS = ["us-label", "fabbri-2021", "sforzini-2022"]


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    place = tmp_path_factory.mktemp("served")
    return run(SHAPES["all definitions"].write(place / "records"), place / "result", definitions=DEFINITIONS)


@pytest.fixture(scope="module")
def served(result):
    one = Served(result)
    thread = threading.Thread(target=one.run)
    thread.start()
    yield one
    one.stop()
    thread.join()


def ask(served: Served, path: str, *, home: str | None = None, method: str = "GET", host: str | None = None):
    """The status, headers and text that are answered to a path under the secret address."""
    address = urlsplit(served.address)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    headers = {"Host": host} if host else {}
    connection.request(method, (address.path if home is None else home) + path, headers=headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, dict(answer.getheaders()), text


@pytest.mark.parametrize(
    "page", ["", "report", "programme", "compare", "person/ann", "candidacy/ann", "definition/us-label"]
)
def test_every_page_is_answered_and_kept_by_nobody(served, page):
    status, headers, text = ask(served, page)
    assert status == 200
    assert ("988" in text) == (page != "compare")
    assert headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "<script" not in text


def test_every_link_of_the_first_page_leads_to_a_page(served):
    _, _, text = ask(served, "")
    links = {unescape(link) for link in re.findall(r'href="([^"]*)"', text)}
    home = urlsplit(served.address).path
    own = {link for link in links if link.startswith(home)}
    assert own >= {home + "person/ann", home + "report"}
    for link in own:
        status, _, text = ask(served, link.removeprefix(home))
        assert status == 200 or "no dated record" in text, link


def test_people_are_found_by_a_part_of_their_id_and_by_verdict(served, result):
    everybody = {p["source_person_id"] for p in result.table("person").to_pyarrow().to_pylist()}
    assert "ann" in everybody

    def found(query: str) -> set[str]:
        text = ask(served, f"?{query}")[2]
        return {unescape(one) for one in re.findall(r'/person/[^"]*">([^<]*)</a>', text)}

    assert found("") == everybody
    assert found("person=AN") == {one for one in everybody if "an" in one.lower()}
    assert found("person=nobody-of-this-name") == set()
    by_verdict = {
        verdict: found(f"definition=us-label%401&verdict={quote(verdict)}") for verdict in ("met", "unknown", "not met")
    }
    assert set.union(*by_verdict.values()) == everybody
    assert sum(map(len, by_verdict.values())) == len(everybody)
    verdicts = {
        r["verdict"]
        for r in result.rows_of("determination", result.person_id("ann"))
        if r["definition"] == "us-label@1"
    }
    assert "ann" in by_verdict[verdicts.pop()]


def test_what_is_not_there_is_said_without_a_traceback(served):
    for path in (
        "person/no-such-person",
        "definition/no-such",
        "candidacy/nobody",
        "person/",
        "secret",
        "../../etc/passwd",
    ):
        status, _, text = ask(served, path)
        assert status == 404, path
        assert "Traceback" not in text


def test_what_is_asked_is_escaped(served):
    _, _, text = ask(served, "?person=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_a_fault_of_stepwell_names_its_type_only(result, monkeypatch):
    def broken(*_):
        raise KeyError("ann was born in 1970")

    monkeypatch.setattr("stepwell.serve.pages.render_person", broken)
    page = Pages(result, "/home/").answer("person/ann", {})
    assert page.status == 500
    assert "KeyError" in page.html
    assert "1970" not in page.html


def test_nobody_asks_without_the_address_or_in_another_name(served):
    guessed, _, text = ask(served, "", home="/")
    assert guessed == 404
    assert "ann" not in text
    port = urlsplit(served.address).port
    assert ask(served, "", host=f"evil.example:{port}")[0] == 404
    assert ask(served, "", host=f"localhost:{port}")[0] == 200
    assert ask(served, "", method="POST")[0] == 501
    assert ask(served, "", method="HEAD")[2] == ""


def test_two_results_have_different_addresses_on_this_machine_only(result, served):
    other = Served(result)
    assert urlsplit(other.address).path != urlsplit(served.address).path
    assert other._server.server_address[0] == "127.0.0.1"
    with pytest.raises(QuestionError, match="cannot be served"):
        Served(result, urlsplit(other.address).port)
    other._server.server_close()


def test_a_browser_that_goes_away_is_no_fault_and_nothing_is_logged(served, capfd):
    address = urlsplit(served.address)
    with socket.create_connection((address.hostname, address.port)) as half:
        half.sendall(b"GET " + address.path.encode() + b"report HTTP/1.0\r\nHost: 127.0.0.1\r\n")
    assert ask(served, "person/ann")[0] == 200
    printed = capfd.readouterr()
    assert printed.out + printed.err == ""
