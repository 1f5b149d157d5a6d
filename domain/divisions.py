"""Divisions by their codes of GB/T 2260: six digits, a pair each for province, city, district; `00` is the whole of it."""

from __future__ import annotations


def ancestors(code: str) -> tuple[str, ...]:
    """000000, 120000, 120100, 120114 for 120114."""
    return tuple(dict.fromkeys(("000000", f"{code[:2]}0000", f"{code[:4]}00", code)))


def prefix(division: str) -> str:
    """What the codes within a division begin with: `120000` → `12`, `120114` → `120114`, `000000` → ``."""
    while division.endswith("00"):
        division = division[:-2]
    return division


def covers(division: str, jurisdiction: str) -> bool:
    """Whether a jurisdiction is a division or lies in it."""
    return jurisdiction.startswith(prefix(division))
