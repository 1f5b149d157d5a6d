"""Figures and names that only those see whose duty needs them (specification 11.34; contract 4.1).

Tax figures of enterprises and the names of natural holders are shown to regulators, coordinators, administrators and
the departments named here; the others see that there is one: `{"hidden": true}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from api.principals import Principal

HIDDEN: Final[Mapping[str, bool]] = {"hidden": True}
SEE_TAX: Final = frozenset({"TAX", "FIN", "MIIT", "STB", "STAT", "DRC", "GOV"})
"""Who reports, assesses or collects by tax figures (specification 2.4: E32, E33, E34, E60)."""
SEE_PERSONS: Final = frozenset({"NRP", "REG", "TAX", "FIN", "COURT", "LRC", "GOV"})
"""Who contracts with, registers, charges or judges the holder (specification 2.4: E13, E17, E37, E61, E75)."""
_TAX_FIELDS: Final = frozenset({"tax_wan"})
_TAX_PATH: Final = re.compile(r"tax_wan|items\.(O-TAX|\d+)\.actual")
"""What a correction of a tax figure names; an item by its number may be one (specification 11.37)."""
_NAME_FIELDS: Final = (("name", "uscc"), ("holder_name", "holder_uscc"), ("transferee_name", "transferee_uscc"))
_PERSON: Final = re.compile(r"[\u3400-\u9fff](·?[\u3400-\u9fff]){1,11}")
_ORGANISATION: Final = re.compile(
    r"公司|厂|企业|集团|中心|合作社|委员会|局|院|校|所|站|店|社|行|部|会|人民政府|管委会|村|队|场|园|库|馆"
)
_LONGEST_NAME: Final = 4
"""Characters of a name without a dot; Chinese names are shorter than any company's."""


class Eyes:
    """What one principal may see."""

    def __init__(self, principal: Principal) -> None:
        department = principal.department
        self._department = department
        self._tax = department is None or department in SEE_TAX
        self._persons = department is None or department in SEE_PERSONS

    def event(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """A history item; who reported something sees it."""
        if self._sees_all() or item["department"] == self._department:
            return dict(item)
        return {**item, "data": self._shown(item["data"])}

    def hides(self, item: Mapping[str, Any]) -> bool:
        """Whether anything of a history item is hidden: then the record of its proof is null."""
        return bool(self.event(item)["data"] != item["data"])

    def answer(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """A status answer or an item of a list."""
        return dict(answer) if self._sees_all() else dict(self._shown(answer))

    def _sees_all(self) -> bool:
        return self._tax and self._persons

    def _shown(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._shown(item) for item in value]
        if not isinstance(value, Mapping):
            return value
        hidden = set(self._hidden_keys(value))
        return {key: HIDDEN if key in hidden else self._shown(item) for key, item in value.items()}

    def _hidden_keys(self, value: Mapping[str, Any]) -> Iterator[str]:
        if not self._tax:
            yield from _TAX_FIELDS & value.keys()
            if value.get("code") == "O-TAX" and value.get("actual") is not None:
                yield "actual"
            if _TAX_PATH.fullmatch(str(value.get("field"))):
                yield from {"old", "new"} & value.keys()
        if not self._persons:
            yield from (
                name for name, uscc in _NAME_FIELDS if not value.get(uscc) and is_natural_person(value.get(name))
            )
            if is_natural_person(value.get("土地使用权人")):
                yield "土地使用权人"
            if str(value.get("field")).endswith("name"):
                yield from (side for side in ("old", "new") if is_natural_person(value.get(side)))


def is_natural_person(name: Any) -> bool:
    """Whether a holder's name is that of a person: short, or with a dot, and without the word of an organisation."""
    if not isinstance(name, str) or not _PERSON.fullmatch(name) or _ORGANISATION.search(name):
        return False
    return "·" in name or len(name) <= _LONGEST_NAME
