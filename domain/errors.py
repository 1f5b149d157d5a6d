"""Refusals of the domain. They carry a code of the registry and no HTTP status (`api.problems` maps the kinds)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from domain.assessment import RestsOn


class Kind(Enum):
    """Why something is refused; decides the HTTP status at the edge."""

    SHAPE = "shape"
    """A field is well-formed but invalid (422)."""
    RULE = "rule"
    """A rule of the domain is broken (409)."""
    ENTITLEMENT = "entitlement"
    """The department has no duty here (403)."""


@dataclass(slots=True, frozen=True)
class FieldError:
    """One finding: an RFC 6901 pointer into the request body, a code of the registry, a sentence."""

    pointer: str
    code: str
    message: str


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """A command was refused. `code` stands in the catalogue with its guard and its source."""

    def __init__(
        self,
        kind: Kind,
        code: str,
        message: str,
        errors: tuple[FieldError, ...] = (),
        rests_on: tuple[RestsOn, ...] = (),
    ) -> None:
        super().__init__(message)
        self.kind, self.code, self.message, self.errors = kind, code, message, errors
        self.rests_on = rests_on
        """The parameters without full force that it rests on (specification 11.25; contract 4)."""
