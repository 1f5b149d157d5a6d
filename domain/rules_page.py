"""The page of all rules (docs/rules.md), made from the packs: parameter, value per jurisdiction, source, force, test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from domain.event import day_text
from domain.policy_forms import number_text
from domain.policy_keys import KEYS
from domain.policy_pack import BASE, Pack, Value
from domain.policy_recorded import RECORDED

_HEAD: Final = """# Rules

Made from `domain/policies/*.toml` by `domain/rules_page.py`; a test compares. To write it anew:
`.venv/bin/python tests/domain/test_policy_page.py`.

A parameter has the value of the nearest jurisdiction that sets it: nation → province → city → district → area. § is the
section of the domain specification (11.n: ruling n).

* **Layer**: NATIONAL, PROVINCE, CITY, DISTRICT: a text that binds there · EXAMPLE: taken from elsewhere, without force
  here · PRODUCT: no source says it, decided by this product.
* **Status**: IN_FORCE · DRAFT: its text is not in force yet · DEFAULT: no source has force here. Refusals, breaches and
  amounts that rest on a DRAFT or DEFAULT value say so.
* **Shown by**: what comes out differently when the parameter has another value: acceptance scenarios
  (`tests/domain/test_policy_bites.py`) and lives (`tests/domain/test_policy_answers.py`). Where it says *recorded*, no
  computed answer depends on the parameter: `GET /v1/rules` shows it with its source, for the reason that stands there.
  Of the only method there is, the test that shows it follows.
* `null`: not checked, not computed.
"""
_TITLES: Final[Mapping[str, str]] = {
    "calendar": "Calendar", "remind": "Reminders", "term": "Term", "assess": "Assessment", "alert": "Alerts",
    "departments": "Departments", "admission": "Admission", "agreement": "Agreement", "onboarding": "Onboarding",
    "assessment": "Assessment lead", "cure": "Cure periods", "bond": "Bond", "draft": "Proposals", "bcoef": "Building coefficient",
    "let": "Letting", "equity": "Equity", "investment": "Investment", "development": "Development area", "pay": "Payment",
    "ld": "Liquidated damages", "topup": "Top-up", "refund": "Refund", "split": "Split", "idle": "Idle land", "lease": "Lease",
    "rent": "Rent", "underground": "Underground space", "transition": "Transition period", "office": "Office share",
    "register": "Register", "breach": "Breach", "escalation": "Escalation", "extension": "Extension", "exit": "Exit",
    "lowefficiency": "Low-efficiency land", "grade": "Enterprise classes", "area": "Area", "rank": "Ranking", "filing": "Filing",
    "code": "Codes", "geo": "Geometry",
}  # fmt: skip


def page(packs: Sequence[Pack], shown_by: Mapping[str, Sequence[str]]) -> str:
    """The whole page as Markdown, ending with a newline. `shown_by`: parameter → names of scenarios and tests."""
    parts = [_HEAD, _packs(packs)]
    groups = dict.fromkeys(key.partition(".")[0] for key in KEYS)
    parts += [_group(name, packs, shown_by) for name in groups]
    parts += [
        _duties(
            "Who may post", "event type", packs, lambda pack: pack.entitlements, "All other types: specification 2.4."
        ),
        _duties("Who supervises", "obligation", packs, lambda pack: pack.supervisors, ""),
        _areas(packs),
    ]
    return "\n".join(parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _where(pack: Pack) -> str:
    return "base" if pack.code == BASE else f"{pack.code} {pack.name}"


def _packs(packs: Sequence[Pack]) -> str:
    rows = [
        (_where(pack), f"{pack.code}/{pack.version}", pack.status, pack.drafts, _days(pack), str(len(pack.values)))
        for pack in packs
    ]
    return "## Packs\n\n" + _table(("pack", "id", "status", "drafts", "values hold from", "parameters"), rows)


def _days(pack: Pack) -> str:
    return day_text(pack.valid_from) if pack.valid_from is not None else "always"


def _group(name: str, packs: Sequence[Pack], shown_by: Mapping[str, Sequence[str]]) -> str:
    rows = [row for key in KEYS if key.partition(".")[0] == name for row in _rows(key, packs, shown_by.get(key, ()))]
    head = ("§", "parameter", "where", "value", "layer", "status", "source", "shown by")
    return f"## {_TITLES[name]}\n\n" + _table(head, rows)


def _rows(key: str, packs: Sequence[Pack], tests: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """One row per pack that sets the key; what all of them share stands in the first."""
    known, recorded = KEYS[key], RECORDED.get(key)
    by = "; ".join([*([f"*recorded*: {recorded.en}"] if recorded else []), *([", ".join(tests)] if tests else [])])
    first = True
    for pack in packs:
        value = pack.values.get(key)
        if value is not None:
            lead = (known.section, f"`{key}`") if first else ("", "")
            unit = known.unit if known.unit and value.value is not None else ""
            shown = f"{_shown(value.value)} {unit}".strip()
            yield (*lead, _where(pack), shown, *_origin(value), (by or "–") if first else "")
            first = False


def _origin(value: Value) -> tuple[str, str, str]:
    return value.layer, value.status, value.source


def _shown(value: Any) -> str:
    """A value as a clerk would write it."""
    if value is None:
        return "`null`"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Fraction):
        return number_text(value)
    if isinstance(value, tuple):
        return ", ".join(_shown(one) for one in value) or "none"
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_shown(one)}" for key, one in value.items()) or "none"
    return str(value)


def _duties(
    title: str, what: str, packs: Sequence[Pack], table: Callable[[Pack], Mapping[str, Value]], note: str
) -> str:
    rows = [
        (f"`{key}`", _where(pack), ", ".join(value.value), *_origin(value))
        for pack in packs
        for key, value in table(pack).items()
    ]
    head = (what, "where", "departments", "layer", "status", "source")
    return f"## {title}\n\n" + (f"{note}\n\n" if note else "") + _table(head, rows)


def _areas(packs: Sequence[Pack]) -> str:
    rows = [
        (f"`{area.area_id}`", area.name, area.kind, area.parent, _where(pack))
        for pack in packs
        for area in pack.areas.values()
    ]
    return "## Areas\n\n" + _table(("area", "name", "kind", "lies in", "pack"), rows)
