-- The relay's own places: how far Kafka is known to have each feed, and who may move them.

-- One row: the relay that works. A standby takes it when it has expired (database clock) and raises the epoch.
CREATE TABLE relay_lease (
    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch      bigint NOT NULL DEFAULT 0,
    holder     text,                                  -- host and process of the relay, for people
    expires_at timestamptz NOT NULL DEFAULT '-infinity',
    kafka_ok   boolean NOT NULL DEFAULT false,        -- did the last exchange with the broker succeed
    problem    text                                   -- what the broker said when it did not
);
INSERT INTO relay_lease DEFAULT VALUES;

-- One row per feed that is read by position: the last position whose message the broker has acknowledged,
-- with every message before it acknowledged too.
CREATE TABLE relay_position (
    feed     text PRIMARY KEY,                        -- 'alerts', 'events', 'heads'
    epoch    integer NOT NULL DEFAULT 1,              -- of the head; positions of the other feeds need none
    position bigint NOT NULL DEFAULT 0                -- of the heads: tree_size
);
INSERT INTO relay_position (feed) VALUES ('alerts'), ('events'), ('heads');
