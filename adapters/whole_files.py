"""Small files that must be whole or absent: what a kill amid writing leaves must not keep the next start from starting."""

from __future__ import annotations

from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Writes a file that its owner alone may read: aside first, then by renaming. Raises OSError."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.touch(mode=0o600)
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
