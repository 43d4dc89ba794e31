"""Signing in: the assertion, the token's life, keys, and that no secret is written or said anywhere."""

from __future__ import annotations

import json
import logging

import pytest
from typer.testing import CliRunner

from stepwell.cli import app
from stepwell.errors import QuestionError, UnfinishedError
from stepwell.fetch import public_key_set
from stepwell.sources.fhir.fetched import find_unfetched

pytest.importorskip("joserfc", reason="joserfc is not installed: pip install 'stepwell[fhir]'")
from fhir_server import CLIENT, Reply
from joserfc.jwk import ECKey, OctKey, RSAKey
from records import fetched, held, records

INVALID = Reply(400, {"error": "invalid_client", "error_description": "s3cr3t Jane Roe"})


def test_the_server_of_these_tests_refuses_an_assertion_that_is_used_twice(serve, key, time):
    from stepwell.fetch.keys import read_key

    server = serve()
    signed = read_key(key)

    def ask(assertion: str) -> int:
        form = server._token(
            "POST",
            {"Content-Type": "application/x-www-form-urlencoded"},
            (
                "grant_type=client_credentials&scope=system/*.rs&client_assertion_type="
                f"urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion={assertion}"
            ).encode(),
        )
        return form.status

    good = signed.assertion(CLIENT, f"{server.root}/token", time.now)
    assert ask(good) == 200
    assert ask(good) == 400
    assert ask(signed.assertion(CLIENT, server.root, time.now)) == 400
    assert ask(signed.assertion("another", f"{server.root}/token", time.now)) == 400
    assert ask(signed.assertion(CLIENT, f"{server.root}/token", time.now - 400)) == 400
    assert ask(good[:-8] + "AAAAAAAA") == 400
    assert len(server.problems) == 5
    server.problems.clear()


def test_a_token_endpoint_that_fails_now_and_then_is_asked_again(serve, get, tmp_path, time):
    server = serve(*records())
    server.fail("POST", "/token", INVALID, Reply(503, b"", {"Retry-After": "17"}), Reply(200, b"<html>"))
    get(server)
    assert fetched(tmp_path / "out") == held(*records())
    assert 17 in time.waits
    assert len(server.tokens) == 1


def test_a_client_that_is_not_known_is_told_what_to_do(serve, get, tmp_path):
    server = serve(*records())
    server.fail("POST", "/token", *[INVALID] * 4)
    with pytest.raises(QuestionError) as caught:
        get(server)
    text = str(caught.value)
    assert "answered 400 (invalid_client)" in text
    assert "stepwell fhir jwks" in text
    assert "s3cr3t" not in text
    assert list(tmp_path.iterdir()) == []
    server.fail("POST", "/token", *[Reply(500)] * 4)
    with pytest.raises(UnfinishedError, match="answered 500 without a token"):
        get(server)


@pytest.mark.parametrize(
    ("configuration", "found"),
    [
        ({"token_endpoint": "http://other.invalid/token"}, "names no token_endpoint with https"),
        ({"token_endpoint": None}, "names no token_endpoint with https"),
        ({"token_endpoint_auth_methods_supported": ["client_secret_basic"]}, "does not offer private_key_jwt"),
        ({"token_endpoint_auth_signing_alg_values_supported": ["RS384"]}, "does not take ES384"),
    ],
)
def test_a_server_that_signs_in_otherwise_is_named(serve, get, configuration, found):
    with pytest.raises(QuestionError, match=found) as caught:
        get(serve(configuration=configuration))
    assert "what to do:" in str(caught.value)


def test_an_older_server_is_asked_for_its_older_scope(serve, get):
    old = {"scopes_supported": ["system/*.read"]}
    get(serve(*records(), configuration=old))  # the server takes no scope that it does not support
    get(serve(*records(), configuration={"scopes_supported": ["system/Patient.rs"]}), "b", scope="system/Patient.rs")


@pytest.mark.parametrize(
    ("granted", "lacking"),
    [
        ("system/*.rs", []),
        ("openid system/*.*", []),
        ("system/Patient.read system/Condition.cruds", ["Procedure"]),
        ("system/Patient.rs system/Condition.r system/Procedure.rs?code=x", ["Condition", "Procedure"]),
        ("openid", []),
    ],
)
def test_an_export_may_leave_out_what_the_client_may_not_read(serve, get, tmp_path, granted, lacking):
    done = get(serve(*records(), granted=granted), types=("Patient", "Condition", "Procedure"))
    assert json.loads((tmp_path / "out/fetch.json").read_text())["not_granted"] == lacking
    assert any("may not read all of" in note for note in done.notes) == bool(lacking)
    assert find_unfetched(tmp_path / "out").types == set(lacking)


def test_no_secret_is_written_or_said(serve, get, tmp_path, key, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    server = serve(*records())
    server.fail("GET", "/MedicationRequest.1", *[Reply(500)] * 6)
    said = []
    with pytest.raises(UnfinishedError) as caught:
        get(server)
    said.append(str(caught.value))
    unfinished = [file for file in (tmp_path / "out.partial").rglob("*") if file.is_file()]
    said += [file.read_text("utf-8") for file in unfinished]
    get(server)
    files = [file for file in (tmp_path / "out").rglob("*") if file.is_file()]
    assert unfinished
    assert files
    shown = capsys.readouterr()
    said += [file.read_text("utf-8") for file in files] + [caplog.text, shown.out, shown.err]
    secret = ECKey.import_key(key.read_bytes()).as_dict(private=True)["d"]
    used = [token.removeprefix("Bearer ") for _, _, token in server.log if token]
    assert used
    for text in said:
        assert secret not in text
        assert "BEGIN" not in text
        assert str(key) not in text
        assert not any(token in text for token in used)
    state = (tmp_path / "out/fetch.json").read_text()
    assert "/jobs/" not in state, "the address of a job may be a secret, and is needed no longer"
    elsewhere = [path for _, path, token in server.log if token and not path.startswith(("/fhir", "/files"))]
    assert not elsewhere, "the token goes to the FHIR server only"


def test_jwks_prints_the_public_key_only(key, tmp_path):
    private = ECKey.import_key(key.read_bytes()).as_dict(private=True)
    done = CliRunner().invoke(app, ["fhir", "jwks", "--key", str(key)])
    assert done.exit_code == 0
    (public,) = json.loads(done.output)["keys"]
    assert (public["x"], public["y"]) == (private["x"], private["y"])
    assert (public["alg"], public["use"], public["kty"], public["crv"]) == ("ES384", "sig", "EC", "P-384")
    assert "d" not in public
    jwk = tmp_path / "key.jwk"
    rsa = RSAKey.generate_key(2048, {"kid": "mine"})
    jwk.write_text(json.dumps({"keys": [rsa.as_dict(private=True)]}))
    (public,) = public_key_set(jwk)["keys"]
    assert (public["alg"], public["kid"], set(public) & {"d", "p", "q", "dp", "dq", "qi"}) == ("RS384", "mine", set())


def _short_rsa() -> bytes:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return rsa.generate_private_key(65537, 1024).private_bytes(serialization.Encoding.PEM, form, none)


def _file(tmp_path, content: bytes):
    file = tmp_path / "some.key"
    file.write_bytes(content)
    return file


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (lambda: ECKey.generate_key("P-256").as_pem(private=True), "holds a key of another kind"),
        (_short_rsa, "holds a key of another kind"),
        (lambda: ECKey.generate_key("P-384").as_pem(private=False), "holds a public key only"),
        (lambda: ECKey.generate_key("P-384").as_pem(private=True, password="x"), "is protected by a password"),
        (lambda: json.dumps(OctKey.generate_key(256).as_dict()).encode(), "holds no key that can be read"),
        (lambda: b"s3cr3t", "holds no key that can be read"),
        (lambda: b'{"keys": [1]}', "holds no key that can be read"),
        (lambda: b"x" * (1 << 21), "is no key"),
    ],
)
def test_a_key_that_cannot_be_used_is_named_and_not_shown(tmp_path, content, found):
    file = _file(tmp_path, content())
    with pytest.raises(QuestionError, match=found) as caught:
        public_key_set(file)
    text = str(caught.value)
    assert str(file) in text
    assert "P-384 (ES384), or RSA of 2048 bits" in text
    assert "openssl ecparam" in text
    assert "s3cr3t" not in text
    assert caught.value.__cause__ is None
