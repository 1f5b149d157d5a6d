"""Batches: one result per line, groups that go in or stay out together, streaming (contract 3)."""

import http.client
import json
import time
import uuid
from urllib.parse import urlsplit

import httpx
import pytest

from adapters.receipts import LogUnavailable
from api import batches
from given_api import FOREIGN_PARCEL, OTHER_PARCEL, PARCEL, contract, delivered


def ndjson(lines):
    return b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)


def send(api, lines, who="NRP", query="", content_type="application/x-ndjson"):
    return api.client.post(
        f"/v1/events:batch{query}",
        content=ndjson(lines),
        headers={"content-type": content_type, **api.headers(who)},
    )


def results(response):
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in response.text.splitlines()]


def statuses(response):
    return [(one["line"], one["status"]) for one in results(response)]


def codes(response):
    return [one.get("problem", {}).get("code") for one in results(response)]


def at(parcel, body=None, **more):
    return {"parcel_id": parcel, **(body or delivered()), **more}


def test_401_then_400_then_415(api):
    assert send(api, [at(PARCEL)], who=None).status_code == 401
    assert send(api, [at(PARCEL)], query="?dryrun=1").status_code == 400
    assert send(api, [at(PARCEL)], query="?dry_run=perhaps").status_code == 400
    assert send(api, [at(PARCEL)], content_type="application/json").status_code == 415


def test_every_line_has_its_own_answer_and_a_bad_line_stops_nobody(api):
    response = send(
        api,
        [
            at(PARCEL),
            b"{no json\n",
            at(FOREIGN_PARCEL),
            {**delivered()},
            at("12"),
            b"\n",
            at(OTHER_PARCEL, occurred_on="2026-06-02"),
            at("120114001002GB00017", expected_version="1"),
            b'{"parcel_id": "' + b"x" * api.settings.max_body_bytes + b'"}\n',
            at("120114001002GB00018"),
        ],
    )
    assert statuses(response) == [
        (1, 201), (2, 400), (3, 403), (4, 422), (5, 422), (7, 422), (8, 422), (9, 413), (10, 201)
    ]  # fmt: skip
    first = results(response)[0]
    assert first["receipt"]["event_id"] == first["event_id"]
    assert results(response)[1]["problem"]["code"] == "MALFORMED_JSON"


def test_403_of_a_department_without_the_duty(api):
    assert codes(send(api, [at(PARCEL)], who="TAX")) == ["NOT_ENTITLED"]


def test_consecutive_lines_of_one_parcel_go_in_or_stay_out_together(api):
    lines = [at(PARCEL), at(PARCEL, occurred_on="2026-06-02"), at(PARCEL), at(OTHER_PARCEL), at(PARCEL)]
    response = send(api, lines)
    assert statuses(response) == [(1, 424), (2, 422), (3, 424), (4, 201), (5, 201)]
    assert (
        api.client.get(f"/v1/parcels/{PARCEL}/events/{lines[0]['event_id']}", headers=api.headers("NRP")).status_code
        == 404
    )
    assert results(response)[4]["receipt"]["version"] == 1


def test_a_whole_group_is_refused_by_a_stale_version_or_a_used_id(api):
    used = delivered()
    assert api.post(used).status_code == 201
    response = send(
        api,
        [
            at(PARCEL),
            at(PARCEL, expected_version=9),
            at(OTHER_PARCEL),
            at(OTHER_PARCEL, used | {"document": {"no": "别的"}}),
        ],
    )
    assert statuses(response) == [(1, 424), (2, 412), (3, 424), (4, 409)]


def test_expected_version_counts_the_lines_before(api):
    first, second = contract(), delivered()
    withdrawal = {
        "event_id": str(uuid.uuid4()),
        "type": "report.withdrawn",
        "occurred_on": "2024-06-01",
        "data": {"withdraws": second["event_id"], "reason": "误报"},
    }
    assert codes(send(api, [at(PARCEL, first), at(PARCEL, second), at(PARCEL, withdrawal)])) == [
        "GROUP_REFUSED", "GROUP_REFUSED", "IF_MATCH_REQUIRED"
    ]  # fmt: skip
    lines = [at(PARCEL, first), at(PARCEL, second), at(PARCEL, withdrawal, expected_version=2)]
    assert statuses(send(api, lines)) == [(1, 201), (2, 201), (3, 201)]
    assert statuses(send(api, lines)) == [(1, 200), (2, 200), (3, 200)]


def test_a_dry_run_writes_nothing_and_its_lines_see_each_other(api):
    lines = [at(PARCEL, contract()), at(OTHER_PARCEL), at(PARCEL)]
    response = send(api, lines, query="?dry_run=true")
    assert statuses(response) == [(1, 200), (2, 200), (3, 200)]
    receipts = [one["receipt"] for one in results(response)]
    assert [one["version"] for one in receipts] == [1, 1, 2]
    assert {one["position"] for one in receipts} == {None}
    assert api.get(f"/v1/parcels/{PARCEL}/history").status_code == 404
    assert statuses(send(api, lines)) == [(1, 201), (2, 201), (3, 201)]


def test_a_batch_repeated_answers_200_and_the_first_receipts(api):
    lines = [at(PARCEL), at(PARCEL), at(OTHER_PARCEL)]
    first, again = results(send(api, lines)), results(send(api, lines))
    assert [one["status"] for one in again] == [200, 200, 200]
    assert [one["receipt"]["position"] for one in again] == [one["receipt"]["position"] for one in first]


def test_more_than_a_thousand_lines_of_one_parcel_are_several_groups(api):
    lines = [at(PARCEL) for _ in range(1001)] + [at(PARCEL, occurred_on="2026-06-02")]
    answers = results(send(api, lines))
    assert {one["status"] for one in answers[:1000]} == {201}
    assert [one["status"] for one in answers[1000:]] == [424, 422]


def test_results_come_while_lines_still_arrive(api):
    """The second half is sent only after the answer to the first has been seen."""
    address = urlsplit(str(api.client.base_url))
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=20)
    headers = {"Content-Type": "application/x-ndjson", "Transfer-Encoding": "chunked", **api.headers("NRP")}
    connection.putrequest("POST", "/v1/events:batch")
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()

    def chunk(part):
        connection.send(b"%x\r\n%b\r\n" % (len(part), part))

    chunk(ndjson([at(PARCEL), at(OTHER_PARCEL)]))
    response = connection.response_class(connection.sock, method="POST")
    response.begin()
    first = json.loads(response.readline())
    assert (first["line"], first["status"]) == (1, 201)
    chunk(ndjson([at(PARCEL)]))
    connection.send(b"0\r\n\r\n")
    rest = [json.loads(line) for line in response.read().splitlines()]
    assert [(one["line"], one["status"]) for one in rest] == [(2, 201), (3, 201)]
    connection.close()


def test_a_sender_that_reads_only_at_the_end_does_not_block_itself(api):
    parcels = [f"120114001002GB{number:05d}" for number in range(1, 3001)]
    started = time.monotonic()
    answers = results(send(api, [at(parcel) for parcel in parcels for _ in range(2)]))
    assert len(answers) == 6000 and {one["status"] for one in answers} == {201}
    assert [one["line"] for one in answers] == list(range(1, 6001))
    assert time.monotonic() - started < 60


def test_a_sender_that_leaves_in_the_middle_leaves_only_whole_groups(api):
    def lines():
        yield ndjson([at(OTHER_PARCEL), at(PARCEL)])
        yield ndjson([at(PARCEL)])
        time.sleep(0.3)
        raise ConnectionAbortedError

    with pytest.raises((ConnectionAbortedError, httpx.HTTPError)):
        api.client.post(
            "/v1/events:batch",
            content=lines(),
            headers={"content-type": "application/x-ndjson", **api.headers("NRP")},
        )
    time.sleep(0.3)
    assert api.get(f"/v1/parcels/{OTHER_PARCEL}/history").status_code == 200
    assert api.get(f"/v1/parcels/{PARCEL}/history").status_code == 404


def test_a_repeated_batch_gets_the_first_receipts_with_their_warnings(api):
    lines = [at(PARCEL, contract()), at(PARCEL), at(OTHER_PARCEL)]
    first, again = results(send(api, lines)), results(send(api, lines))
    assert [one["receipt"] for one in again] == [one["receipt"] for one in first]
    assert all(one["receipt"]["warnings"] for one in (first[0], first[2]))
    assert [one["status"] for one in again] == [200, 200, 200]


def test_a_log_that_goes_away_while_first_receipts_are_looked_up_fails_that_group_alone(api, monkeypatch):
    """Given a repeated id, when the database is lost behind its answer, then the lines after it are answered all the same."""
    repeated = delivered() | {"event_id": str(uuid.uuid4())}
    assert statuses(send(api, [at(PARCEL, repeated)])) == [(1, 201)]

    def lost(*_):
        raise LogUnavailable("the connection was cut")

    monkeypatch.setattr(batches, "as_first", lost)
    assert statuses(send(api, [at(PARCEL, repeated), at(OTHER_PARCEL)])) == [(1, 503), (2, 201)]
