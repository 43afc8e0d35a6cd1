-- Version 1: the tables.
--
-- Names and bytes of the engine are bytea: any value, in byte order, whatever
-- the database's encoding and collation. Each list is in the order of one column
-- or of one index that nothing else can stand in for: which index a statement
-- takes must not depend on statistics, which are old when a store fills.
CREATE TABLE {schema}.records (
    key    bytea PRIMARY KEY, -- account, Region, kind (each after its length, 1 byte), id
    place  bytea NOT NULL,    -- account and Region, as in key
    id     bytea NOT NULL,
    idx    bytea NOT NULL,    -- the Index
    by_idx bytea NOT NULL,    -- account, Region, kind, Index (after its length, 2 bytes), id
    rev    uuid  NOT NULL,    -- the commit that last wrote it
    due    bigint,            -- milliseconds since 1970; null: never
    data   bytea NOT NULL,
    value  bigint             -- of a counter, which has no data: who reads it makes the 8 bytes
);
CREATE UNIQUE INDEX records_by_idx ON {schema}.records (by_idx);
CREATE INDEX records_due ON {schema}.records (due, id, key) WHERE due IS NOT NULL;
CREATE INDEX records_due_here ON {schema}.records (place, due, id, key) WHERE due IS NOT NULL;

-- The commits that took effect, and the attempts at one that never may.
CREATE TABLE {schema}.commits (
    id  uuid        PRIMARY KEY,
    seq bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX commits_by_age ON {schema}.commits (seq);

-- What people want to see; nothing reads it.
CREATE VIEW {schema}.readable AS
    SELECT encode(substr(key, 2, a), 'escape') AS account, encode(substr(key, a + 3, r), 'escape') AS region,
           encode(substr(key, a + r + 4, k), 'escape') AS kind, encode(id, 'escape') AS id,
           encode(idx, 'escape') AS idx, to_timestamp(due / 1000.0) AS due, rev, value, length(data) AS size
      FROM (SELECT *, get_byte(key, 0) AS a, get_byte(key, get_byte(key, 0) + 1) AS r,
                   get_byte(key, get_byte(key, 0) + get_byte(key, get_byte(key, 0) + 1) + 2) AS k
              FROM {schema}.records) AS parted;
