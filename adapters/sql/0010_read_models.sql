-- The read models: what lists show. Every row is computed from one parcel's events, a day and the rules; it can be
-- thrown away and computed again. Source: contract 4.1; decisions 0008, 0014.

-- One row: who works, how far the log was read, to which day the clock was brought, by which rules, what lists show.
CREATE TABLE worker_lease (
    only_row       boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch          bigint NOT NULL DEFAULT 0 UNIQUE,        -- rises when another worker takes over: the fence. A key, so
                                                            -- that FOR KEY SHARE bars a take-over and no renewal
    holder         text,                                    -- host and process, for people
    expires_at     timestamptz NOT NULL DEFAULT '-infinity',-- by the database's clock
    position       bigint NOT NULL DEFAULT 0,               -- of the last event that has taken effect
    ticked_on      date NOT NULL DEFAULT '-infinity',       -- the day to which every row was brought
    rules_position bigint NOT NULL DEFAULT 0,               -- of the rules by which every row was computed
    beaten_at      timestamptz NOT NULL DEFAULT now(),      -- the last sign of life
    serving        text NOT NULL DEFAULT 'a'                -- the shelf whose generation the lists show: the pointer
);
INSERT INTO worker_lease DEFAULT VALUES;

-- Two shelves, each with one generation of the tables of all read models. Lists show one; the other is empty, or being
-- filled by a rebuild, or the generation of before, which every batch keeps following: the way back is one pointer.
CREATE TABLE read_generation (
    shelf      text PRIMARY KEY CHECK (shelf IN ('a', 'b')),
    number     integer NOT NULL DEFAULT 0,                  -- the how many-th generation it holds; 0: empty
    definition integer NOT NULL DEFAULT 0,                  -- the version of the code that writes it (projections/catalog.py)
    state      text NOT NULL DEFAULT 'EMPTY' CHECK (state IN ('EMPTY', 'BUILDING', 'FOLLOWING')),
    left_at    bigint,                                      -- the position at which a release without its code left it
    parcels    bigint NOT NULL DEFAULT 0,                   -- progress of a rebuild: parcels computed, of so many
    expected   bigint NOT NULL DEFAULT 0
);
INSERT INTO read_generation (shelf) VALUES ('a'), ('b');

-- Makes the tables of a shelf anew, empty, without the indexes that only lists need. Waits for a batch under way.
CREATE FUNCTION empty_generation(shelf text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    EXECUTE replace($tables$
    DROP TABLE IF EXISTS generation_?.read_parcel, generation_?.read_exit, generation_?.read_quality;

    -- compliance.py: which parcels are there and how do they stand.
    CREATE TABLE generation_?.read_parcel (
        parcel_id      text COLLATE "C" PRIMARY KEY,
        jurisdiction   text COLLATE "C" NOT NULL,
        version        integer NOT NULL,                    -- none of these three may go back
        as_of          date NOT NULL,
        rules_position bigint NOT NULL,
        next_change_on date,                                -- the first later day on which time alone changes the row
        stage          text COLLATE "C" NOT NULL,
        compliance     text COLLATE "C" NOT NULL,           -- UNKNOWN: parked
        departments    text[] NOT NULL,                     -- of the open alerts
        next_due       date,
        aliases        text[] NOT NULL,
        words          text NOT NULL,                       -- id, aliases and holder, for q=
        parked         text,                                -- why the evaluation failed; null: it did not
        due_again      boolean NOT NULL DEFAULT false,      -- to be evaluated once more: a retry, or alerts that a rebuild found to differ
        item           jsonb NOT NULL
    );

    -- exit_eligible.py: which ways out are open, what bars the others.
    CREATE TABLE generation_?.read_exit (
        parcel_id    text COLLATE "C" PRIMARY KEY,
        jurisdiction text COLLATE "C" NOT NULL,
        eligible     text[] NOT NULL,                       -- without those that are always open
        kinds        text NOT NULL                          -- JSON: holder, stage, and for each kind its basis and what bars it
    );

    -- data_quality.py: what is missing or contradictory.
    CREATE TABLE generation_?.read_quality (
        parcel_id    text COLLATE "C" NOT NULL,
        number       integer NOT NULL,
        jurisdiction text COLLATE "C" NOT NULL,
        kind         text COLLATE "C" NOT NULL,
        department   text COLLATE "C",
        item         jsonb NOT NULL,
        PRIMARY KEY (parcel_id, number)
    );

    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA generation_? TO landcycle_app;
    $tables$, '?', shelf);
END $$;

-- The indexes of lists, sweep and retries, made once the rows of a rebuild stand.
CREATE FUNCTION index_generation(shelf text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    EXECUTE replace($indexes$
    CREATE INDEX ON generation_?.read_parcel (jurisdiction, parcel_id);
    CREATE INDEX ON generation_?.read_parcel (compliance, parcel_id);
    CREATE INDEX ON generation_?.read_parcel (stage, parcel_id);
    CREATE INDEX ON generation_?.read_parcel (next_due, parcel_id) WHERE next_due IS NOT NULL;
    CREATE INDEX ON generation_?.read_parcel (next_change_on) WHERE next_change_on IS NOT NULL;
    CREATE INDEX ON generation_?.read_parcel (rules_position);
    CREATE INDEX ON generation_?.read_parcel (parcel_id) WHERE due_again;
    CREATE INDEX ON generation_?.read_parcel (parcel_id) WHERE parked IS NOT NULL;
    CREATE INDEX ON generation_?.read_parcel USING gin (aliases);
    CREATE INDEX ON generation_?.read_parcel USING gin (departments);
    CREATE INDEX ON generation_?.read_exit (parcel_id) WHERE eligible <> '{}';
    CREATE INDEX ON generation_?.read_exit (jurisdiction, parcel_id) WHERE eligible <> '{}';
    CREATE INDEX ON generation_?.read_exit USING gin (eligible);
    CREATE INDEX ON generation_?.read_quality (jurisdiction, parcel_id, number);
    CREATE INDEX ON generation_?.read_quality (department, parcel_id, number);
    CREATE INDEX ON generation_?.read_quality (kind, parcel_id, number);
    ANALYZE generation_?.read_parcel, generation_?.read_exit, generation_?.read_quality;
    $indexes$, '?', shelf);
END $$;

SELECT empty_generation('a'), index_generation('a');
UPDATE read_generation SET number = 1, definition = 1, state = 'FOLLOWING' WHERE shelf = 'a';

-- status_feed.py: the latest status of each parcel for the compacted topic, coalesced.
CREATE TABLE status_feed (
    parcel_id          text COLLATE "C" PRIMARY KEY,
    revision           bigint NOT NULL DEFAULT 1,
    published_revision bigint NOT NULL DEFAULT 0,
    at                 timestamptz NOT NULL DEFAULT now(),
    digest             bytea NOT NULL,                      -- of the answer without its day: the same digest is no new revision
    answer             text NOT NULL                        -- JSON
);
CREATE INDEX status_feed_due ON status_feed (parcel_id) WHERE revision > published_revision;

-- A hint that something was appended; polling is the truth. Appends wait for each other anyway, so that the lock which
-- a notification takes at commit costs them nothing. No payload, once per transaction.
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(TG_ARGV[0], '');
    RETURN NULL;
END $$;
CREATE TRIGGER log_head_tells AFTER UPDATE ON log_head FOR EACH STATEMENT EXECUTE FUNCTION tell('landcycle_log');
