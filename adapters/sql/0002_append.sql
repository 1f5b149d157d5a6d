-- The one way into the log. An online append is one call of append_events in autocommit: the head's lock is taken
-- by its first statement and ends with it; no round trip of a client lies between.

-- What became of a call. Accepted events are numbered in the order of the arrays:
-- the i-th accepted one (from 0) has position first_position + i and recorded_at first_recorded_at + i µs.
CREATE TYPE append_result AS (
    rules_moved       boolean,      -- nothing was written: the caller decided by rules that are no longer the last
    epoch             integer,
    rules_position    bigint,
    first_position    bigint,
    first_recorded_at timestamptz,
    rejected          jsonb         -- null when all were accepted; else [{group, kind, …}] in the order of the groups
);

-- Streams as the caller knows them, against the log: the stored version of each, in the same order; −1 where the
-- version agrees and the chain does not (a log restored from a backup, seen by a process that remembers more).
CREATE FUNCTION stored_versions(p_streams text[], p_expected integer[], p_previous bytea[])
RETURNS integer[] LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT array_agg(CASE WHEN e.version = s.expected AND e.chain_hash <> s.previous THEN -1
                          ELSE coalesce(e.version, 0) END ORDER BY s.ord)
    FROM unnest(p_streams, p_expected, p_previous) WITH ORDINALITY AS s (stream, expected, previous, ord)
    LEFT JOIN LATERAL (SELECT l.version, l.chain_hash FROM public.event_log l
                       WHERE l.parcel_id = s.stream COLLATE "C" ORDER BY l.version DESC LIMIT 1) e ON true
$$;

-- Moves the head over n new events whose first has the given position and time.
CREATE FUNCTION move_head(p_count bigint, p_recorded_at timestamptz, p_rules_position bigint)
RETURNS void LANGUAGE sql SET search_path = pg_catalog AS $$
    UPDATE public.log_head SET position = position + p_count,
           recorded_at = p_recorded_at + (p_count - 1) * interval '1 microsecond',
           rules_position = greatest(rules_position, p_rules_position)
$$;

-- Appends groups of events. All events of one group stand together in the arrays and go in or stay out together;
-- a group that conflicts never keeps another out, unless that one builds on it.
--   p_rules_position: rules the caller decided by (null: no matter)
--   p_streams, p_expected, p_previous: each stream once, its version and chain hash before this call
--   p_group: number of the group, rising; p_stream: index into p_streams; p_version: the version to be given
-- The arrays are unnested in the SELECT list, where they advance in lockstep. In FROM every array is first written to a
-- tuplestore of its own: an eighth of the insert's time.
CREATE FUNCTION append_events(
    p_rules_position bigint, p_streams text[], p_expected integer[], p_previous bytea[],
    p_group integer[], p_stream integer[], p_version integer[], p_event_id uuid[], p_type text[],
    p_schema_version smallint[], p_occurred_on date[], p_jurisdiction text[], p_department text[],
    p_record text[], p_body_hash bytea[], p_chain_hash bytea[]
) RETURNS append_result LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    head     public.log_head;
    result   public.append_result;
    stored   integer[];
    rejected jsonb;
    keep     boolean[];
    last_rule bigint;
    accepted bigint := cardinality(p_group);
BEGIN
    -- First, and by itself: after waiting for this row the statements below see everything committed before.
    SELECT * INTO head FROM public.log_head FOR UPDATE;

    result.epoch := head.epoch;
    result.rules_position := head.rules_position;
    result.rules_moved := p_rules_position <> head.rules_position;
    IF result.rules_moved THEN
        RETURN result;
    END IF;
    result.first_position := head.position + 1;
    result.first_recorded_at := greatest(head.recorded_at + interval '1 microsecond', clock_timestamp());

    stored := public.stored_versions(p_streams, p_expected, p_previous);
    IF stored = p_expected THEN
        BEGIN
            INSERT INTO public.event_log
            SELECT head.position + e.ord, p_streams[e.stream], e.version, e.event_id, e.type, e.schema_version,
                   e.occurred_on, result.first_recorded_at + (e.ord - 1) * interval '1 microsecond',
                   e.jurisdiction, e.department, e.record, e.body_hash, e.chain_hash
            FROM (SELECT generate_series(1, accepted) AS ord, unnest(p_stream) AS stream, unnest(p_version) AS version,
                         unnest(p_event_id) AS event_id, unnest(p_type) AS type, unnest(p_schema_version) AS schema_version,
                         unnest(p_occurred_on) AS occurred_on, unnest(p_jurisdiction) AS jurisdiction,
                         unnest(p_department) AS department, unnest(p_record) AS record, unnest(p_body_hash) AS body_hash,
                         unnest(p_chain_hash) AS chain_hash) e;
        EXCEPTION WHEN unique_violation THEN
            stored := public.stored_versions(p_streams, p_expected, p_previous);
            keep := '{}';
        END;
    ELSE
        keep := '{}';
    END IF;

    IF keep IS NOT NULL THEN
        SELECT r.rejected, r.keep INTO rejected, keep
        FROM public.rejected_groups(p_streams, p_expected, stored, p_group, p_stream, p_version, p_event_id) r;
        result.rejected := rejected;
        accepted := (SELECT count(*) FROM unnest(keep) AS k WHERE k);
        INSERT INTO public.event_log
        SELECT head.position + e.place, p_streams[e.stream], e.version, e.event_id, e.type, e.schema_version,
               e.occurred_on, result.first_recorded_at + (e.place - 1) * interval '1 microsecond',
               e.jurisdiction, e.department, e.record, e.body_hash, e.chain_hash
        FROM (SELECT u.*, row_number() OVER (ORDER BY u.ord) AS place
              FROM unnest(p_stream, p_version, p_event_id, p_type, p_schema_version, p_occurred_on, p_jurisdiction,
                          p_department, p_record, p_body_hash, p_chain_hash, keep)
                   WITH ORDINALITY AS u (stream, version, event_id, type, schema_version, occurred_on, jurisdiction,
                                         department, record, body_hash, chain_hash, keep, ord)
              WHERE u.keep) e;
    END IF;

    IF accepted > 0 THEN
        -- Rules travel in streams that are no parcels: 'jurisdiction:…', 'area:…'.
        IF EXISTS (SELECT FROM unnest(p_streams) AS s WHERE strpos(s, ':') > 0) THEN
            SELECT max(l.position) INTO last_rule FROM public.event_log l
            WHERE l.position > head.position AND strpos(l.parcel_id, ':') > 0;
            result.rules_position := greatest(head.rules_position, last_rule);
        END IF;
        PERFORM public.move_head(accepted, result.first_recorded_at, result.rules_position);
    END IF;
    RETURN result;
END $$;

-- Why which groups stay out, and which events go in. In order: an id that is stored already (REUSED, with the first
-- receipt), a stream at another version (CONFLICT, with the stored one); a group that builds on a rejected one
-- conflicts too.
CREATE FUNCTION rejected_groups(
    p_streams text[], p_expected integer[], p_stored integer[], p_group integer[], p_stream integer[], p_version integer[],
    p_event_id uuid[], OUT rejected jsonb, OUT keep boolean[]
) LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    taken  uuid[] := ARRAY(SELECT l.event_id FROM public.event_log l WHERE l.event_id = ANY (p_event_id));
    now_at integer[] := p_stored;
    -- streams that stand elsewhere than the caller believed, or of which a group was rejected: every later event of
    -- them was chained to one that is not in the log, even where its version happens to be the next
    lost   boolean[] := ARRAY(SELECT s.stored <> s.expected FROM unnest(p_stored, p_expected)
                              WITH ORDINALITY AS s (stored, expected, ord) ORDER BY s.ord);
    before integer[];
    n      integer := cardinality(p_group);
    first  integer := 1;
    after  integer;
    reason jsonb;
BEGIN
    rejected := '[]';
    keep := array_fill(true, ARRAY[n]);
    WHILE first <= n LOOP
        before := now_at;
        reason := NULL;
        after := first;
        WHILE after <= n AND p_group[after] = p_group[first] LOOP
            IF reason IS NULL AND p_event_id[after] = ANY (taken) THEN
                SELECT jsonb_build_object('group', p_group[first], 'kind', 'REUSED', 'event_id', l.event_id,
                           'parcel_id', l.parcel_id, 'version', l.version, 'position', l.position,
                           'chain_hash', encode(l.chain_hash, 'hex'),
                           'recorded_at', (extract(epoch FROM l.recorded_at) * 1000000)::bigint,
                           'epoch', (SELECT max(p.epoch) FROM public.log_epoch p WHERE p.after_position < l.position))
                INTO reason FROM public.event_log l WHERE l.event_id = p_event_id[after];
            END IF;
            after := after + 1;
        END LOOP;
        FOR i IN first .. after - 1 LOOP
            EXIT WHEN reason IS NOT NULL;
            IF lost[p_stream[i]] OR p_version[i] <> now_at[p_stream[i]] + 1 THEN
                reason := jsonb_build_object('group', p_group[first], 'kind', 'CONFLICT',
                              'parcel_id', p_streams[p_stream[i]], 'version', now_at[p_stream[i]]);
            END IF;
            now_at[p_stream[i]] := p_version[i];
        END LOOP;
        IF reason IS NOT NULL THEN
            rejected := rejected || jsonb_build_array(reason);
            now_at := before;
            FOR i IN first .. after - 1 LOOP
                keep[i] := false;
                lost[p_stream[i]] := true;
            END LOOP;
        END IF;
        first := after;
    END LOOP;
END $$;

-- Waits until every append that has begun is committed or gone; a later statement of the caller's transaction sees
-- what became of it, and no append begins before that transaction ends.
CREATE FUNCTION wait_for_appends() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    PERFORM FROM public.log_head FOR SHARE;
END $$;

REVOKE ALL ON FUNCTION append_events, wait_for_appends, rejected_groups, move_head, stored_versions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION append_events, wait_for_appends TO landcycle_app;
