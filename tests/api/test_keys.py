"""Keys and access tokens: what is stored, what is granted, when it ends (contract 7)."""

import json
import threading
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import jwt
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from typer.testing import CliRunner

from adapters import api_keys
from adapters.api_keys import KeyRefused, Principal
from adapters.tokens import TokenRefused, TokenVerifier
from api import principals
from api.cli import app
from domain.divisions import covers
from given_api import PARCEL, delivered, settings_for


@pytest.fixture
def connection(database_url):
    with psycopg.connect(database_url, autocommit=True) as connected:
        yield connected


@pytest.fixture
def settings(database_url, tmp_path):
    return settings_for(database_url, tmp_path)


@pytest.mark.parametrize(
    ("grant", "why"),
    [
        (("120114", "clerk", None), "ROLE_UNKNOWN"),
        (("wuqing", "regulator", None), "JURISDICTION"),
        (("999999", "regulator", None), "DIVISION_UNKNOWN"),
        (("120114", "department", None), "DEPARTMENT_REQUIRED"),
        (("120114", "department", "XYZ"), "DEPARTMENT_REQUIRED"),
        (("120114", "regulator", "NRP"), "DEPARTMENT_NOT_ALLOWED"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused_in_one_line(connection, settings, grant, why):
    with pytest.raises(KeyRefused, match=why):
        api_keys.create(connection, settings, *grant)


def test_a_key_grants_what_it_was_made_for_and_the_database_does_not_hold_it(connection, settings):
    key = api_keys.create(connection, settings, "120114", "department", "NRP", "wq-east")
    key_id = key.split("_")[1]
    assert api_keys.find(connection, settings, key) == Principal(key_id, "department", "120114", "NRP", "wq-east")
    stored = connection.execute("SELECT to_jsonb(k)::text FROM api_key k").fetchone()[0]
    assert key.split("_", 2)[2] not in stored
    assert api_keys.find(connection, settings, key[:-1] + ("A" if key[-1] != "A" else "B")) is None
    assert [one["key_id"] for one in api_keys.list_keys(connection)] == [key_id]


def test_keys_are_listed_with_the_time_of_everywhere(connection, settings, monkeypatch, tmp_path):
    """Given a key, then it is listed with an instant of RFC 3339 at +08:00 and without its secret."""
    monkeypatch.setenv("LANDCYCLE_DATABASE_URL", settings.database_url)
    key = api_keys.create(connection, settings, "120114", "regulator")
    done = CliRunner().invoke(app, ["keys", "list", "--data-dir", str(tmp_path)])
    listed = json.loads(done.stdout)
    assert datetime.fromisoformat(listed["created_at"]).tzinfo and listed["created_at"][10] == "T"
    assert listed["created_at"].endswith("+08:00") and listed["revoked_at"] is None
    assert key.split("_", 2)[2] not in done.stdout


def test_a_revoked_key_is_good_no_more(connection, settings):
    key = api_keys.create(connection, settings, "120114", "regulator")
    assert api_keys.revoke(connection, key.split("_")[1])
    assert api_keys.find(connection, settings, key) is None
    assert not api_keys.revoke(connection, key)


def test_another_pepper_knows_no_key(connection, settings):
    key = api_keys.create(connection, settings, "120114", "regulator")
    other = settings.model_copy(update={"key_pepper": type(settings.key_pepper)("other")})
    assert api_keys.find(connection, other, key) is None


def test_the_api_forgets_a_revoked_key_within_seconds(api, monkeypatch):
    monkeypatch.setattr(principals, "REMEMBERED_SECONDS", 0.2)
    assert api.post(delivered()).status_code == 201
    with psycopg.connect(api.settings.database_url) as connected:
        assert api_keys.revoke(connected, api.key("NRP"))
    time.sleep(0.3)
    assert api.post(delivered()).status_code == 401


@pytest.mark.parametrize(
    ("division", "jurisdiction", "within"),
    [
        ("120000", "120114", True),
        ("120100", "120114", True),
        ("120114", "120114", True),
        ("120114", "120000", False),
        ("120114", "120101", False),
        ("000000", "371502", True),
        ("371500", "371502", True),
        ("371500", "371602", False),
        ("120110", "120114", False),
    ],
)
def test_a_division_covers_what_lies_in_it(division, jurisdiction, within):
    assert covers(division, jurisdiction) is within


@pytest.fixture(scope="module")
def issuer():
    """A key of an issuer, and the address where it is published."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    published = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())) | {"kid": "k1", "use": "sig"}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps({"keys": [published]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield key, f"http://127.0.0.1:{server.server_port}/jwks"
    server.shutdown()
    server.server_close()
    thread.join()


def token(key, **claims):
    now = int(time.time())
    full = {
        "iss": "https://id.example", "aud": "landcycle", "sub": "zhang", "exp": now + 60,
        "landcycle_role": "department", "landcycle_jurisdiction": "120114", "landcycle_department": "NRP",
    } | claims  # fmt: skip
    return jwt.encode({name: value for name, value in full.items() if value is not None}, key, "RS256", {"kid": "k1"})


def test_an_access_token_of_the_issuer_is_a_principal(issuer):
    key, address = issuer
    verifier = TokenVerifier("https://id.example", "landcycle", address)
    assert verifier.principal(token(key)) == Principal("oidc:zhang", "department", "120114", "NRP", None)
    coordinator = token(key, landcycle_role="coordinator", landcycle_department=None)
    assert verifier.principal(coordinator).role == "coordinator"


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1},
        {"aud": "another"},
        {"iss": "https://other.example"},
        {"sub": None},
        {"landcycle_role": "root"},
        {"landcycle_jurisdiction": None},
        {"landcycle_department": "ENT"},
    ],
)
def test_a_token_that_grants_nothing_here_is_refused(issuer, claims):
    key, address = issuer
    with pytest.raises(TokenRefused):
        TokenVerifier("https://id.example", "landcycle", address).principal(token(key, **claims))


def test_a_token_signed_by_somebody_else_is_refused(issuer):
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with pytest.raises(TokenRefused):
        TokenVerifier("https://id.example", "landcycle", issuer[1]).principal(token(stranger))
    unsigned = jwt.encode({"sub": "zhang"}, "", "none")
    with pytest.raises(TokenRefused):
        TokenVerifier("https://id.example", "landcycle", issuer[1]).principal(unsigned)


def test_the_api_takes_access_tokens(issuer, database_url, tmp_path):
    from given_api import running

    verifier = TokenVerifier("https://id.example", "landcycle", issuer[1])
    with running(settings_for(database_url, tmp_path), verifier=verifier) as api:
        headers = {"Authorization": f"Bearer {token(issuer[0])}"}
        path = f"/v1/parcels/{PARCEL}/events"
        assert api.client.post(path, json=delivered(), headers=headers).status_code == 201
        expired = {"Authorization": f"Bearer {token(issuer[0], exp=1)}"}
        assert api.client.post(path, json=delivered(), headers=expired).status_code == 401
