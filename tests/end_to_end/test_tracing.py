"""One trace from the post to the consumer: request, append, evaluation, alert, relay, and the header of the messages."""

import sys
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased

from adapters import tracing
from adapters.postgres import open_pool

ROOT = Path(__file__).parents[2]
sys.path += [str(ROOT / "tests" / "api"), str(ROOT / "tests" / "end_to_end")]
from given_api import PARCEL, contract, delivered, running, settings_for, work  # noqa: E402
from test_relay_and_consumer import headers, messages, relay_until_sent  # noqa: E402

CALLER = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{CALLER}-00f067aa0ba902b7-01"


@pytest.fixture
def spans(monkeypatch):
    """Every span of this process; only what a caller asked for is sampled."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(sampler=ParentBased(ALWAYS_OFF))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    yield exporter
    provider.shutdown()


@pytest.fixture
def api(database_url, tmp_path, kafka):
    prefix = f"trace{database_url.rsplit('_', 1)[-1]}."
    settings = settings_for(database_url, tmp_path).model_copy(
        update={"kafka_bootstrap_servers": kafka, "kafka_topic_prefix": prefix}
    )
    with running(settings) as started:
        yield started


def test_post_worker_relay_and_consumer_share_one_trace(api, spans):
    posted = contract()
    assert api.post(posted, traceparent=TRACEPARENT).headers["x-trace-id"] == CALLER
    other = delivered()
    assert api.post(other, parcel="120114001002GB00016").headers["x-trace-id"] != CALLER
    work(api)
    relay_until_sent(api.settings)
    ours = [span for span in spans.get_finished_spans() if span.instrumentation_scope.name == "landcycle"]
    assert {f"{span.context.trace_id:032x}" for span in ours} == {CALLER}
    names = [span.name for span in ours]
    assert {"POST /v1/parcels/{parcel_id}/events", "append", "evaluate", "alert.raised"} <= set(names)
    assert {"send parcel.events.v1", "send parcel.alerts.v1"} <= set(names)
    (request,) = [span for span in ours if span.name.startswith("POST")]
    (append,) = [span for span in ours if span.name == "append"]
    assert append.parent.span_id == request.context.span_id and request.attributes["http.response.status_code"] == 201
    assert all(
        span.parent.span_id == request.context.span_id for span in ours if span.name.startswith(("send", "ev", "al"))
    )
    by_id = {headers(one)["ce_id"]: headers(one)["traceparent"] for one in messages(api.settings, "parcel.events.v1")}
    assert by_id[posted["event_id"]].split("-")[1] == CALLER and by_id[posted["event_id"]].endswith("-01")
    assert (
        by_id[other["event_id"]]
        == f"00-{other['event_id'].replace('-', '')}-{other['event_id'].replace('-', '')[16:]}-00"
    )
    alerts = [one for one in messages(api.settings, "parcel.alerts.v1") if one.key.decode() == PARCEL]
    assert alerts and {headers(one)["traceparent"].split("-")[1] for one in alerts} == {CALLER}


def test_without_an_sdk_the_callers_trace_is_carried_all_the_same_and_costs_others_nothing(api):
    posted, other = contract(), delivered()
    assert api.post(posted, traceparent=TRACEPARENT).status_code == 201
    assert api.post(other, parcel="120114001002GB00016").status_code == 201
    for bad in ("00-0-0-0", f"00-{'0' * 32}-00f067aa0ba902b7-01", f"ff-{CALLER}-00f067aa0ba902b7-01"):
        assert api.post(delivered(), parcel="120114001002GB00016", traceparent=bad).status_code == 201
    with open_pool(api.settings.database_url, max_size=1) as pool, pool.connection() as connection:
        kept = connection.execute("SELECT event_id::text, traceparent FROM event_trace").fetchall()
        assert kept == [(posted["event_id"], TRACEPARENT)]
        record = connection.execute(
            "SELECT record FROM event_log WHERE event_id = %s", (posted["event_id"],)
        ).fetchone()
        assert CALLER not in record[0], "the log's record knows nothing of traces"


def test_every_line_of_a_batch_belongs_to_the_trace_of_its_request(api):
    import json

    lines = [delivered() | {"parcel_id": f"120114001002GB0003{number}"} for number in range(3)]
    answer = api.client.post(
        "/v1/events:batch",
        content="\n".join(map(json.dumps, lines)),
        headers=api.headers("NRP") | {"Content-Type": "application/x-ndjson", "traceparent": TRACEPARENT},
    )
    assert [json.loads(line)["status"] for line in answer.text.splitlines()] == [201] * 3, answer.text
    with open_pool(api.settings.database_url, max_size=1) as pool, pool.connection() as connection:
        assert tracing.traceparents(connection, [line["event_id"] for line in lines]).keys() == {
            line["event_id"] for line in lines
        }


def test_old_traces_are_forgotten(database_url):
    with open_pool(database_url, max_size=1) as pool, pool.connection() as connection:
        old, new = "018f0000-0000-7000-8000-000000000001", "018f0000-0000-7000-8000-000000000002"
        tracing.remember(connection, [old, new], TRACEPARENT)
        connection.execute("UPDATE event_trace SET at = at - interval '8 days' WHERE event_id = %s", (old,))
        assert tracing.forget_old(connection) == 1
        assert list(tracing.traceparents(connection, [old, new])) == [new]


def test_a_collector_without_the_extra_is_said_in_one_line(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(tracing.NoSdk, match="TRACING_MISSING"):
        tracing.start("api")
