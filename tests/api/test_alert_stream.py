"""Alerts without Kafka: the live stream over restarts of the server, and plain polling, while alerts are being raised."""

import json
import threading
import time

import httpx
import psycopg
import pytest
from given_api import running, settings_for

from adapters import alert_log, api_keys
from adapters.alert_changes import Ending, Raised
from api import alerts, principals
from domain.assessment import Alert

PLACES = ("120114", "120101")
WRITERS, ROUNDS = 4, 15


def raise_alerts(url, writer):
    """Transactions of several parcels each, of two districts, some of which take their time before they commit."""
    with psycopg.connect(url) as connection:
        for number in range(ROUNDS):
            found = [
                Raised(f"xm-2101-{place}-0{writer}-01-{number:06}", place, "base", [alert], (), lambda _: Ending(None))
                for place in PLACES
                for alert in [Alert("A-START-30", "O-START", "YELLOW", 739_000, ("NRP",), "开工期限将至", "规则")]
            ]
            alert_log.append_differences(connection, found)
            time.sleep(0.02 * (writer % 2))
            connection.commit()


@pytest.fixture
def settings(database_url, tmp_path):
    return settings_for(database_url, tmp_path)


@pytest.fixture
def raising(settings):
    """Writers that raise alerts while the test reads."""
    threads = [threading.Thread(target=raise_alerts, args=(settings.database_url, number)) for number in range(WRITERS)]
    yield threads
    for thread in threads:
        thread.join()


def read_some(api, who, last, most):
    """Up to so many events of the stream after one; then the connection is dropped, or the server ends it."""
    found = []
    headers = api.headers(who) | {"Last-Event-ID": str(last)}
    try:
        with httpx.Client(base_url=api.client.base_url, timeout=3) as client:
            with client.stream("GET", "/v1/alerts/stream", headers=headers) as response:
                identity = None
                for line in response.iter_lines():
                    name, _, value = line.partition(": ")
                    if name == "id":
                        identity = int(value)
                    if name == "data":
                        found.append((identity, json.loads(value)))
                        if len(found) == most:
                            return found
    except httpx.HTTPError:
        pass
    return found


def test_the_stream_loses_nothing_over_restarts_and_shows_each_key_its_own_district(settings, raising):
    expected = {"120114/NRP": WRITERS * ROUNDS, "regulator@120000": 2 * WRITERS * ROUNDS}
    seen = {who: [] for who in expected}
    started = False
    for _ in range(12):
        with running(settings) as api:  # a new server each time: nothing of the one before is remembered
            for thread in [] if started else raising:
                thread.start()
            started = True
            for who, events in seen.items():
                missing = expected[who] - len(events)
                if missing:
                    events += read_some(api, who, events[-1][0] if events else 0, min(missing, 25))
        if all(len(events) == expected[who] for who, events in seen.items()):
            break
    assert [position for position, _ in seen["regulator@120000"]] == list(range(1, 2 * WRITERS * ROUNDS + 1))
    own = [position for position, item in seen["regulator@120000"] if item["jurisdiction"] == "120114"]
    assert [position for position, _ in seen["120114/NRP"]] == own
    assert {item["jurisdiction"] for _, item in seen["120114/NRP"]} == {"120114"}


def test_the_stream_ends_when_its_key_is_revoked(settings, monkeypatch):
    monkeypatch.setattr(principals, "REMEMBERED_SECONDS", 0.2)
    monkeypatch.setattr(alerts, "POLL_SECONDS", 0.1)
    raise_alerts(settings.database_url, 0)
    with running(settings) as api:
        headers = api.headers("120114/NRP") | {"Last-Event-ID": str(2 * ROUNDS - 2)}
        with api.client.stream("GET", "/v1/alerts/stream", headers=headers, timeout=5) as response:
            lines = response.iter_lines()
            next(line for line in lines if line.startswith("data: "))
            with psycopg.connect(settings.database_url) as connection:
                assert api_keys.revoke(connection, headers["Authorization"].split("_")[1])
            time.sleep(0.5)
            raise_alerts(settings.database_url, 2)
            assert not [line for line in lines if line.startswith("data: ")], "and the server has ended it"


def test_polling_misses_no_alert_while_alerts_are_being_raised(settings, raising):
    with running(settings) as api:
        for thread in raising:
            thread.start()
        seen, after = [], "0"
        end = time.monotonic() + 30
        while len(seen) < 2 * WRITERS * ROUNDS and time.monotonic() < end:
            answer = api.get("/v1/alerts", "regulator@120000", limit=7, after=after)
            after = answer.headers["X-Alert-Position"]
            seen += answer.json()["items"]
    ids = [one["alert_id"] for one in seen]
    assert len(ids) == len(set(ids)) == 2 * WRITERS * ROUNDS
    assert after == str(2 * WRITERS * ROUNDS)


def test_a_position_beyond_the_end_is_refused_rather_than_answered_with_silence(settings):
    raise_alerts(settings.database_url, 0)
    with running(settings) as api:
        end = len(PLACES) * ROUNDS
        assert api.get("/v1/alerts", "regulator@120000", after=end).json()["items"] == []
        url, headers = "/v1/alerts/stream", api.headers("regulator@120000")
        for answer in (
            api.get("/v1/alerts", "regulator@120000", after=end + 1),
            api.client.get(url, params={"after": end + 1}, headers=headers),
            api.client.get(url, headers=headers | {"Last-Event-ID": "999999"}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (400, "POSITION_OF_ANOTHER_LOG"), answer.text
