"""A pack that is changed bears a higher version: what stands in a log under a name never means two things.

`tests/domain/pack_digests.toml` records the digest of every version that was ever released.
`.venv/bin/python tests/domain/test_policy_versions.py` adds the versions that are new; it changes no line.
"""

import tomllib
from pathlib import Path

import pytest

from domain.policy import shipped_packs

FILE = Path(__file__).parent / "pack_digests.toml"


def recorded():
    return tomllib.loads(FILE.read_text("utf-8"))


def fault(pack, digests):
    """What is to be done about a pack; None where nothing is."""
    known = digests.get(f"{pack.code}/{pack.version}")
    if known == pack.sha256:
        return None
    if known is not None:
        return f"domain/policies/{pack.code}.toml was changed: set version = {pack.version + 1}, then run {__file__}"
    return f"{pack.code}/{pack.version} is new: run .venv/bin/python {__file__}"


@pytest.mark.parametrize("pack", shipped_packs(), ids=lambda pack: pack.code)
def test_a_changed_pack_has_a_higher_version(pack):
    assert not (found := fault(pack, recorded())), found


def test_a_pack_changed_under_its_version_is_told_what_to_do():
    pack = shipped_packs()[0]
    other = recorded() | {f"{pack.code}/{pack.version}": "0" * 64}
    assert f"set version = {pack.version + 1}" in fault(pack, other)
    assert "is new" in fault(pack, {})


def test_versions_follow_each_other():
    for pack in shipped_packs():
        versions = sorted(int(name.partition("/")[2]) for name in recorded() if name.startswith(f"{pack.code}/"))
        assert versions == list(range(1, pack.version + 1))


if __name__ == "__main__":
    new = {f"{pack.code}/{pack.version}": pack.sha256 for pack in shipped_packs()}
    with FILE.open("a", encoding="utf-8") as out:
        out.writelines(f'"{name}" = "{digest}"\n' for name, digest in sorted(new.items()) if name not in recorded())
