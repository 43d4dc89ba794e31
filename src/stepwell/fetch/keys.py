"""The client's private key: how it signs, and the public key set that the server's administrator needs.

SMART Backend Services asks for ES384 (a key on the curve P-384) or RS384 (an RSA key).
"""

from __future__ import annotations

import json
import secrets
import warnings
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from stepwell.errors import Problem, QuestionError
from stepwell.paths import file_problem

_EXPECTED = "a private key without a password, as PEM or JWK: P-384 (ES384), or RSA of 2048 bits or more (RS384)"
_REMEDY = "make one: openssl ecparam -name secp384r1 -genkey -noout -out key.pem"
_LIFETIME = 300
"""Seconds for which an assertion is valid: the longest that SMART allows."""
_LARGEST_FILE = 1 << 20
_SMALLEST_RSA = 2048


@dataclass(frozen=True)
class SigningKey:
    """A private key that can sign, its algorithm and its id."""

    algorithm: str
    key_id: str
    _key: object = field(repr=False)

    def assertion(self, client: str, audience: str, now: float) -> str:
        """A signed statement of who the client is, for one use (`private_key_jwt`, RFC 7523)."""
        from joserfc import jwt

        header = {"alg": self.algorithm, "kid": self.key_id, "typ": "JWT"}
        claims = {"iss": client, "sub": client, "aud": audience, "jti": secrets.token_urlsafe(32)}
        claims |= {"iat": int(now), "exp": int(now) + _LIFETIME}
        return jwt.encode(header, claims, self._key, algorithms=[self.algorithm])

    def public(self) -> dict[str, object]:
        """The public key as a JWK."""
        public = self._key.as_dict(private=False)
        return public | {"kid": self.key_id, "alg": self.algorithm, "use": "sig", "key_ops": ["verify"]}


def public_key_set(file: Path) -> dict[str, object]:
    """The JWK set to publish or to hand to the administrator. It holds public keys only."""
    return {"keys": [read_key(file).public()]}


def read_key(file: Path) -> SigningKey:
    """The key in a file. Raises `QuestionError` where there is none that can be used, and says nothing of its content."""
    try:
        from joserfc.jwk import ECKey, RSAKey
    except ImportError:
        problem = Problem("joserfc", "is not installed", "the package that signs", 'pip install "stepwell[fhir]"')
        raise QuestionError("Signing in to a FHIR server needs one package more.", [problem]) from None
    if problem := file_problem(Path(file), _EXPECTED):
        raise QuestionError("The key cannot be read.", [problem])
    if Path(file).stat().st_size > _LARGEST_FILE:
        raise _refused(file, "is no key")
    content = Path(file).read_bytes()
    if b"ENCRYPTED" in content:
        raise _refused(file, "is protected by a password")
    kid = None
    try:
        if content.lstrip().startswith(b"{"):
            found = json.loads(content)
            found = found["keys"][0] if len(found.get("keys", ())) == 1 else found
            kid = found.get("kid")
            key = {"EC": ECKey, "RSA": RSAKey}[found["kty"]].import_key(found)
        else:
            key = _from_pem(content, ECKey, RSAKey)
        is_private = key.is_private
    except Exception:  # whatever the library says of it may quote the key
        raise _refused(file, "holds no key that can be read") from None
    if not is_private:
        raise _refused(file, "holds a public key only")
    if key.key_type == "EC" and key.curve_name == "P-384":
        algorithm = "ES384"
    elif key.key_type == "RSA" and key.private_key.key_size >= _SMALLEST_RSA:
        algorithm = "RS384"
    else:
        raise _refused(file, "holds a key of another kind")
    return SigningKey(algorithm, kid if isinstance(kid, str) and kid else key.thumbprint(), key)


def _from_pem(content: bytes, *kinds):
    for kind in kinds:
        with suppress(Exception), warnings.catch_warnings(action="ignore"):  # of short keys, which are refused
            key = kind.import_key(content)
            key.as_dict(private=False)
            return key
    raise ValueError


def _refused(file: Path, found: str) -> QuestionError:
    return QuestionError("The key cannot be used.", [Problem(str(file), found, _EXPECTED, _REMEDY)])
