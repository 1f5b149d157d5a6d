"""Given the real application in a real server, on a real, migrated PostgreSQL, with one key per role."""

import threading
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

import httpx
import psycopg
import uvicorn
from pydantic import SecretStr

from adapters import api_keys
from adapters.postgres import open_pool
from adapters.settings import Settings
from api.app import create_app
from projections.worker import run_once

PARCEL = "120114001002GB00015"
OTHER_PARCEL = "120114001002GB00016"
FOREIGN_PARCEL = "371502001002GB00015"
TODAY = date(2026, 6, 1)


def settings_for(database_url, tmp_path):
    return Settings(
        database_url=database_url,
        data_dir=tmp_path,
        today=TODAY,
        key_pepper=SecretStr("pepper"),
        body_hash_key=SecretStr("body"),
        cursor_key=SecretStr("cursor"),
    )


@dataclass
class Api:
    """A client that posts as departments."""

    client: httpx.Client
    settings: Settings
    keys: dict[str, str] = field(default_factory=dict)

    def key(self, name):
        """`NRP`, `120101/STB`, `regulator`, `regulator@371500`, `NRP@area=wq-1`; made when first asked for."""
        if name not in self.keys:
            who, _, area = name.partition("@area=")
            where, _, role = who.rpartition("/") if "/" in who else ("120114", "", who)
            role, _, place = role.partition("@")
            where = place or where
            department = role if role.isupper() else None
            with psycopg.connect(self.settings.database_url) as connection:
                self.keys[name] = api_keys.create(
                    connection, self.settings, where, "department" if department else role, department, area or None
                )
        return self.keys[name]

    def headers(self, who):
        return {} if who is None else {"Authorization": f"Bearer {self.key(who)}"}

    def get(self, path, who="regulator", **params):
        return self.client.get(path, params=params, headers=self.headers(who))

    def post(self, body, who="NRP", parcel=PARCEL, path=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()} | self.headers(who)
        return self.client.post(path or f"/v1/parcels/{parcel}/events", json=body, headers=headers)


@contextmanager
def serving(app):
    """The application in a server of its own, on a free port; gives its address."""
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_level="error", access_log=False, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def running(settings, **overrides):
    """The application with a client."""
    with serving(create_app(settings, **overrides)) as address, httpx.Client(base_url=address, timeout=30) as client:
        yield Api(client, settings)


def problem(response, status, code):
    """The problem document, having this status and code."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert (body["status"], body["code"]) == (status, code), body
    assert {"type", "title", "detail", "errors", "trace_id"} <= body.keys()
    return body


def work(api):
    """Brings the read models to the end of the log."""
    with open_pool(api.settings.database_url, max_size=3) as pool:
        run_once(api.settings, pool)


def delivered(day="2024-05-20", **more):
    """A report of NRP that needs nothing before it."""
    return {
        "event_id": str(uuid.uuid4()),
        "type": "land.delivered",
        "occurred_on": day,
        "document": {"no": "津武交〔2024〕1号"},
        "data": {"delivered_on": day, "land_condition": "LEVELLED"},
    } | more


def contract(day="2024-01-10", **data):
    """A contract of NRP that is complete enough for obligations."""
    return {
        "event_id": str(uuid.uuid4()),
        "type": "contract.signed",
        "occurred_on": day,
        "contract_no": "津武(挂)2024-01",
        "document": {"no": "津武合〔2024〕1号"},
        "data": {
            "supply_mode": "GRANT_LISTING",
            "holder": {"uscc": "91120114MA06TEK14B", "name": "天津甲一智能装备有限公司"},
            "area_m2": "40000.00",
            "price_wan": "2400.00",
            "term_years": "50",
            "use_code": "100101",
            "start_due": "2025-01-10",
            "complete_due": "2027-01-10",
        }
        | data,
    }
