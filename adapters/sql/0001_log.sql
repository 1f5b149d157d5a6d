-- The event log: one order from one row, nothing changed afterwards.
-- Source: contract 4.1, 4.2; decisions 0001, 0002.

-- Where the log stands. One row; whoever appends locks it first, so events commit in the order of their positions.
CREATE TABLE log_head (
    only_row       boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch          integer NOT NULL DEFAULT 1 CHECK (epoch > 0),       -- rises by one with each restore from a backup
    position       bigint NOT NULL DEFAULT 0 CHECK (position >= 0),    -- of the last event; gapless from 1
    recorded_at    timestamptz NOT NULL DEFAULT 'epoch',               -- of the last event; rises with position
    rules_position bigint NOT NULL DEFAULT 0                           -- of the last event that is about no parcel
) WITH (fillfactor = 10);                                              -- room for HOT updates in the one page
INSERT INTO log_head DEFAULT VALUES;

-- Which numbers belong to which epoch: an event belongs to the last epoch with after_position < its position.
CREATE TABLE log_epoch (
    epoch          integer PRIMARY KEY,
    after_position bigint NOT NULL,                                    -- the last position of the epochs before
    started_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO log_epoch (epoch, after_position) VALUES (1, 0);

CREATE TABLE event_log (
    position       bigint NOT NULL CHECK (position > 0),               -- over the whole log, in the order of commit
    parcel_id      text COLLATE "C" NOT NULL,                          -- stream: a parcel, 'jurisdiction:…', 'area:…'
    version        integer NOT NULL CHECK (version > 0),               -- within the stream, gapless from 1
    event_id       uuid NOT NULL,                                      -- the client's
    type           text COLLATE "C" NOT NULL,                          -- permanent stored name
    schema_version smallint NOT NULL,
    occurred_on    date NOT NULL,
    recorded_at    timestamptz NOT NULL,                               -- given under the head's lock
    jurisdiction   text COLLATE "C" NOT NULL,
    department     text COLLATE "C",                                   -- null for coordinators
    record         text COLLATE "C" NOT NULL,                          -- the exact text that is hashed (contract 4.2)
    body_hash      bytea NOT NULL,                                     -- of the body as it was posted (event_codec)
    chain_hash     bytea NOT NULL CHECK (octet_length(chain_hash) = 32),
    CONSTRAINT event_log_pkey PRIMARY KEY (position),
    CONSTRAINT event_log_version_key UNIQUE (parcel_id, version),      -- loading a parcel; no two writers at one place
    CONSTRAINT event_log_event_id_key UNIQUE (event_id)                -- idempotence: ids are global
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);

-- With which key the bodies of reports were hashed: known by its fingerprint (body_keys), in use after this position.
CREATE TABLE body_key (
    after_position bigint PRIMARY KEY,
    fingerprint    bytea NOT NULL CHECK (octet_length(fingerprint) = 16)
);
REVOKE DELETE ON body_key FROM landcycle_app;

-- The application reads; it writes through append_events alone, so no insert can pass the head.
REVOKE ALL ON event_log, log_head, log_epoch FROM PUBLIC, landcycle_app;
GRANT SELECT ON event_log, log_head, log_epoch TO landcycle_app;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

-- For everybody, the owner and superusers among them, and also while replication roles switch triggers off.
CREATE TRIGGER event_log_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON event_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE event_log ENABLE ALWAYS TRIGGER event_log_is_append_only;
