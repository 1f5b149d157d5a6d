-- The read models: what lists show. Every row is computed from one parcel's events, a day and the rules; it can be
-- thrown away and computed again. Source: contract 4.1.

-- One row: who works, how far the log was read, to which day the clock was brought, by which rules.
CREATE TABLE worker_lease (
    only_row       boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch          bigint NOT NULL DEFAULT 0,               -- rises when another worker takes over: the fence
    holder         text,                                    -- host and process, for people
    backend        integer,                                 -- its PostgreSQL session, ended at a take-over
    expires_at     timestamptz NOT NULL DEFAULT '-infinity',-- by the database's clock
    position       bigint NOT NULL DEFAULT 0,               -- of the last event that has taken effect
    ticked_on      date NOT NULL DEFAULT '-infinity',       -- the day to which every row was brought
    rules_position bigint NOT NULL DEFAULT 0,               -- of the rules by which every row was computed
    beaten_at      timestamptz NOT NULL DEFAULT now()       -- the last sign of life
);
INSERT INTO worker_lease DEFAULT VALUES;

-- compliance.py: which parcels are there and how do they stand.
CREATE TABLE read_parcel (
    parcel_id      text COLLATE "C" PRIMARY KEY,
    jurisdiction   text COLLATE "C" NOT NULL,
    version        integer NOT NULL,                        -- none of these three may go back
    as_of          date NOT NULL,
    rules_position bigint NOT NULL,
    next_change_on date,                                    -- the first later day on which time alone changes the row
    stage          text COLLATE "C" NOT NULL,
    compliance     text COLLATE "C" NOT NULL,               -- UNKNOWN: parked
    departments    text[] NOT NULL,                         -- of the open alerts
    next_due       date,
    aliases        text[] NOT NULL,
    words          text NOT NULL,                           -- id, aliases and holder, for q=
    parked         text,                                    -- why the evaluation failed; null: it did not
    item           jsonb NOT NULL
);
CREATE INDEX read_parcel_jurisdiction ON read_parcel (jurisdiction, parcel_id);
CREATE INDEX read_parcel_compliance ON read_parcel (compliance, parcel_id);
CREATE INDEX read_parcel_stage ON read_parcel (stage, parcel_id);
CREATE INDEX read_parcel_next_due ON read_parcel (next_due, parcel_id) WHERE next_due IS NOT NULL;
CREATE INDEX read_parcel_next_change ON read_parcel (next_change_on) WHERE next_change_on IS NOT NULL;
CREATE INDEX read_parcel_rules ON read_parcel (rules_position);
CREATE INDEX read_parcel_alias ON read_parcel USING gin (aliases);
CREATE INDEX read_parcel_departments ON read_parcel USING gin (departments);

-- exit_eligible.py: which ways out are open, what bars the others.
CREATE TABLE read_exit (
    parcel_id    text COLLATE "C" NOT NULL,
    kind         text COLLATE "C" NOT NULL,
    jurisdiction text COLLATE "C" NOT NULL,
    eligible     boolean NOT NULL,
    item         jsonb NOT NULL,
    PRIMARY KEY (parcel_id, kind)
);
CREATE INDEX read_exit_eligible ON read_exit (jurisdiction, parcel_id, kind) WHERE eligible;
CREATE INDEX read_exit_kind ON read_exit (kind, parcel_id) WHERE eligible;

-- data_quality.py: what is missing or contradictory.
CREATE TABLE read_quality (
    parcel_id    text COLLATE "C" NOT NULL,
    number       integer NOT NULL,
    jurisdiction text COLLATE "C" NOT NULL,
    kind         text COLLATE "C" NOT NULL,
    department   text COLLATE "C",
    item         jsonb NOT NULL,
    PRIMARY KEY (parcel_id, number)
);
CREATE INDEX read_quality_jurisdiction ON read_quality (jurisdiction, parcel_id, number);

-- status_feed.py: the latest status of each parcel for the compacted topic, coalesced.
CREATE TABLE status_feed (
    parcel_id          text COLLATE "C" PRIMARY KEY,
    revision           bigint NOT NULL DEFAULT 1,
    published_revision bigint NOT NULL DEFAULT 0,
    at                 timestamptz NOT NULL DEFAULT now(),
    answer             jsonb NOT NULL
);
CREATE INDEX status_feed_due ON status_feed (parcel_id) WHERE revision > published_revision;
