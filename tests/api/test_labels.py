"""Every enumerated value on the wire has a Chinese label in the catalogue (contract, introduction)."""

from api.field_labels import FIELD_LABELS
from api.labels import LABELS
from domain.departments import DEPARTMENTS
from domain.events.model import REGISTRY

LABELLED = {value for group in (LABELS | FIELD_LABELS).values() for value in group}


def enumerated(schema):
    if isinstance(schema, dict):
        yield from schema.get("enum", ())
        if "const" in schema:
            yield schema["const"]
        for part in schema.values():
            yield from enumerated(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from enumerated(part)


def test_every_value_that_an_event_may_carry_has_a_label():
    values = {value for kind in REGISTRY.values() for value in enumerated(kind.model.model_json_schema())}
    assert values - LABELLED - set(DEPARTMENTS) == set()


def test_what_bars_an_exit_has_a_label_in_both_languages():
    assert all(label["zh"] and label["en"] for group in FIELD_LABELS.values() for label in group.values())


def test_no_group_of_labels_hides_another():
    assert LABELS.keys().isdisjoint(FIELD_LABELS)
