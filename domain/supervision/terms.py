"""The obligations that agreements, supplements and conditional admissions state (specification 2.4, 3.2; contract 4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from domain.facts import Fact


@dataclass(slots=True, frozen=True)
class Term:
    """One obligation as it stands."""

    code: str
    data: dict[str, Any]
    fact: Fact


def terms_of(facts: Iterable[Fact]) -> list[Term]:
    """The obligations of these papers, the last of each code: a supplement replaces by code, the others stand
    (contract 4).
    """
    found: dict[str, Term] = {}
    for fact in facts:
        admitted = fact.event.type == "admission.reviewed"
        paper = fact.data.get("agreement") or {} if fact.event.type == "lineage.recorded" else fact.data
        for entry in paper.get("conditions" if admitted else "obligations") or ():
            if isinstance(entry, dict) and entry.get("code"):
                data = entry
                if admitted and not entry.get("supervisor"):
                    data = {**entry, "supervisor": fact.data.get("reviewer") or fact.department}
                found[entry["code"]] = Term(entry["code"], data, fact)
    return list(found.values())
