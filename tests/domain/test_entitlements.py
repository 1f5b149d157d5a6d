"""Who may post what: the tables of specification 2.2, 2.4, 3.2 and 6.1, and contract 4, held against the shipped packs."""

import pytest

from domain.departments import DEPARTMENTS
from domain.events import CATALOGUE
from domain.policy import RuleBook

EVERY = " ".join(DEPARTMENTS)
BY_TYPE = {
    "project.registered": "IPB TOWN",
    "project.approved": "DRC AAB",
    "standard.proposed": EVERY,
    "supply.announced": "NRP",
    "supply.deal_confirmed": "NRP",
    "agreement.signed": "TOWN GOV",
    "agreement.amended": "TOWN GOV NRP",
    "contract.signed": "NRP",
    "payment.received": "FIN TAX",
    "bond.posted": "FIN",
    "bond.released": "FIN",
    "bond.forfeited": "FIN",
    "land.delivered": "NRP",
    "title.registered": "REG",
    "supply.result_published": "NRP",
    "filing.submitted": "TOWN GOV",
    "construction.permitted": "HUC AAB",
    "construction.started": "HUC",
    "construction.progress_reported": "TOWN STAT",
    "construction.stopped": "HUC",
    "construction.resumed": "HUC",
    "construction.completed": "HUC",
    "construction.verified": "NRP",
    "production.started": "MIIT TOWN STB",
    "capacity.declared": "MIIT STB",
    "indicators.reported": "TAX STAT DRC EEB STB",
    "enterprise.graded": "MIIT STB",
    "health.checked": "MIIT STB NRP TOWN",
    "transfer.requested": "NRP",
    "transfer.registered": "REG",
    "letting.reported": "TOWN",
    "equity.changed": "MKT",
    "mortgage.decided": "REG",
    "seizure.imposed": "COURT",
    "seizure.lifted": "COURT",
    "use_change.approved": "NRP GOV",
    "transition.started": "NRP",
    "transition.ended": "NRP",
    "parcel.split": "NRP REG",
    "parcel.merged": "NRP REG",
    "extension.requested": "NRP",
    "extension.decided": "NRP",
    "idle.investigated": "NRP",
    "idle.determined": "NRP",
    "idle.disposed": "NRP",
    "charge.paid": "FIN",
    "credit.recorded": "NRP MKT",
    "interview.held": "GOV NRP",
    "remedy.filed": "GOV COURT",
    "remedy.decided": "GOV COURT",
    "exit.opened": "NRP LRC COURT",
    "exit.withdrawn": "NRP",
    "exit.soil_surveyed": "EEB",
    "exit.valued": "LRC",
    "exit.settled": "NRP LRC FIN",
    "title.cancelled": "REG",
    "land.returned": "LRC",
    "renewal.applied": "NRP",
    "renewal.decided": "GOV NRP",
    "conversion.applied": "NRP",
    "conversion.decided": "GOV NRP",
    "report.corrected": EVERY,
    "report.withdrawn": EVERY,
    "inefficiency.identified": "NRP",
    "register.entered": "NRP",
    "register.left": "NRP",
    "document.approved": "GOV NRP",
    "policy.granted": "NRP GOV",
    "conditions.changed": "NRP",
    "site.inspected": EVERY,
    "rules.amended": "NRP",
    "plan.approved": "GOV",
    "programme.reviewed": "GOV NRP",
    "calendar.published": "GOV",
    "area/indicators.reported": "STAT TAX",
    "area/area.evaluated": "NRP GOV",
}
"""Column "By" of 2.4, the defaults of contract 4. Where the table says "supervisor" or "assessment lead", see below."""
BY_RULE = {
    "admission.reviewed", "performance.assessed", "breach.notified", "breach.contested", "breach.decided", "charge.assessed",
    "rectification.ordered", "rectification.inspected", "exit.signed_off",
}  # fmt: skip
SUPERVISORS = {
    "O-PAY": "NRP FIN TAX", "O-RENT": "NRP FIN", "O-BOND": "FIN TOWN", "O-USE": "NRP", "O-IND": "DRC MIIT", "O-START": "HUC NRP",
    "O-COMPLETE": "HUC NRP", "O-PROD": "MIIT TOWN", "O-REACH": "MIIT", "O-INVEST": "DRC STAT TOWN", "O-FAR": "NRP", "O-BCOEF": "NRP",
    "O-OFFICE-L": "NRP", "O-OFFICE-F": "NRP", "O-NOHOUSE": "NRP HUC", "O-GREEN": "NRP", "O-OUTPUT": "MIIT STAT", "O-TAX": "TAX FIN",
    "O-VA": "STAT", "O-ENERGY": "DRC", "O-EMIT": "EEB", "O-RD": "STB", "O-LABOUR": "STAT HRS", "O-TRANSFER": "NRP REG TOWN",
    "O-LET": "TOWN MIIT", "O-EQUITY": "IPB TOWN", "O-TERM": "NRP", "O-PUBLIC": "NRP", "O-PRICE5": "NRP", "O-LAWFUL": "NRP",
    "O-FILE": "TOWN GOV",
}  # fmt: skip
"""Column "Supervisor" of 3.2, and 11.18."""
ADMISSION = {"120114": "IPB", "120101": "IPB COM"}
"""Who takes part in the admission of industry beside the list of 2.4 (2.2)."""
PLACES = ["120114", "120101", "120118", "371502", "371525", "230811"]


def allowed(place, event_type):
    rules = RuleBook.shipped().rules(place)
    return {one for one in DEPARTMENTS if rules.entitled(event_type, one)}


def here(place, names):
    """和平 has no bureau of industry; the science bureau takes its place (2.2)."""
    found = set(names.split())
    return (found - {"MIIT"}) | ({"STB"} if "MIIT" in found else set()) if place == "120101" else found


def test_the_table_names_every_type_that_departments_post():
    posted = {
        f"area/{kind.name}" if kind.subject == "area" else kind.name for kind in CATALOGUE.values() if kind.departments
    }
    assert posted == BY_TYPE.keys() | BY_RULE


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("event_type", sorted(BY_TYPE))
def test_the_departments_of_the_table_and_no_others_may_post(place, event_type):
    assert allowed(place, event_type) == here(place, BY_TYPE[event_type])


@pytest.mark.parametrize("place", PLACES)
def test_admission_is_reviewed_by_its_list_and_who_takes_part_here(place):
    expected = here(place, "DRC MIIT STB NRP EEB EMB TOWN") | set(ADMISSION.get(place, "").split())
    assert allowed(place, "admission.reviewed") == expected


@pytest.mark.parametrize("place", PLACES)
def test_assessments_are_led_by_the_lead_of_the_place_or_of_the_stage(place):
    assert allowed(place, "performance.assessed") == here(place, "MIIT") | {"NRP", "HUC"}


@pytest.mark.parametrize("place", PLACES)
def test_supervisors_are_those_of_the_catalogue_of_obligations(place):
    shipped = {code: set(names) for code, names in RuleBook.shipped().rules(place).supervisors.items()}
    assert shipped == {code: here(place, names) for code, names in SUPERVISORS.items()}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "event_type",
    sorted(
        {"breach.notified", "breach.contested", "breach.decided", "rectification.ordered", "rectification.inspected"}
    ),
)
def test_every_supervisor_may_take_the_steps(place, event_type):
    assert here(place, " ".join(SUPERVISORS.values())) <= allowed(place, event_type)


@pytest.mark.parametrize("place", PLACES)
def test_the_sign_offs_of_an_exit_are_open_to_the_departments_of_its_order(place):
    assert here(place, "NRP MIIT EEB TAX FIN TOWN COURT REG GOV SASAC HRS EMB LRC") <= allowed(place, "exit.signed_off")
