-- Dead letters that were sent back to the topic they came from: each once. Source: contract 5, 7.
CREATE TABLE redriven (
    topic      text COLLATE "C" NOT NULL,                   -- of the dead letter
    partition  integer NOT NULL,
    "offset"   bigint NOT NULL,
    sent_to    text COLLATE "C" NOT NULL,                   -- the original topic
    begun_at   timestamptz NOT NULL DEFAULT now(),
    arrived_at timestamptz,                                 -- null: begun and perhaps not sent; it may be tried again
    PRIMARY KEY (topic, partition, "offset")
);
