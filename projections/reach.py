"""Which jurisdictions a caller may read, as ranges of an index: `12` reads 120000 to 129999, `120114` itself alone.

Statements with such a condition are planned anew each time (`prepare=False`): how many rows a range or a filter has decides
whether its index or that of the order reads less.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

_CODE: Final = 6


def within(jurisdictions: Sequence[str], column: str = "jurisdiction") -> tuple[str, list[Any]]:
    """A condition and its parameters for codes that begin with one of the prefixes; an empty prefix reads all."""
    if any(not one for one in jurisdictions):
        return "true", []
    parts, values = [], []
    for one in jurisdictions:
        if len(one) == _CODE:
            parts.append(f"{column} = %s")
            values.append(one)
            continue
        parts.append(f"({column} >= %s AND {column} < %s)")
        values += [one, one[:-1] + chr(ord(one[-1]) + 1)]
    return f"({' OR '.join(parts) or 'false'})", values
