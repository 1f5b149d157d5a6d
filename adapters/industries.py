"""Industry classes by name (GB/T 4754-2017): the published notices give names, the contract wants codes."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files


@cache
def code_of(name: str) -> str | None:
    """The code of the one class with this name, such as `C33`; None where none or several fit.

    A name that a class shares with its own only subclass means the class. `汽车制造` finds `汽车制造业`.
    """
    codes = _by_name().get(name.removesuffix("业"), ())
    general = min(codes, key=len, default=None)
    return general if general and all(code.startswith(general) for code in codes) else None


@cache
def _by_name() -> dict[str, tuple[str, ...]]:
    text = files("adapters.tables").joinpath("industries.csv").read_text(encoding="utf-8")
    names: dict[str, tuple[str, ...]] = {}
    for row in csv.DictReader(text.splitlines()):
        key = row["name"].removesuffix("业")
        names[key] = (*names.get(key, ()), row["code"])
    return names
