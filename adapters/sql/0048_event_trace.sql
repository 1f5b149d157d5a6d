-- The trace of the request that posted an event, where it had one: the log's record knows nothing of it. Written before
-- the event, so that the relay finds it with the event; read by worker and relay; forgotten after a week (adapters/tracing.py).
CREATE TABLE event_trace (
    event_id    uuid PRIMARY KEY,
    traceparent text COLLATE "C" NOT NULL,                  -- W3C Trace Context
    at          timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX event_trace_at ON event_trace (at);
