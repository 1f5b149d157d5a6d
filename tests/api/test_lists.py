"""Lists, alerts, files: what the caller may see, in pages, as current as asked (contract 4, 4.1)."""

import csv
import io
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from python_calamine import CalamineWorkbook

from api import shown
from given_api import FOREIGN_PARCEL, PARCEL, contract, delivered, problem, work

LISTS = ["/v1/parcels", "/v1/exit-eligible", "/v1/data-quality", "/v1/alerts"]
NUMBERS = range(21, 33)


def code(number):
    return f"120114001002GB{number:05d}"


@pytest.fixture
def city(api):
    """Twelve parcels of 武清 that fell due and were never started, one of 聊城; read models are current."""
    for number in NUMBERS:
        assert api.post(contract(), parcel=code(number)).status_code == 201
    assert api.post(contract(), who="371500/NRP", parcel=FOREIGN_PARCEL).status_code == 201
    work(api)
    return api


def all_pages(api, path, who="regulator", **params):
    items, cursor = [], None
    while True:
        answer = api.get(path, who=who, **params, **({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert body.keys() == {"items", "next", "data_as_of"}
        assert body["data_as_of"].keys() == {"position", "recorded_at", "as_of"}
        items += body["items"]
        cursor = body["next"]
        if cursor is None:
            return items


@pytest.mark.parametrize("path", LISTS)
def test_401_403_400(api, path):
    problem(api.get(path, who=None), 401, "UNAUTHENTICATED")
    problem(api.get(path, jurisdiction="371502"), 403, "FOREIGN_JURISDICTION")
    for wrong in ({"nonsense": 1}, {"limit": 0}, {"limit": 501}, {"limit": "x"}, {"jurisdiction": "12"}):
        assert api.get(path, **wrong).status_code == 400
    problem(api.get(path, cursor="AAAA"), 400, "CURSOR_ALTERED")
    assert api.get(path).json()["items"] == []


@pytest.mark.parametrize(("path", "more"), [(LISTS[0], {}), (LISTS[1], {"eligible": "any"}), (LISTS[3], {})])
def test_pages_hold_every_item_once_and_nothing_foreign(city, path, more):
    def pages(*args, **params):
        return all_pages(*args, **params, **more)

    whole = pages(city, path, limit=500)
    assert whole, path
    assert pages(city, path, limit=5) == whole
    assert {item["parcel_id"] for item in whole} <= {code(number) for number in NUMBERS}
    assert {item["parcel_id"] for item in pages(city, path, who="371500/NRP")} <= {FOREIGN_PARCEL}
    everywhere = {item["parcel_id"] for item in pages(city, path, who="regulator@000000", limit=500)}
    assert everywhere == {item["parcel_id"] for item in whole} | {FOREIGN_PARCEL}


def test_a_cursor_belongs_to_its_filters_and_its_caller(city):
    cursor = city.get("/v1/parcels", limit=2).json()["next"]
    assert city.get("/v1/parcels", limit=3, cursor=cursor).status_code == 200
    problem(city.get("/v1/parcels", stage="LEAD", cursor=cursor), 400, "CURSOR_ALTERED")
    problem(city.get("/v1/parcels", who="regulator@000000", cursor=cursor), 400, "CURSOR_ALTERED")
    problem(city.get("/v1/alerts", cursor=cursor), 400, "CURSOR_ALTERED")


def test_rows_that_come_in_between_neither_double_nor_hide_others(city):
    first = city.get("/v1/parcels", limit=4).json()
    city.post(contract(), parcel=code(20))
    city.post(contract(), parcel=code(40))
    work(city)
    seen = [item["parcel_id"] for item in first["items"]]
    cursor = first["next"]
    while cursor:
        body = city.get("/v1/parcels", limit=4, cursor=cursor).json()
        seen += [item["parcel_id"] for item in body["items"]]
        cursor = body["next"]
    assert len(seen) == len(set(seen)) and {code(number) for number in NUMBERS} <= set(seen)


def test_filters_of_the_list_of_parcels(city):
    def ids(**params):
        return [item["parcel_id"] for item in all_pages(city, "/v1/parcels", **params)]

    assert len(ids(stage="SUPPLIED")) == 12 and ids(stage="COMPLETED") == []
    assert len(ids(compliance="BREACH")) == 12
    assert len(ids(alias="津武(挂)2024-01")) == 12 and ids(alias="津武") == []
    assert ids(q=code(25)) == [code(25)]
    assert len(ids(due_before="2025-01-11")) == 12 and ids(due_before="2025-01-10") == []
    assert city.get("/v1/parcels", due_before="soon").status_code == 400


def test_min_position_waits_until_the_list_shows_the_event(city):
    position = city.post(delivered(), parcel=code(50)).json()["position"]
    late = threading.Timer(0.5, work, [city])
    late.start()
    found = city.get("/v1/parcels", q=code(50), min_position=position)
    late.join()
    assert [item["parcel_id"] for item in found.json()["items"]] == [code(50)]
    assert found.json()["data_as_of"]["position"] >= position


def test_lists_that_wait_keep_nobody_else_waiting(city):
    position = city.post(delivered(), parcel=code(50)).json()["position"]
    waiting, all_at_once = 60, httpx.Limits(max_connections=None)
    with (
        httpx.Client(
            base_url=city.client.base_url, headers=city.headers("regulator"), timeout=30, limits=all_at_once
        ) as client,
        ThreadPoolExecutor(waiting) as threads,
    ):
        lists = [
            threads.submit(client.get, path, params={"min_position": position})
            for path in LISTS * (waiting // len(LISTS))
        ]
        time.sleep(1)
        assert not any(one.done() for one in lists)
        for path in ("/livez", "/readyz", "/v1/parcels"):
            began = time.monotonic()
            city.get(path)
            assert time.monotonic() - began < 0.5, path
        work(city)
        assert {one.result().status_code for one in lists} == {200}


def test_503_behind_when_it_does_not_come_in_time(city, monkeypatch):
    monkeypatch.setattr(shown, "WAIT_SECONDS", 0.2)
    position = city.post(delivered(), parcel=code(50)).json()["position"]
    answer = city.get("/v1/parcels", min_position=position)
    problem(answer, 503, "BEHIND")
    assert answer.headers["retry-after"]


def test_what_was_never_reported_is_on_the_list_of_the_department_that_owes_it(api):
    for number in NUMBERS:
        assert api.post(contract(onboarding=True, onboarded_on="2026-05-01"), parcel=code(number)).status_code == 201
    work(api)
    whole = all_pages(api, "/v1/data-quality", limit=500)
    assert {one["parcel_id"] for one in whole} == {code(number) for number in NUMBERS}
    assert {one["kind"] for one in whole} == {"DATA_MISSING"}
    assert all_pages(api, "/v1/data-quality", limit=5) == whole
    owing = whole[0]["department"]
    assert all_pages(api, "/v1/data-quality", department=owing, kind="DATA_MISSING")
    assert all_pages(api, "/v1/data-quality", kind="CONFLICT") == []
    assert all_pages(api, "/v1/alerts") == []


def test_a_position_that_the_log_does_not_have_is_not_waited_for(city):
    started = time.monotonic()
    problem(city.get("/v1/parcels", min_position=10**9), 503, "BEHIND")
    assert time.monotonic() - started < 2


def test_a_text_that_the_database_cannot_take_is_refused(api):
    answer = api.client.get("/v1/parcels?q=a%00b", headers=api.headers("regulator"))
    problem(answer, 400, "INVALID_PARAMETER")


def test_exit_eligible_lists_reasons_and_bars(city):
    barred = all_pages(city, "/v1/exit-eligible", eligible="false", kind="MT")
    assert len(barred) == 12 and all(item["blockers"] for item in barred)
    assert {"code", "message", "cleared_by"} == barred[0]["blockers"][0].keys()
    problem(city.get("/v1/exit-eligible", eligible="perhaps"), 400, "INVALID_PARAMETER")


def test_a_key_of_an_area_sees_the_parcels_of_that_area(city):
    city.post(contract(area_id="wq-east"), parcel=code(60))
    city.post(contract(area_id="wq-west"), parcel=code(61))
    work(city)
    seen = {item["parcel_id"] for item in all_pages(city, "/v1/parcels", who="NRP@area=wq-east", limit=3)}
    assert code(60) in seen and code(61) not in seen


# --- alerts ----------------------------------------------------------------------------------------------------


def test_alerts_are_acknowledged_answered_and_closed_by_those_concerned(city):
    alert = all_pages(city, "/v1/alerts")[0]
    path = f"/v1/alerts/{alert['alert_id']}"
    concerned = alert["departments"][0]
    problem(city.post({}, who=None, path=f"{path}/acknowledge"), 401, "UNAUTHENTICATED")
    problem(city.post({}, who="371500/NRP", path=f"{path}/acknowledge"), 403, "FOREIGN_JURISDICTION")
    problem(city.post({}, who="CUL", path=f"{path}/acknowledge"), 403, "ROLE_NOT_ALLOWED")
    problem(city.post({}, who="regulator", path=f"{path}/acknowledge"), 403, "ROLE_NOT_ALLOWED")
    unknown = "00000000-0000-5000-8000-000000000000"
    problem(city.post({}, path=f"/v1/alerts/{unknown}/acknowledge"), 404, "NOT_FOUND")
    problem(city.post({}, path="/v1/alerts/nonsense/acknowledge"), 404, "NOT_FOUND")
    problem(city.post({"note": 1}, who=concerned, path=f"{path}/acknowledge"), 422, "WRONG_TYPE")
    problem(city.post({"notes": ""}, who=concerned, path=f"{path}/acknowledge"), 422, "UNKNOWN_FIELD")
    problem(city.post({"note": "已处理"}, who=concerned, path=f"{path}/close"), 409, "ALERT_STATE")
    taken = city.post({"note": "已收到"}, who=concerned, path=f"{path}/acknowledge")
    assert (taken.status_code, taken.json()["state"]) == (200, "ACKNOWLEDGED")
    assert city.post({"note": "约谈企业"}, who=concerned, path=f"{path}/feedback").json()["state"] == "ACKNOWLEDGED"
    closed = city.post({"note": "现场核实已动工"}, who="coordinator", path=f"{path}/close")
    assert (closed.status_code, closed.json()["state"]) == (200, "CLEARED")
    assert alert["alert_id"] not in {one["alert_id"] for one in all_pages(city, "/v1/alerts")}
    assert alert["alert_id"] in {one["alert_id"] for one in all_pages(city, "/v1/alerts", state="closed")}


def test_who_reported_the_end_closes_at_once_before_the_worker_has_come_so_far(city):
    parcel = code(21)
    (alert,) = [
        one for one in all_pages(city, "/v1/alerts") if (one["parcel_id"], one["code"]) == (parcel, "A-BREACH-START")
    ]
    report = city.get(f"/v1/parcels/{parcel}/history").json()["items"][0]
    corrected = {
        "event_id": "018f0000-0000-7000-8000-000000000001",
        "type": "report.corrected",
        "occurred_on": "2026-05-30",
        "document": {"no": "津武更〔2026〕1号"},
        "data": {
            "corrects": report["event_id"],
            "changes": [{"field": "start_due", "old": "2025-01-10", "new": "2026-12-10"}],
            "reason": "录入错误",
        },
    }
    closing = f"/v1/alerts/{alert['alert_id']}/close"
    problem(city.post({"note": "已更正"}, path=closing), 409, "ALERT_STATE")
    taken = city.post(corrected, parcel=parcel, **{"If-Match": '"1"'})
    assert taken.status_code == 201, taken.text
    closed = city.post({"note": "已更正"}, path=closing).json()
    assert (closed["state"], closed["ended_by"]) == ("WITHDRAWN", corrected["event_id"])
    work(city)
    assert city.post({}, path=closing).json() == closed, "closing twice answers the same"


def test_alerts_by_state_level_and_department(city):
    every = all_pages(city, "/v1/alerts", state="all")
    red = all_pages(city, "/v1/alerts", level="RED")
    assert every and {one["level"] for one in red} == {"RED"}
    concerned = every[0]["departments"][0]
    assert all(concerned in one["departments"] for one in all_pages(city, "/v1/alerts", department=concerned))
    assert all_pages(city, "/v1/alerts", state="closed") == []
    problem(city.get("/v1/alerts", level="GREEN"), 400, "INVALID_PARAMETER")


def listen(api, seen, who="regulator", **headers):
    """Reads server-sent events into `seen` until the thread is abandoned."""

    def read():
        with httpx.Client(base_url=api.client.base_url, timeout=20) as client:
            stream = client.stream("GET", "/v1/alerts/stream", headers=api.headers(who) | headers)
            try:
                with stream as response:
                    seen.append(response.status_code)
                    event = {}
                    for line in response.iter_lines():
                        if line:
                            name, _, value = line.partition(": ")
                            event[name] = value
                        elif event:
                            seen.append(event)
                            event = {}
            except httpx.HTTPError:
                pass

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def wait_until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.05)


def test_the_stream_goes_on_after_the_last_event_id(city):
    seen = []
    listen(city, seen, **{"Last-Event-ID": "0"})
    wait_until(lambda: sum("id" in one for one in seen[1:]) >= 12)
    events = [one for one in seen[1:] if "id" in one]
    assert seen[0] == 200
    first = json.loads(events[0]["data"])
    assert events[0]["event"] == "alert.raised" == first["change"]["type"]
    assert FOREIGN_PARCEL not in {json.loads(one["data"])["parcel_id"] for one in events}
    ids = [int(one["id"]) for one in events]
    assert ids == sorted(set(ids))
    later = []
    listen(city, later, **{"Last-Event-ID": str(ids[4])})
    wait_until(lambda: sum("id" in one for one in later[1:]) >= len(ids) - 5)
    assert [int(one["id"]) for one in later[1:] if "id" in one][: len(ids) - 5] == ids[5:]
    problem(
        city.client.get("/v1/alerts/stream", headers=city.headers("regulator") | {"Last-Event-ID": "x"}),
        400,
        "INVALID_HEADER",
    )
    problem(city.get("/v1/alerts/stream", who=None), 401, "UNAUTHENTICATED")


# --- files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", ["parcels", "alerts", "exit-eligible"])
def test_the_lists_as_files(city, question):
    path = f"/v1/exports/{question}"
    problem(city.get(f"{path}.csv", who=None), 401, "UNAUTHENTICATED")
    assert city.get(f"{path}.pdf").status_code == 400
    lines = [json.loads(line) for line in city.get(f"{path}.ndjson").text.splitlines()]
    rows = list(csv.reader(io.StringIO(city.get(f"{path}.csv").content.decode("utf-8-sig"))))
    book = CalamineWorkbook.from_filelike(io.BytesIO(city.get(f"{path}.xlsx").content))
    sheet = book.get_sheet_by_index(0).to_python()
    assert len(rows) == len(sheet) == len(lines) + 1
    assert sheet[0] == rows[0] and "宗地编号" in rows[0]
    if question == "parcels":
        assert [row[0] for row in rows[1:]] == [code(number) for number in NUMBERS]


def test_a_name_that_begins_like_a_formula_stays_text(api):
    api.post(contract(holder={"uscc": "91120114MA06TEK14B", "name": "=1+1"}))
    work(api)
    rows = list(csv.reader(io.StringIO(api.get("/v1/exports/parcels.csv").content.decode("utf-8-sig"))))
    assert rows[1][0] == PARCEL and "'=1+1" in rows[1]
