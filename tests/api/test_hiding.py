"""Tax figures and names of natural persons are shown to those whose duty needs them (specification 11.34)."""

import pytest

from api.hiding import HIDDEN, Eyes, is_natural_person
from api.principals import Principal


def eyes(department=None, role="department"):
    return Eyes(Principal("k", role, "120114", department))


def item(department, **data):
    return {"event_id": "e", "department": department, "data": data}


@pytest.mark.parametrize("who", ["TAX", "MIIT", "GOV"])
def test_who_assesses_by_tax_sees_it(who):
    reported = item("STAT", tax_wan="95.00")
    assert eyes(who).event(reported)["data"] == {"tax_wan": "95.00"}
    assert not eyes(who).hides(reported)


def test_others_see_that_a_figure_exists():
    reported = item("TAX", period={"from": "2024-01-01", "to": "2024-12-31"}, tax_wan="95.00", output_wan="9.00")
    assert eyes("CUL").event(reported)["data"] == reported["data"] | {"tax_wan": HIDDEN}
    assert eyes("CUL").hides(reported)


def test_who_reported_a_figure_sees_it():
    reported = item("EEB", tax_wan="95.00")
    assert eyes("EEB").event(reported)["data"]["tax_wan"] == "95.00"


def test_regulators_coordinators_and_administrators_see_everything():
    for role in ("regulator", "coordinator", "admin"):
        assert not eyes(role=role).hides(item("TAX", tax_wan="1.00"))


def test_the_figure_is_hidden_in_assessments_corrections_and_answers_too():
    assessed = item(
        "MIIT", items=[{"code": "O-TAX", "required": "20", "actual": "22"}, {"code": "O-RD", "actual": "0.03"}]
    )
    items = eyes("HUC").event(assessed)["data"]["items"]
    assert [one["actual"] for one in items] == [HIDDEN, "0.03"]
    corrected = item("TAX", changes=[{"field": "tax_wan", "old": "95.00", "new": "59.00"}])
    assert eyes("HUC").event(corrected)["data"]["changes"] == [{"field": "tax_wan", "old": HIDDEN, "new": HIDDEN}]
    for path in ("items.O-TAX.actual", "items.0.actual"):
        by_path = item("TAX", changes=[{"field": path, "old": "15.00", "new": "16.00"}])
        assert eyes("HUC").event(by_path)["data"]["changes"] == [{"field": path, "old": HIDDEN, "new": HIDDEN}]
        assert eyes("MIIT").event(by_path) == by_path
    other = item("STAT", changes=[{"field": "items.O-RD.actual", "old": "0.01", "new": "0.02"}])
    assert eyes("HUC").event(other) == other
    answer = {"obligations": [{"code": "O-TAX", "actual": "12.67", "threshold": "20.00"}]}
    assert eyes("HUC").answer(answer)["obligations"] == [{"code": "O-TAX", "actual": HIDDEN, "threshold": "20.00"}]


def test_the_name_of_a_person_is_hidden_that_of_a_company_is_not():
    person = item("REG", transferee_name="王小明", price_wan="3.00")
    assert eyes("MIIT").event(person)["data"] == {"transferee_name": HIDDEN, "price_wan": "3.00"}
    assert eyes("NRP").event(person)["data"]["transferee_name"] == "王小明"
    corrected = item("NRP", changes=[{"field": "holder.name", "old": "王小明", "new": "天津甲一智能装备有限公司"}])
    assert [one["old"] for one in eyes("MIIT").event(corrected)["data"]["changes"]] == [HIDDEN]
    assert eyes("REG").event(corrected) == corrected
    company = item("NRP", holder={"uscc": "91120114MA06TEK14B", "name": "天津甲一智能装备有限公司"})
    assert eyes("MIIT").event(company) == company


@pytest.mark.parametrize(
    ("name", "person"),
    [
        ("王小明", True),
        ("欧阳修", True),
        ("阿卜杜拉·买买提", True),
        ("天津甲一智能装备有限公司", False),
        ("武清砖厂", False),
        ("某某村委会", False),
        ("ACME", False),
        (None, False),
    ],
)
def test_what_a_natural_persons_name_looks_like(name, person):
    assert is_natural_person(name) is person
