"""Supply notices over HTTP (contract 4: `/v1/imports/…`; specification 7.8)."""

import asyncio
import json
import threading
from pathlib import Path

from api import uploads
from given_api import problem, work

EXAMPLE = Path(__file__).parents[2] / "examples" / "supply_notices.csv"
FORM = "/v1/imports/landchina"


def post(api, content, who="NRP", media_type="text/csv", **params):
    return api.client.post(
        FORM, params=params, content=content, headers=api.headers(who) | {"Content-Type": media_type}
    )


def lines(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def test_a_file_is_taken_once_and_every_row_is_accounted_for(api):
    form = api.get(FORM).json()
    assert form["columns"] == EXAMPLE.read_text("utf-8-sig").splitlines()[0].split(",")

    *findings, counts = lines(post(api, EXAMPLE.read_bytes(), who="000000/admin", as_of="2024-01-01"))
    assert counts["read"] == 9 == counts["accepted"] + counts["unchanged"] + counts["reported"]
    assert (counts["accepted"], counts["reported"]) == (7, 2)
    assert {one["line"] for one in findings if one["status"] == "reported"} and all(one["message"] for one in findings)

    *_, again = lines(post(api, EXAMPLE.read_bytes(), who="000000/admin"))
    assert (again["accepted"], again["unchanged"], again["events"]) == (0, 7, 0)
    work(api)
    listed = api.get("/v1/parcels", who="regulator@000000").json()["items"]
    assert len(listed) == counts["parcels"]


def test_rows_outside_the_jurisdiction_of_the_key_are_reported(api):
    *findings, counts = lines(post(api, EXAMPLE.read_bytes()))
    outside = {one["line"] for one in findings if one["code"] == "OUTSIDE_JURISDICTION"}
    assert outside and counts["read"] == 9 == counts["accepted"] + counts["reported"]
    work(api)
    assert {one["jurisdiction"] for one in api.get("/v1/parcels").json()["items"]} <= {"120114"}


def test_who_may_not_import_is_told_who_may(api):
    problem(post(api, b"", who=None), 401, "UNAUTHENTICATED")
    problem(post(api, b"", jurisdiction="371502"), 403, "FOREIGN_JURISDICTION")
    problem(post(api, b"", who="regulator"), 403, "ROLE_NOT_ALLOWED")
    problem(post(api, b"", who="NRP@area=wq-1"), 403, "FOREIGN_JURISDICTION")
    assert problem(post(api, b"", who="TAX"), 403, "NOT_ENTITLED")["departments"] == ["NRP"]


def test_what_is_no_such_file_is_refused_in_one_line(api):
    problem(post(api, b"{}", media_type="application/json"), 415, "UNSUPPORTED_MEDIA_TYPE")
    problem(post(api, b""), 422, "FILE_UNREADABLE")
    assert "缺少列" in problem(post(api, b"a,b\n1,2\n"), 422, "FILE_UNREADABLE")["detail"]
    problem(post(api, b"a,b\n1,2\n", media_type=list(uploads.SUFFIXES)[1]), 422, "FILE_UNREADABLE")
    problem(post(api, EXAMPLE.read_bytes(), as_of="2999-01-01"), 400, "INVALID_PARAMETER")
    problem(post(api, EXAMPLE.read_bytes(), colour="red"), 400, "UNKNOWN_PARAMETER")


def test_a_file_that_is_too_large_is_refused(api, monkeypatch):
    monkeypatch.setattr(uploads, "LARGEST", 100)
    problem(post(api, EXAMPLE.read_bytes()), 413, "BODY_TOO_LARGE")


def test_two_files_are_not_imported_at_once_and_the_next_is(api, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()
    save = uploads._save

    async def held(request, file):
        begun.set()
        await save(request, file)
        while not go_on.is_set():
            await asyncio.sleep(0.01)

    monkeypatch.setattr(uploads, "_save", held)
    first = threading.Thread(target=post, args=(api, EXAMPLE.read_bytes()))
    api.key("NRP")
    first.start()
    assert begun.wait(20)
    problem(post(api, EXAMPLE.read_bytes()), 429, "TOO_MANY_REQUESTS")
    go_on.set()
    first.join()
    assert lines(post(api, EXAMPLE.read_bytes()))[-1]["accepted"] == 0
