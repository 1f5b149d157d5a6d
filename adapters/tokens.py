"""OIDC access tokens: signature by the issuer's published keys (JWKS), claims as a principal (contract 7).

The claims `landcycle_role`, `landcycle_jurisdiction`, `landcycle_department` and `landcycle_area` are read as the
columns of an API key are.
"""

from __future__ import annotations

from typing import Any, Final

import jwt

from adapters.api_keys import KeyRefused, Principal, check_grant

_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "ES384", "EdDSA")
_LEEWAY_SECONDS: Final = 30


class TokenRefused(Exception):  # noqa: N818 - an answer, not a fault
    """The token is not one of the issuer's, has expired, or grants nothing here."""


class TokenVerifier:
    """Checks tokens of one issuer; its keys are fetched once and kept for an hour."""

    def __init__(self, issuer: str, audience: str, jwks_url: str) -> None:
        self._issuer, self._audience = issuer, audience
        self._keys = jwt.PyJWKClient(jwks_url, cache_jwk_set=True, lifespan=3600, timeout=5)

    def principal(self, token: str) -> Principal:
        """What the token grants. Raises TokenRefused."""
        try:
            key = self._keys.get_signing_key_from_jwt(token)
            claims = jwt.decode(
                token,
                key.key,
                algorithms=list(_ALGORITHMS),
                audience=self._audience,
                issuer=self._issuer,
                leeway=_LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
            return _principal(claims)
        except (jwt.PyJWTError, KeyRefused) as error:
            raise TokenRefused(str(error)) from error


def _principal(claims: dict[str, Any]) -> Principal:
    text = {name: claims.get(f"landcycle_{name}") for name in ("role", "jurisdiction", "department", "area")}
    role, jurisdiction, department, area = text.values()
    check_grant(str(jurisdiction), str(role), department)
    return Principal(f"oidc:{claims['sub']}", str(role), str(jurisdiction), department, area)
