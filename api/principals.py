"""Who calls, and what of the city that is theirs to see (contract 1, 7; specification 11.29, 11.34).

A principal is found from `Authorization: Bearer …` (an API key or an OIDC access token) or `X-API-Key`. Keys are
remembered for a few seconds, so that a post costs no look-up; a revoked key ends after at most that time.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from adapters import api_keys
from adapters.api_keys import Principal
from adapters.postgres import Pool, translated
from adapters.tokens import TokenRefused, TokenVerifier
from api.problems import Problem
from domain.divisions import covers

if TYPE_CHECKING:
    from adapters.settings import Settings

__all__ = ["Authenticator", "Principal", "must_cover", "must_have_role"]

REMEMBERED_SECONDS: Final = 5.0
_MOST_REMEMBERED: Final = 4096
_LONGEST_TOKEN: Final = 8192


def must_cover(principal: Principal, jurisdiction: str) -> None:
    """Raises Problem 403 where the principal's division does not contain the jurisdiction."""
    if not covers(principal.jurisdiction, jurisdiction):
        detail = f"{jurisdiction}不在本密钥的行政区{principal.jurisdiction}之内"
        raise Problem("FOREIGN_JURISDICTION", detail)


def must_have_role(principal: Principal, *roles: str) -> None:
    """Raises Problem 403 for another role."""
    if principal.role not in roles:
        raise Problem("ROLE_NOT_ALLOWED", f"角色{principal.role}不能做这件事；须为{'、'.join(roles)}")


class Authenticator:
    """Finds the principal of a request."""

    def __init__(self, pool: Pool, settings: Settings, verifier: TokenVerifier | None) -> None:
        self._pool, self._settings, self._verifier = pool, settings, verifier
        self._remembered: dict[str, tuple[float, Principal]] = {}

    async def principal(self, request: HTTPConnection) -> Principal:
        """Who calls. Raises Problem 401."""
        token = _token(request)
        known = self._remembered.get(token)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        principal = await run_in_threadpool(self._find, token)
        if principal is None:
            self._remembered.pop(token, None)
            raise Problem("UNAUTHENTICATED", "密钥或令牌无效、已过期或已撤销")
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[token] = (time.monotonic() + REMEMBERED_SECONDS, principal)
        return principal

    def _find(self, token: str) -> Principal | None:
        if token.startswith("lc_"):
            with translated(), self._pool.connection() as connection:
                return api_keys.find(connection, self._settings, token)
        if self._verifier is None:
            return None
        try:
            return self._verifier.principal(token)
        except TokenRefused:
            return None


def _token(request: HTTPConnection) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        token = request.headers.get("x-api-key", "")
    token = token.strip()
    if not token or len(token) > _LONGEST_TOKEN:
        raise Problem("UNAUTHENTICATED", "请在Authorization: Bearer或X-API-Key中给出密钥")
    return token
