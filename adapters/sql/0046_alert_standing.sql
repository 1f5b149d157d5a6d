-- Whether the condition of an alert lasts, as it was last judged. An alert that a coordinator closed while its condition
-- lasts (销号) stays closed until the condition has ended or risen; only then is there another episode. Source: contract 4.
ALTER TABLE alert ADD COLUMN standing boolean NOT NULL DEFAULT true;
UPDATE alert SET standing = state IN ('OPEN', 'ACKNOWLEDGED');
CREATE INDEX alert_standing_of_parcel ON alert (parcel_id) WHERE standing;
DROP INDEX alert_open_of_parcel;
