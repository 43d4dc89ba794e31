"""A FHIR server in a thread, a client's key, and `fetch` with a clock that never waits."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stepwell.fetch import Request, fetch, public_key_set

here = Path(__file__).parent
sys.path[:0] = [str(here), str(here.parent / "sources" / "fhir")]  # importlib mode leaves them out
_WHY = "joserfc is not installed: pip install 'stepwell[fhir]'"


@pytest.fixture(scope="session")
def key(tmp_path_factory):
    """The file of a private key on P-384."""
    jwk = pytest.importorskip("joserfc.jwk", reason=_WHY)
    file = tmp_path_factory.mktemp("key") / "key.pem"
    file.write_bytes(jwk.ECKey.generate_key("P-384").as_pem(private=True))
    return file


@pytest.fixture
def time():
    pytest.importorskip("joserfc.jwt", reason=_WHY)
    from fhir_server import Time

    return Time()


@pytest.fixture
def serve(time, key):
    """Starts a server with these resources: `serve(*resources, is_epic=True)`."""
    from fhir_server import FhirServer

    started = []

    def serve(*resources, **how):
        server = FhirServer(time, list(resources), public_key_set(key))
        started.append(server)
        for name, value in how.items():
            assert hasattr(server, name), name
            setattr(server, name, value)
        return server

    yield serve
    for server in started:
        server.close()
        assert server.problems == []


@pytest.fixture
def get(tmp_path, key, time):
    """Fetches from a server: `get(server, group="g")`, into the folder `out` unless another is named."""
    from fhir_server import CLIENT

    def get(server, out="out", **asked):
        base = asked.pop("base", server.base)
        signed = {"client": CLIENT, "key": key} if server.needs_sign_in else {}
        return fetch(Request(base, **{**signed, **asked}), tmp_path / out, clock=time.clock)

    return get
