-- Keys of departments, regulators, coordinators and administrators (contract 7).
-- A key is shown once; what stands here does not give it away.

CREATE TABLE api_key (
    key_id       text COLLATE "C" PRIMARY KEY,              -- the middle part of lc_<id>_<secret>; public
    secret_hash  bytea NOT NULL CHECK (octet_length(secret_hash) = 32),  -- HMAC-SHA-256 of the secret with the pepper
    role         text NOT NULL CHECK (role IN ('department', 'regulator', 'coordinator', 'admin')),
    jurisdiction text NOT NULL CHECK (jurisdiction ~ '^[0-9]{6}$'),
    department   text,                                      -- of a department's key, else null
    area_id      text,                                      -- binds the key to one area (specification 11.29)
    created_at   timestamptz NOT NULL DEFAULT now(),
    revoked_at   timestamptz,                               -- null while the key is good
    CHECK ((role = 'department') = (department IS NOT NULL))
);
