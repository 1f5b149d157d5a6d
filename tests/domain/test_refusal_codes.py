"""Every code that the domain uses is registered, and every registered one is used."""

import re
from pathlib import Path

from domain.refusal_codes import CODES

DOMAIN = Path(__file__).parents[2] / "domain"
USES = (
    r'refuse\(\s*"([A-Z][A-Z_-]+)"',
    r'refuse_field\(\s*[^,]+,\s*"([A-Z_]+)"',
    r'refuse_department\(\s*"([A-Z_]+)"',
    r'warn\(\s*"([A-Z_-]+)"',
    r'PydanticCustomError\(\s*"([A-Z_]+)"',
    r'MalformedCode\(\s*"([A-Z_]+)"',
    r'FieldError\(\s*[^,]+,\s*"([A-Z_]+)"',
    r'"\w+": \("([A-Z_]+)", "',
    r'"(RULE_[A-Z_]+)"',
    r'"(OTHER_YEAR)"',
)


def test_used_and_registered_codes_are_the_same():
    text = "\n".join(path.read_text("utf-8") for path in DOMAIN.rglob("*.py") if path.name != "refusal_codes.py")
    used = {code for pattern in USES for code in re.findall(pattern, text)} - {"NRP"}
    assert used - set(CODES) == set()
    assert set(CODES) - used == set()
    assert all(re.search("[一-鿿]", code.zh) and code.en and code.guard and code.source for code in CODES.values())
