-- The provincial roll-up: what a province's database keeps of its cities' logs. Empty in a city's own database.
-- Source: contract 5, 7; decision 0016.

-- The province itself, made by the first member: its consumer group is named after it, so two provinces never share one.
CREATE TABLE rollup_province (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    province uuid NOT NULL DEFAULT gen_random_uuid()
);

-- One row per city. Who takes events of a city shares a lock on it; who changes its rules or epochs holds it alone.
CREATE TABLE rollup_city (
    city           text COLLATE "C" PRIMARY KEY,           -- its division code
    rules_position bigint NOT NULL DEFAULT 0,              -- in the city's log, of its last event that is about no parcel
    rules_number   bigint NOT NULL DEFAULT 0,              -- rises whenever its rules change: rows below are evaluated again
    stopped        text,                                   -- why none of its events is taken: its rules have a gap
    export_sha256  text                                    -- of the export that was taken last
);

-- Restores of a city's log: where the numbers of an epoch begin. Of an earlier epoch, what stands there or later was lost.
CREATE TABLE rollup_epoch (
    city           text COLLATE "C" NOT NULL REFERENCES rollup_city,
    epoch          integer NOT NULL,
    first_position bigint NOT NULL,                        -- the lowest that was seen
    PRIMARY KEY (city, epoch)
);

-- One row per partition of a topic: how far it was taken, who may take more. The place moves with the rows it led to.
CREATE TABLE rollup_partition (
    city        text COLLATE "C" NOT NULL REFERENCES rollup_city,
    topic       text COLLATE "C" NOT NULL,                 -- with the city's prefix
    partition   integer NOT NULL,
    cluster_id  text NOT NULL,                             -- what the place belongs to; anything else is refused
    topic_id    uuid NOT NULL,
    partitions  integer NOT NULL,
    next_offset bigint,                                    -- the next to take; null: the beginning
    epoch       bigint NOT NULL DEFAULT 0,                 -- rises with every take-over: the fence
    generation  bigint NOT NULL DEFAULT -1,                -- of the consumer group when it was taken
    member      text,                                      -- host and process, for people
    expires_at  timestamptz NOT NULL DEFAULT '-infinity',  -- by the database's clock
    ticked_on   date NOT NULL DEFAULT '-infinity',         -- no row of it is evaluated for an earlier day
    PRIMARY KEY (city, topic, partition)
);

-- The archive: every event received whose chain follows. Append-only; a later epoch may note that a city lost an event.
CREATE TABLE rollup_event (
    city        text COLLATE "C" NOT NULL,
    parcel_id   text COLLATE "C" NOT NULL,                 -- stream: a parcel, 'jurisdiction:…', 'area:…'
    version     integer NOT NULL,
    epoch       integer NOT NULL,                          -- of the city's log when it gave the position
    position    bigint NOT NULL,                           -- in the city's log
    recorded_at timestamptz NOT NULL,
    chain_hash  bytea NOT NULL CHECK (octet_length(chain_hash) = 32),
    record      text COLLATE "C" NOT NULL,                 -- the exact text that was hashed
    lost_in     integer,                                   -- the epoch that began without it; null: it stands
    PRIMARY KEY (city, parcel_id, version, epoch)
);
CREATE INDEX rollup_event_position ON rollup_event (city, position);
REVOKE UPDATE, DELETE, TRUNCATE ON rollup_event FROM landcycle_app;
GRANT UPDATE (lost_in) ON rollup_event TO landcycle_app;
CREATE TRIGGER rollup_event_keeps_its_rows BEFORE DELETE OR TRUNCATE ON rollup_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- One row per stream: its last event that stands, and for which day and rules its rows were computed.
CREATE TABLE rollup_stream (
    city           text COLLATE "C" NOT NULL REFERENCES rollup_city,
    parcel_id      text COLLATE "C" NOT NULL,
    partition      integer NOT NULL,                       -- whose owner computes its rows again
    version        integer NOT NULL DEFAULT 0,
    chain_hash     bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
    due            boolean NOT NULL DEFAULT false,         -- its rows are to be computed again
    as_of          date NOT NULL DEFAULT '-infinity',
    rules_number   bigint NOT NULL DEFAULT 0,
    next_change_on date,
    PRIMARY KEY (city, parcel_id)
);
CREATE UNIQUE INDEX rollup_stream_of_one_city ON rollup_stream (parcel_id) WHERE strpos(parcel_id, ':') = 0;
CREATE INDEX rollup_stream_due ON rollup_stream (city, partition) WHERE due;
CREATE INDEX rollup_stream_rules ON rollup_stream (city, partition, rules_number);
CREATE INDEX rollup_stream_change ON rollup_stream (city, partition, next_change_on) WHERE next_change_on IS NOT NULL;

-- What cannot be taken yet: behind a gap, or with a chain that does not follow. Taken as soon as it fits.
CREATE TABLE rollup_waiting (
    city        text COLLATE "C" NOT NULL,
    parcel_id   text COLLATE "C" NOT NULL,
    version     integer NOT NULL,
    epoch       integer NOT NULL,
    position    bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    chain_hash  bytea NOT NULL,
    record      text COLLATE "C" NOT NULL,
    PRIMARY KEY (city, parcel_id, version, epoch, chain_hash)
);

-- Streams that stand still, visibly; the others go on.
CREATE TABLE rollup_parked (
    city      text COLLATE "C" NOT NULL,
    parcel_id text COLLATE "C" NOT NULL,                   -- a message that names none: topic/partition/offset
    code      text COLLATE "C" NOT NULL,                   -- GAP, ALTERED, OTHER_CITY, OUTSIDE, UNREADABLE
    version   integer NOT NULL,                            -- that could not be taken
    place     text NOT NULL,                               -- topic/partition/offset, or the export
    parked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (city, parcel_id)
);
