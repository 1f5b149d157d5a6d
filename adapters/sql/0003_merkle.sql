-- The RFC 6962 tree over the log, built behind the write path, and its signed heads. Source: contract 4.2.

-- How far the tree is built. One row; whoever builds locks it, so there is one builder at a time.
CREATE TABLE merkle_builder (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    leaves   bigint NOT NULL DEFAULT 0,                     -- positions 1 … leaves are in the tree
    file_problem text                                       -- why heads.ndjson could not be written; null: it was
);
INSERT INTO merkle_builder DEFAULT VALUES;

-- The leaf hashes, 256 in a row of 32 bytes each; the last tile may be shorter. 32 bytes per event, and one row read
-- for the lower eight levels of any proof. `verify` names a row of the log by comparing it with its leaf.
CREATE TABLE merkle_tile (
    index  bigint PRIMARY KEY,                              -- the leaves index · 256 … index · 256 + 255
    leaves bytea NOT NULL CHECK (octet_length(leaves) BETWEEN 32 AND 8192 AND octet_length(leaves) % 32 = 0)
);
ALTER TABLE merkle_tile ALTER COLUMN leaves SET STORAGE EXTERNAL;  -- hashes do not compress

-- The complete subtrees of 256 leaves and more.
CREATE TABLE merkle_node (
    level smallint NOT NULL CHECK (level >= 8),             -- covers 2^level leaves
    index bigint NOT NULL,
    hash  bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (level, index)
);

-- Signed heads, as they left the database.
CREATE TABLE tree_head (
    tree_size bigint NOT NULL,
    epoch     integer NOT NULL,
    root      bytea NOT NULL CHECK (octet_length(root) = 32),
    algorithm text NOT NULL,
    issued_at text NOT NULL,                                -- exactly as signed
    key_id    text NOT NULL,
    signature bytea NOT NULL,
    PRIMARY KEY (epoch, tree_size)                          -- the order in which heads follow each other
);

-- Public keys that have signed heads (Ed25519, raw 32 bytes).
CREATE TABLE log_key (
    key_id     text PRIMARY KEY,
    public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
    not_before timestamptz NOT NULL DEFAULT clock_timestamp(),
    not_after  timestamptz
);

REVOKE UPDATE, DELETE ON merkle_node, tree_head FROM landcycle_app;
REVOKE DELETE ON merkle_tile, merkle_builder, log_key FROM landcycle_app;
