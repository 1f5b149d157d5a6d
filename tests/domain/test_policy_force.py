"""What rests on a draft or a default says so: breaches, amounts, refusals (specification 11.25; contract 4)."""

import pytest
from law_lives import AGREEMENT, CONTRACT, LEASE, PAID, START, life, on
from test_guards import STOPPED, take

from api.problems import document, problem_of
from domain.errors import Refusal

EXTENDED = {"decision": "APPROVED", "cause": "ENTERPRISE_MARKET", "supplement_no": "B-1"}
DATES = {
    "start_due": "2020-06-01",
    "complete_due": "2022-06-01",
    "production_due": "2022-12-01",
    "capacity_due": "2024-12-01",
}
LATER = {
    "start_due": "2020-09-01",
    "complete_due": "2022-09-01",
    "production_due": "2023-03-01",
    "capacity_due": "2025-03-01",
}
TOO_LATE = {key: f"{int(day[:4]) + 2}{day[4:]}" for key, day in DATES.items()}
GOVERNMENT = [
    *PAID, ("idle.investigated", "2021-01-10", {}), ("idle.determined", "2021-02-01", {"result": "IDLE_GOVERNMENT"}),
]  # fmt: skip
REFUSED = {
    "a lease that is usually shorter": (
        life(contract=None), "contract.signed", "2019-01-01", LEASE | {"term_to": "2024-03-01"},
        ["lease.term_guard"],
    ),
    "a term above that of the law": (
        life(contract=None), "contract.signed", "2019-01-01", {"supply_mode": "GRANT_LISTING", "term_years": "51.0"}, [],
    ),
    "a second extension": (
        life(*PAID, ("extension.decided", "2019-12-01", EXTENDED | {"new": DATES})), "extension.decided", "2020-02-01",
        EXTENDED | {"new": LATER}, ["extension.enterprise.max_count", "extension.count_per"],
    ),
    "an extension above the cap of the law": (
        life(*PAID), "extension.decided", "2019-12-01", EXTENDED | {"new": TOO_LATE}, [],
    ),
    "registration on idle land": (
        life(*STOPPED), "title.registered", "2021-09-01", {"kind": "TRANSFER"}, ["idle.freeze"],
    ),
    "an idle fee that the contract does not know": (
        life(*STOPPED), "charge.assessed", "2021-09-01", {"charge_id": "c", "kind": "IDLE_FEE", "amount_wan": "200.00"},
        ["idle.stopped.fee"],
    ),
    "a disposal that does not fit the cause": (
        life(*GOVERNMENT), "idle.disposed", "2021-02-10", {"option": "FEE"}, ["idle.government_options"],
    ),
    "an exit after one failure": (
        life(*PAID, agreement=AGREEMENT), "exit.opened", "2020-02-01", {"kind": "FP", "legal_basis": "x"},
        ["exit.fp.failures", "assess.perf.kinds"],
    ),
    "a step of a department that does not supervise": (
        life(*PAID), "breach.notified", "2020-02-01", {"obligation": "O-START"}, ["supervisors"],
    ),
}  # fmt: skip
BY = {"a step of a department that does not supervise": "TAX", "registration on idle land": "REG"}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_names_the_parameters_without_force_that_it_rests_on(name):
    events, kind, day, data, keys = REFUSED[name]
    with pytest.raises(Refusal) as caught:
        take(events, kind, day, data, by=BY.get(name, "NRP"))
    shown = document(problem_of(caught.value), "0" * 32)
    assert [one["key"] for one in shown.get("rests_on", [])] == keys
    assert all(one["status"] == "DEFAULT" and one["source"] for one in shown.get("rests_on", []))
    assert "rests_on" not in shown or shown["rests_on"], "none where all have force"


def test_a_late_fee_rests_on_the_example_of_another_city_but_not_there():
    overdue = life(*PAID[:1])
    keys = {
        place: [key.key for line in on("2020-01-10", overdue, jurisdiction=place).amounts for key in line.rests_on if line.kind == "LATE_FEE"]
        for place in ("371502", "120114")
    }  # fmt: skip
    assert keys == {"371502": ["pay.late_permille_day"], "120114": []}


def test_damages_at_the_rate_of_the_contract_do_not_rest_on_the_rate_of_the_rules():
    line = next(one for one in on("2020-01-10", life(*PAID)).amounts if one.kind == "LD_START")
    assert CONTRACT["ld_start_permille_day"]
    assert [one.key for one in line.rests_on] == ["ld.start_stops_at"], "a cap that is null binds nothing"


def test_a_failed_assessment_rests_on_the_rule_of_passing():
    failed = (
        "performance.assessed",
        "2024-09-01",
        {"kind": "REACH", "items": [{"code": "O-TAX", "actual": "9.00", "unit": "万元/亩"}]},
    )
    found = on("2024-09-02", life(*PAID, ("construction.started", "2019-12-20", START), failed, agreement=AGREEMENT))
    breach = next(one for one in found.breaches if one.kind == "PERF")
    assert [one.key for one in breach.rests_on] == ["assess.pass", "assess.perf.kinds"]
