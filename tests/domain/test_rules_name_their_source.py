"""Every public function of the law and of the guards names the document and the clause it comes from."""

import importlib
import inspect
import pkgutil
import re

import pytest

import domain.guards
import domain.supervision

CLAUSE = re.compile(r"(specification|contract)\s(part )?\d+(\.\d+)*|00[0-4] ?[一二三四五六]|第\d+条")
"""A document with its clause: the specification, the contract, a seed document or a statute."""
SECTIONS = {0: 3, 1: 6, 2: 7, 3: 3, 4: 7, 5: 4, 6: 4, 7: 9, 8: 12, 9: 4, 10: 0, 11: 37}
"""Part of the specification → its last section or ruling."""
RULES = sorted(
    f"{package.__name__}.{module.name}.{name}"
    for package in (domain.supervision, domain.guards)
    for module in pkgutil.iter_modules(package.__path__)
    for name, one in vars(importlib.import_module(f"{package.__name__}.{module.name}")).items()
    if inspect.isfunction(one) and not name.startswith("_") and one.__module__ == f"{package.__name__}.{module.name}"
)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_names_document_and_clause(name):
    module, _, function = name.rpartition(".")
    text = inspect.getdoc(getattr(importlib.import_module(module), function)) or ""
    assert CLAUSE.search(text), f"{name} does not say where it comes from: {text!r}"


@pytest.mark.parametrize("name", RULES)
def test_the_clause_exists(name):
    module, _, function = name.rpartition(".")
    text = inspect.getdoc(getattr(importlib.import_module(module), function)) or ""
    for one in re.findall(r"specification\s((?:\d+(?:\.\d+)?(?:, |; | and )?)+)", text):
        for part, section in re.findall(r"(\d+)(?:\.(\d+))?", one):
            assert int(part) in SECTIONS and int(section or 0) <= SECTIONS[int(part)], f"{name}: {part}.{section}"


def test_the_walk_sees_the_law_and_the_guards():
    assert {"domain.supervision.idle.idle_of", "domain.guards.remedy.extension_decided"} <= set(RULES)
