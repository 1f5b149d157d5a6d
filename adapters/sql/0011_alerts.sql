-- The log of alerts: decided once, never computed again, because people act on them. Source: contract 4.1, 5.

-- One row: the last position. Locked first and until commit: nobody who waits for it holds what another could wait for.
CREATE TABLE alert_head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    position bigint NOT NULL DEFAULT 0
);
INSERT INTO alert_head DEFAULT VALUES;
CREATE TRIGGER alert_head_tells AFTER UPDATE ON alert_head FOR EACH STATEMENT EXECUTE FUNCTION tell('landcycle_alerts');

-- One row per parcel that ever had an alert: the last sequence.
CREATE TABLE alert_parcel (
    parcel_id text COLLATE "C" PRIMARY KEY,
    sequence  bigint NOT NULL DEFAULT 0
);

-- Every change of every alert.
CREATE TABLE alert_log (
    position  bigint PRIMARY KEY,                           -- over all alerts
    parcel_id text COLLATE "C" NOT NULL,
    sequence  bigint NOT NULL,                              -- per parcel, from 1, without gaps
    alert_id  uuid NOT NULL,
    item      jsonb NOT NULL,                               -- the alert after the change
    change    jsonb NOT NULL,                               -- {type, at, by, reason}
    UNIQUE (parcel_id, sequence)
);
CREATE TRIGGER alert_log_is_append_only BEFORE UPDATE OR DELETE ON alert_log
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- How each alert stands now: the last item of the log, for lists. An alert that a coordinator closed while its condition
-- lasts (销号) stays closed until the condition has ended or risen; only then is there another episode. Source: contract 4.
CREATE TABLE alert (
    alert_id        uuid PRIMARY KEY,
    parcel_id       text COLLATE "C" NOT NULL,
    jurisdiction    text COLLATE "C" NOT NULL,
    code            text COLLATE "C" NOT NULL,
    subject         text COLLATE "C" NOT NULL,              -- which of several of the same code
    episode         integer NOT NULL,                       -- the how many-th time
    state           text COLLATE "C" NOT NULL,
    level           text COLLATE "C" NOT NULL,
    departments     text[] NOT NULL,
    raised_position bigint NOT NULL,                        -- position of its raising: the order of lists
    standing        boolean NOT NULL,                       -- does its condition last, as it was last judged
    item            jsonb NOT NULL,
    UNIQUE (parcel_id, code, subject, episode)
);
CREATE INDEX alert_open ON alert (raised_position) WHERE state IN ('OPEN', 'ACKNOWLEDGED');
CREATE INDEX alert_raised ON alert (raised_position);
CREATE INDEX alert_open_of_jurisdiction ON alert (jurisdiction, raised_position) WHERE state IN ('OPEN', 'ACKNOWLEDGED');
CREATE INDEX alert_of_jurisdiction ON alert (jurisdiction, raised_position);
CREATE INDEX alert_open_of_level ON alert (level, raised_position) WHERE state IN ('OPEN', 'ACKNOWLEDGED');
CREATE INDEX alert_of_level ON alert (level, raised_position);
CREATE INDEX alert_standing_of_parcel ON alert (parcel_id) WHERE standing;

-- The same once for each department of an alert: the list of one department, in the order of lists, whatever others have.
CREATE TABLE alert_department (
    alert_id        uuid,
    department      text COLLATE "C",
    jurisdiction    text COLLATE "C" NOT NULL,
    open            boolean NOT NULL,
    raised_position bigint NOT NULL,
    PRIMARY KEY (alert_id, department)
);
CREATE INDEX alert_department_open ON alert_department (department, raised_position) WHERE open;
CREATE INDEX alert_department_open_of_jurisdiction ON alert_department (department, jurisdiction, raised_position) WHERE open;
CREATE INDEX alert_department_raised ON alert_department (department, raised_position);
CREATE INDEX alert_department_of_jurisdiction ON alert_department (department, jurisdiction, raised_position);
