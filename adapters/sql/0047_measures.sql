-- How large the worker's batches were and how long they took: the buckets of two histograms, read by /metrics of every
-- API process. Written by the one worker in the transaction of the batch. See projections/measures.py.
CREATE TABLE measure (
    name   text PRIMARY KEY,                                -- batch_events, batch_seconds
    counts bigint[] NOT NULL,                               -- per bucket, the last one above all bounds
    total  double precision NOT NULL DEFAULT 0              -- the sum of what was measured
) WITH (fillfactor = 50);
INSERT INTO measure (name, counts) VALUES ('batch_events', array_fill(0, ARRAY[12])), ('batch_seconds', array_fill(0, ARRAY[10]));
