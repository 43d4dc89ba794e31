"""A FHIR server for tests, strict where the standards are: SMART Backend Services, bulk export, search by patient.

It runs in a thread, on a port that the system chooses. Time is the test's: waiting moves it on.
"""

from __future__ import annotations

import gzip
import json
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from stepwell.fetch import Clock

FHIR = "application/fhir+json"
CLIENT = "stepwell-test-client"
_FORM = "application/x-www-form-urlencoded"
_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_HAS_NO_PATIENT = {"Patient", "Medication", "Group"}


@dataclass
class Time:
    """A clock that stands still until somebody waits."""

    now: float = 1_790_000_000.0
    waits: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now, self.sleep)


@dataclass
class Reply:
    """An answer: its status, content and headers. `cut`: only so many bytes of it are sent before the connection ends."""

    status: int = 200
    content: object = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None

    def body(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else json.dumps(self.content).encode()


def outcome(status: int, code: str, **headers: str) -> Reply:
    """An OperationOutcome whose text names a patient, as some do."""
    issue = {"severity": "error", "code": code, "diagnostics": "Patient Jane Roe 555-0100"}
    return Reply(status, {"resourceType": "OperationOutcome", "issue": [issue]}, headers)


class FhirServer:
    """Serves `resources`. Its attributes say what kind of server it is."""

    def __init__(self, time: Time, resources: list[dict], jwks: dict):
        self.time, self.keys = time, KeySet.import_key_set(jwks)
        self.resources: dict[str, dict[str, dict]] = {}
        for resource in resources:
            self.resources.setdefault(resource["resourceType"], {})[resource["id"]] = resource
        self.needs_sign_in = True
        self.token_life = 300
        self.granted: str | None = None
        self.export: str | None = "POST"
        self.export_level = "Patient"
        self.n_polls = 2
        self.page = 2
        self.is_epic = False
        self.packs = False
        self.ignores_patient = False
        self.files_need_token = True
        self.not_offered: set[str] = set()
        self.refused: set[str] = set()
        self.deleted: list[str] = []
        self.errors: list[dict] = []
        self.configuration: dict = {}
        self.fhir_version = "4.0.1"
        self.log: list[tuple[str, str, str]] = []
        self.tokens: dict[str, float] = {}
        self.jobs: dict[str, dict] = {}
        self.is_deleted: list[str] = []
        self.faults: list[tuple[str, str, Reply | None]] = []
        self.problems: list[str] = []
        self._used: set[str] = set()
        handler = type("Handler", (_Handler,), {"site": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def base(self) -> str:
        return f"{self.root}/fhir"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def fail(self, method: str, part: str, *replies: Reply | None) -> None:
        """The next requests with this method, whose path holds `part`, get these answers; None: the usual one."""
        self.faults += [(method, part, reply) for reply in replies]

    def asked(self, method: str, part: str) -> list[str]:
        """The paths with their queries that were asked for."""
        return [path for m, path, _ in self.log if m == method and part in path]

    def answer(self, method: str, path: str, headers, body: bytes) -> Reply:
        """The answer to one request."""
        self.log.append((method, path, headers.get("Authorization", "")))
        for i, (m, part, reply) in enumerate(self.faults):
            if m == method and part in path:
                del self.faults[i]
                if reply is not None:
                    return reply
                break
        where = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(where.query).items()}
        parts = unquote(where.path).strip("/").split("/")
        if parts == ["token"]:
            return self._token(method, headers, body)
        if parts[0] == "fhir" and parts[1:] == [".well-known", "smart-configuration"]:
            return self._smart()
        if parts[1:] == ["metadata"]:
            return self._metadata()
        wants_token = self.needs_sign_in and (parts[0] != "files" or self.files_need_token)
        if wants_token and self.tokens.get(headers.get("Authorization", "")[7:], 0) <= self.time.now:
            return outcome(401, "login")
        if not wants_token and headers.get("Authorization"):
            self.problems.append(f"a token was sent to {path}, which did not ask for one")
        if parts[0] == "files":
            return self._file(parts[1], parts[2])
        if parts[1] == "jobs":
            return self._job(method, parts[2])
        if parts[-1] == "$export":
            return self._start(method, "/".join(parts[1:-1]), query, headers, body)
        if len(parts) == 3:
            return self._read(parts[1], parts[2])
        return self._search(parts[1], query)

    def _smart(self) -> Reply:
        told = {
            "token_endpoint": f"{self.root}/token",
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
            "scopes_supported": ["system/*.rs"],
        }
        return Reply(200, told | self.configuration)

    def _token(self, method: str, headers, body: bytes) -> Reply:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        try:
            assert method == "POST", method
            assert headers.get("Content-Type") == _FORM
            assert form["grant_type"] == "client_credentials"
            assert form["client_assertion_type"] == _BEARER
            assert form["scope"] in self._smart().content["scopes_supported"], form["scope"]
            told = jwt.decode(form["client_assertion"], self.keys, algorithms=["ES384", "RS384"])
            claims = told.claims
            assert claims["iss"] == claims["sub"] == CLIENT
            assert claims["aud"] == f"{self.root}/token", claims["aud"]
            assert self.time.now < claims["exp"] <= self.time.now + 300, claims["exp"]
            assert claims["jti"] not in self._used, "the assertion was used before"
            self._used.add(claims["jti"])
        except (AssertionError, JoseError, KeyError, ValueError) as error:
            self.problems.append(f"{type(error).__name__}: {error}")
            return Reply(400, {"error": "invalid_client", "error_description": f"{form.get('client_assertion')}"})
        token = f"token-{len(self.tokens)}-s3cr3t"
        self.tokens[token] = self.time.now + self.token_life
        told = {"access_token": token, "token_type": "bearer", "expires_in": self.token_life}
        return Reply(200, told | {"scope": self.granted or form["scope"]})

    def _metadata(self) -> Reply:
        kinds = [{"type": kind} for kind in sorted(set(ALL) - self.not_offered)]
        return Reply(
            200,
            {
                "resourceType": "CapabilityStatement",
                "fhirVersion": self.fhir_version,
                "rest": [{"mode": "server", "resource": kinds}],
            },
        )

    def _start(self, method: str, level: str, query: dict, headers, body: bytes) -> Reply:
        if self.export is None or level != self.export_level:
            return outcome(404, "not-found")
        if method != self.export:
            return outcome(405, "not-supported")
        if headers.get("Prefer") != "respond-async":
            return outcome(400, "invalid")
        if method == "POST":
            found = json.loads(body)["parameter"]
            query = {p["name"]: p.get("valueString") or p["valueInstant"] for p in found}
        number = str(len(self.jobs))
        self.jobs[number] = {"left": self.n_polls, "asked": query}
        return Reply(202, b"", {"Content-Location": f"{self.base}/jobs/{number}"})

    def _job(self, method: str, number: str) -> Reply:
        if number not in self.jobs:
            return outcome(404, "not-found")
        job = self.jobs[number]
        if method == "DELETE":
            del self.jobs[number]
            self.is_deleted.append(number)
            return Reply(202)
        if job["left"]:
            job["left"] -= 1
            return Reply(202, b"", {"Retry-After": "7", "X-Progress": "working"})
        asked = job["asked"]["_type"].split(",")
        output = []
        for kind, found in self.resources.items():
            if kind in asked:
                half = (len(found) + 1) // 2
                for part, n in enumerate((half, len(found) - half)):
                    if n:
                        output.append({"type": kind, "url": f"{self.root}/files/{number}/{kind}.{part}", "count": n})
        error = [{"type": "OperationOutcome", "url": f"{self.root}/files/{number}/errors"}] if self.errors else []
        deleted = [{"type": "Bundle", "url": f"{self.root}/files/{number}/deleted"}] if self.deleted else []
        told = {
            "transactionTime": "2026-11-29T00:00:00Z",
            "request": f"{self.base}/$export",
            "requiresAccessToken": self.files_need_token,
            "output": output,
            "error": error,
        }
        return Reply(200, told | ({"deleted": deleted} if deleted else {}))

    def _file(self, number: str, name: str) -> Reply:
        if number not in self.jobs:
            return outcome(404, "not-found")
        if name == "errors":
            lines = self.errors
        elif name == "deleted":
            entries = [{"request": {"method": "DELETE", "url": ref}} for ref in self.deleted]
            lines = [{"resourceType": "Bundle", "type": "transaction", "entry": entries}]
        else:
            kind, part = name.split(".")
            found = list(self.resources[kind].values())
            half = (len(found) + 1) // 2
            lines = found[half:] if int(part) else found[:half]
        content = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        if self.packs:
            return Reply(200, gzip.compress(content), {"Content-Encoding": "gzip"})
        return Reply(200, content, {"Content-Type": "application/fhir+ndjson"})

    def _read(self, kind: str, id_: str) -> Reply:
        if kind in self.refused:
            return outcome(403, "forbidden")
        found = self.resources.get(kind, {}).get(id_)
        return Reply(200, found) if found else outcome(404, "not-found")

    def _search(self, kind: str, query: dict) -> Reply:
        if kind in self.refused:
            return outcome(403, "forbidden")
        if self.is_epic and "_lastUpdated" in query:
            return outcome(400, "not-supported")
        if self.is_epic and kind == "Observation" and "category" not in query:
            return outcome(400, "required")
        if "_include" in query:
            self.problems.append("the client relied on _include")
        found = list(self.resources.get(kind, {}).values())
        if "patient" in query and not self.ignores_patient and kind not in _HAS_NO_PATIENT:
            about = {"reference": f"Patient/{query['patient']}"}
            found = [r for r in found if about in (r.get("subject"), r.get("patient"))]
        if kind == "Questionnaire" and "url" in query:
            found = [r for r in found if r.get("url") == query["url"]]
        start = int(query.get("_page", 0)) * self.page
        links = [{"relation": "self", "url": f"{self.base}/{kind}?" + "&".join(f"{k}={v}" for k, v in query.items())}]
        if start + self.page < len(found):
            query["_page"] = str(int(query.get("_page", 0)) + 1)
            links.append({"relation": "next", "url": f"{kind}?" + "&".join(f"{k}={v}" for k, v in query.items())})
        entries = [{"resource": r} for r in found[start : start + self.page]]
        if self.is_epic:  # it sends its warnings among the records
            entries.append({"resource": outcome(200, "business-rule").content, "search": {"mode": "outcome"}})
        return Reply(200, {"resourceType": "Bundle", "type": "searchset", "link": links, "entry": entries})


ALL = (
    "Patient",
    "Group",
    "Condition",
    "Medication",
    "MedicationRequest",
    "MedicationDispense",
    "Observation",
    "QuestionnaireResponse",
    "Procedure",
    "Encounter",
    "AllergyIntolerance",
)


class _Handler(BaseHTTPRequestHandler):
    site: FhirServer
    protocol_version = "HTTP/1.1"
    timeout = 10
    wbufsize = -1  # headers and content in one packet

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        reply = self.site.answer(self.command, self.path, self.headers, body)
        content = reply.body()
        with suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(reply.status)
            for name, value in {"Content-Type": FHIR, **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content if reply.cut is None else content[: reply.cut])
        if reply.cut is not None:
            self.close_connection = True

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815

    def log_message(self, *_) -> None:
        pass
