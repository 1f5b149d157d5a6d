"""What a question to a list reads does not grow with the table: least of all when it finds nothing."""

import json

import psycopg
import pytest
from given_parcels import load, settings_for, work

from adapters.postgres import open_connection
from projections import breach_alerts, compliance, data_quality, exit_eligible, generations

MANY, FEW = 20_000, 1_000
NOWHERE = ["371502"]
COPIES = {
    "read_parcel": (
        "parcel_id",
        {"jurisdiction": "'120114'", "compliance": "'COMPLIANT'", "stage": "'LEAD'", "next_due": "NULL"},
    ),
    "read_exit": ("parcel_id", {"jurisdiction": "'120114'"}),
    "read_quality": (
        "parcel_id",
        {"jurisdiction": "'120114'", "kind": "'DATA_MISSING'", "department": "'NRP'", "number": "0"},
    ),
}


class Explaining:
    """A connection that also counts the rows which its lists read: those of tables, whether they were wanted or not."""

    def __init__(self, connection):
        self.connection, self.read = connection, 0

    def execute(self, query, values=(), **more):
        text = query if isinstance(query, str) else query.decode()
        if "LIMIT" in text:
            row = self.connection.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {text}", values).fetchone()
            self.read += rows_read((row[0] if isinstance(row[0], list) else json.loads(row[0]))[0]["Plan"])
        return self.connection.execute(query, values, **more)


def rows_read(plan):
    own = 0
    if "Relation Name" in plan:
        removed = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
        own = (plan["Actual Rows"] + removed) * plan["Actual Loops"]
    return own + sum(rows_read(one) for one in plan.get("Plans", []))


@pytest.fixture(scope="module")
def crowded(postgres_url, template_database, tmp_path_factory):
    """A database with rows of one real parcel many times, and as many alerts; all of one district and one department."""
    with psycopg.connect(f"{postgres_url}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE crowded TEMPLATE {template_database}")
    settings = settings_for(f"{postgres_url}/crowded", tmp_path_factory.mktemp("crowded"))
    load(settings)
    work(settings)
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute("SET search_path = generation_a, public")
        for table, (key, values) in COPIES.items():
            rows = connection.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_schema = 'generation_a' AND table_name = %s",
                (table,),
            ).fetchall()
            taken = {row[0]: values.get(row[0], row[0]) for row in rows if row[0] != key}
            connection.execute(
                f"INSERT INTO {table} ({key}, {', '.join(taken)}) SELECT 'x' || n, {', '.join(taken.values())}"
                f" FROM (SELECT * FROM {table} ORDER BY 1 DESC LIMIT 1) one, generate_series(1, {MANY}) n"
            )
        connection.execute(
            "INSERT INTO alert SELECT gen_random_uuid(), 'x' || n, '120114', 'A-START-30', 'O-START', 1,"
            " CASE n % 2 WHEN 0 THEN 'OPEN' ELSE 'CLEARED' END, 'YELLOW', '{NRP,HUC}', 1000 + n, false, '{}'"
            f" FROM generate_series(1, {MANY}) n"
        )
        connection.execute("DELETE FROM alert_department")
        connection.execute(
            "INSERT INTO alert_department SELECT alert_id, unnest(departments), jurisdiction, state = 'OPEN', raised_position FROM alert"
        )
        connection.execute("VACUUM (ANALYZE)")
    yield settings
    with psycopg.connect(f"{postgres_url}/postgres", autocommit=True) as connection:
        connection.execute("DROP DATABASE crowded WITH (FORCE)")


ALL = [""]
QUESTIONS = [
    *(
        (breach_alerts.find, {"state": state} | asked)
        for state in ("open", "closed", "all")
        for asked in (
            {"jurisdictions": ALL},
            {"jurisdictions": NOWHERE},
            {"jurisdictions": ["37"]},
            {"jurisdictions": ALL, "department": "CUL"},
            {"jurisdictions": ALL, "department": "NRP"},
            {"jurisdictions": NOWHERE, "department": "NRP"},
            {"jurisdictions": ["120114"], "department": "HUC"},
            {"jurisdictions": ALL, "level": "BLUE"},
            {"jurisdictions": ["120114"], "after": 1000 + MANY - 10},
        )
    ),
    (compliance.find, {"jurisdictions": ALL}),
    (compliance.find, {"jurisdictions": NOWHERE}),
    (compliance.find, {"jurisdictions": ["37"]}),
    (compliance.find, {"jurisdictions": ALL, "stage": "CLOSED"}),
    (compliance.find, {"jurisdictions": ["120114"], "compliance": "UNKNOWN"}),
    (compliance.find, {"jurisdictions": ALL, "due_before": 700_000}),
    (compliance.find, {"jurisdictions": ["120114"], "alias": "nobody's"}),
    (compliance.find, {"jurisdictions": ALL, "department": "CUL"}),
    (exit_eligible.find, {"jurisdictions": NOWHERE}),
    (exit_eligible.find, {"jurisdictions": ALL, "kind": "FUSE"}),
    (data_quality.find, {"jurisdictions": NOWHERE}),
    (data_quality.find, {"jurisdictions": ALL, "department": "CUL"}),
    (data_quality.find, {"jurisdictions": ALL, "kind": "PARKED"}),
]


@pytest.mark.parametrize(("find", "asked"), QUESTIONS, ids=lambda one: one.__module__ if callable(one) else str(one))
def test_a_list_reads_no_more_than_its_page_and_little_beside(crowded, find, asked):
    with open_connection(crowded.database_url, "test") as connection:
        generations.show(connection)
        explaining = Explaining(connection)
        find(explaining, **asked)
    assert explaining.read < FEW
