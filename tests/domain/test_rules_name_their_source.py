"""Every public function of the law and of the guards names the document and the clause it comes from."""

import importlib
import inspect
import pkgutil
import re

import pytest

import domain.guards
import domain.supervision

CLAUSE = re.compile(
    r"specification\s(part )?\d+(\.\d+)*|\(part \d|contract \d|00[0-4] ?[一二三四五六]|第\d+条|\(\d+\.\d+|, \d+\.\d+\)"
)
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


def test_the_walk_sees_the_law_and_the_guards():
    assert {"domain.supervision.idle.idle_of", "domain.guards.remedy.extension_decided"} <= set(RULES)
