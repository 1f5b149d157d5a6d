"""A pack that cannot be used is refused at the start, in one line with file and line (specification 10, 11.36)."""

import pytest
from typer.testing import CliRunner

from api.cli import app
from domain import policy_pack


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """The shipped packs in a folder of their own, where they may be spoilt."""
    for file in policy_pack.files("domain.policies").iterdir():
        if file.name.endswith(".toml"):
            (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.setattr(policy_pack, "files", lambda _: tmp_path)
    policy_pack.shipped_packs.cache_clear()
    yield tmp_path
    policy_pack.shipped_packs.cache_clear()


@pytest.mark.parametrize(
    ("file", "right", "wrong", "message"),
    [
        ("371500.toml", '"filing.months"', '"filing.monthz"', "371500.toml 第11行：未知参数 filing.monthz"),
        ("120000.toml", ', source = "003三(一)：一般不超过20年"', "", "120000.toml 第10行：参数 term.usual_max_years 没有写明依据（source）"),
        ("120000.toml", "value = 20", "value = 60", "120000.toml 第10行：连同上级规则包，term.usual_max_years 大于 term.max_years，自相矛盾"),
    ],
)  # fmt: skip
def test_the_system_does_not_start_with_a_bad_pack(shipped, file, right, wrong, message):
    spoilt = (shipped / file).read_text("utf-8").replace(right, wrong, 1)
    (shipped / file).write_text(spoilt, "utf-8")
    told = CliRunner().invoke(app, ["serve", "--data-dir", str(shipped / "data")])
    assert told.exit_code == 2
    assert told.stderr == f"{message} (RULES_REFUSED)\n"
    assert not (shipped / "data").exists(), "nothing was started"
