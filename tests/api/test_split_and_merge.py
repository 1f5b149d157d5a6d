"""A split and a merger over HTTP: one transaction over several parcels (specification 8.12, 11.28)."""

import uuid

from given_api import OTHER_PARCEL, PARCEL, contract, problem, work

PARTS = ["120114001002GB00101", "120114001002GB00102"]


def body(kind, day, data, **more):
    return {
        "event_id": str(uuid.uuid4()),
        "type": kind,
        "occurred_on": day,
        "document": {"no": "文1"},
        "data": data,
    } | more


def signed(api, parcel, **data):
    instalments = [{"no": 1, "due": "2024-03-11", "amount_wan": "2400.00"}]
    answer = api.post(contract(instalments=instalments, **data), parcel=parcel)
    assert answer.status_code == 201, answer.text


def claimed(api, parcel):
    return {line["kind"]: line["amount_wan"] for line in api.get(f"/v1/parcels/{parcel}/status").json()["amounts"]}


def test_a_split_ends_the_parent_and_hands_its_duties_and_claims_to_the_parts(api):
    signed(api, PARCEL)
    charge = {"charge_id": "c1", "kind": "OTHER", "amount_wan": "90.01", "override_reason": "约定"}
    assert api.post(body("charge.assessed", "2024-04-01", charge)).status_code == 201
    split = body(
        "parcel.split", "2024-06-03", {"from_codes": [PARCEL], "to_codes": PARTS, "area_m2": ["30000.00", "10000.00"]}
    )

    answer = api.post(split)
    assert answer.status_code == 201, answer.text
    assert (api.post(split).status_code, api.post(split).json()) == (200, answer.json()), (
        "posted again it changes nothing"
    )

    written = [[one["type"] for one in api.get(f"/v1/parcels/{part}/history").json()["items"]] for part in PARTS]
    assert written == [["lineage.recorded", "charge.assessed"]] * 2
    assert [claimed(api, part)["OTHER"] for part in PARTS] == ["67.51", "22.50"]
    parent = api.get(f"/v1/parcels/{PARCEL}/status").json()
    assert (parent["stage"], parent["compliance"], parent["amounts"]) == ("EXITED", "CLOSED", [])
    assert {one["state"] for one in parent["obligations"]} == {"SUPERSEDED"}
    fees = [float(claimed(api, part)["LATE_FEE"]) for part in PARTS]
    assert fees[0] == 3 * fees[1] > 0
    paid = body("payment.received", "2024-07-01", {"instalment_no": 1, "amount_wan": "1.00"})
    assert "120114001002GB00101" in problem(api.post(paid, who="FIN"), 409, "PARCEL_EXITED")["detail"]
    assert api.post(paid, who="FIN", parcel=PARTS[0]).status_code == 201
    work(api)
    listed = {one["parcel_id"]: one["stage"] for one in api.get("/v1/parcels").json()["items"]}
    assert listed[PARCEL] == "EXITED" and set(PARTS) <= listed.keys()


def test_a_merger_is_written_into_every_parent_and_two_charges_of_one_number_stay_two(api):
    charge = {"charge_id": "c1", "kind": "OTHER", "amount_wan": "10.00", "override_reason": "约定"}
    for parcel in (PARCEL, OTHER_PARCEL):
        signed(api, parcel)
        assert api.post(body("charge.assessed", "2024-04-01", charge), parcel=parcel).status_code == 201
    data = {"from_codes": [PARCEL, OTHER_PARCEL], "to_codes": PARTS[:1], "area_m2": ["80000.00"]}

    assert api.post(body("parcel.merged", "2024-06-03", data)).status_code == 201

    stages = [api.get(f"/v1/parcels/{parcel}/status").json()["stage"] for parcel in (PARCEL, OTHER_PARCEL)]
    assert stages == ["EXITED", "EXITED"]
    status = api.get(f"/v1/parcels/{PARTS[0]}/status").json()
    assert [(one["charge_id"], one["amount_wan"]) for one in status["amounts"] if one["kind"] == "OTHER"] == [
        ("c1", "10.00"),
        ("c1-2", "10.00"),
    ]
    owed = [(one["key"], one["threshold"]) for one in status["obligations"] if one["code"] == "O-PAY"]
    assert owed == [("O-PAY/1", "2400.00"), ("O-PAY/1-2", "2400.00")]
