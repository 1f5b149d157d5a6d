"""Real servers for the tests: one PostgreSQL per test process, a database of its own for each test that asks."""

import itertools
import os
import tempfile
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings

from adapters import embedded_kafka, embedded_postgres
from adapters.postgres import migrate

# Everyone runs the same cases, so that a failure is a change's own; `make search` draws new ones, and many more.
settings.register_profile("fixed", derandomize=True, database=None, deadline=None, print_blob=True)
settings.register_profile("search", deadline=None, print_blob=True)
settings.load_profile("search" if "LAW_EXAMPLES" in os.environ else "fixed")

_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_url():
    """The address of the server, without a database: `…:port`."""
    with tempfile.TemporaryDirectory(prefix="landcycle-tests-", ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o755)
        with embedded_postgres.running(Path(directory) / "postgres", _FAST) as server:
            yield server.url.removesuffix("/landcycle")


@pytest.fixture(scope="session")
def template_database(postgres_url):
    """A database with every migration applied, to be cloned."""
    with psycopg.connect(f"{postgres_url}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE migrated")
    migrate(f"{postgres_url}/migrated")
    return "migrated"


@pytest.fixture
def database_url(postgres_url, template_database):
    """A migrated database of the test's own."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(f"{postgres_url}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template_database}")
    yield f"{postgres_url}/{name}"
    with psycopg.connect(f"{postgres_url}/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def kafka():
    """The address of a real Apache Kafka broker; it is started once per test process."""
    with tempfile.TemporaryDirectory(prefix="landcycle-kafka-", ignore_cleanup_errors=True) as directory:
        with embedded_kafka.running(Path(directory)) as broker:
            yield broker.address
