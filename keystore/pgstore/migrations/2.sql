-- Version 2: a commit in one call.

-- commit_2 judges all changes, makes all or none, and remembers the commit. It
-- runs in READ COMMITTED, where each statement sees what was committed before
-- it began.
--
-- First it waits for the locks, in the order given; they are let go when the
-- transaction has ended and everybody sees what it did. A change has its place
-- in each array from ops on. The answer is the outcome and the number of the
-- change that decided it.
CREATE FUNCTION {schema}.commit_2(
    commit_id uuid, attempt uuid, voided uuid[], locks bigint[], shared boolean[],
    ops text[], keys bytea[], places bytea[], ids bytea[], idxs bytea[], by_idxs bytea[], expects uuid[],
    dues bigint[], datas bytea[], deltas bigint[], ceilings bigint[],
    OUT outcome text, OUT change int
) LANGUAGE plpgsql VOLATILE
    SET enable_seqscan = off -- plans are kept, and a table that was small when they were made has grown since
AS $$
DECLARE
    have uuid;
    held bigint;
    mine bigint;
BEGIN
    FOR i IN 1 .. cardinality(locks) LOOP
        IF shared[i] THEN
            PERFORM pg_advisory_xact_lock_shared(locks[i]);
        ELSE
            PERFORM pg_advisory_xact_lock(locks[i]);
        END IF;
    END LOOP;

    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'commit_2 needs READ COMMITTED' USING ERRCODE = 'invalid_transaction_state';
    ELSIF current_setting('synchronous_commit') = 'off' THEN
        PERFORM set_config('synchronous_commit', 'local', true); -- acknowledged means on the disk
    END IF;

    IF EXISTS (SELECT FROM {schema}.commits c WHERE c.id = commit_id) THEN
        outcome := 'made';
        RETURN;
    ELSIF EXISTS (SELECT FROM {schema}.commits c WHERE c.id = attempt) THEN
        outcome := 'voided';
        RETURN;
    END IF;
    FOR i IN 1 .. cardinality(voided) LOOP
        INSERT INTO {schema}.commits (id) VALUES (voided[i]) ON CONFLICT DO NOTHING;
    END LOOP;

    FOR i IN 1 .. cardinality(ops) LOOP
        change := i;
        SELECT r.rev, r.value INTO have, held FROM {schema}.records r WHERE r.key = keys[i];
        IF ops[i] <> 'require' AND have IS NOT NULL AND (held IS NOT NULL) <> (ops[i] = 'add') THEN
            outcome := 'mixed';
        ELSIF ops[i] = 'add' THEN
            held := coalesce(held, 0);
            IF held::numeric + deltas[i] < 0 OR deltas[i] > 0 AND held::numeric + deltas[i] > ceilings[i] THEN
                outcome := 'ceiling';
            END IF;
        ELSIF have IS DISTINCT FROM expects[i] THEN
            outcome := CASE WHEN expects[i] IS NULL THEN 'exists' WHEN have IS NULL THEN 'absent' ELSE 'changed' END;
        END IF;
        IF outcome IS NOT NULL THEN
            RETURN;
        END IF;
    END LOOP;

    FOR i IN 1 .. cardinality(ops) LOOP
        IF ops[i] = 'remove' THEN
            DELETE FROM {schema}.records r WHERE r.key = keys[i];
        ELSIF ops[i] <> 'require' THEN
            INSERT INTO {schema}.records AS r (key, place, id, idx, by_idx, rev, due, data, value)
            VALUES (keys[i], places[i], ids[i], idxs[i], by_idxs[i], commit_id, dues[i], datas[i], deltas[i])
            ON CONFLICT (key) DO UPDATE
               SET idx = excluded.idx, by_idx = excluded.by_idx, rev = excluded.rev, due = excluded.due,
                   data = excluded.data, value = r.value + excluded.value;
        END IF;
    END LOOP;

    INSERT INTO {schema}.commits (id) VALUES (commit_id) RETURNING seq INTO mine;
    IF mine % 1024 = 0 THEN
        PERFORM {schema}.forget_2();
    END IF;
    outcome := 'made';
END
$$;

-- forget_2 forgets commits that 4,096 others have come after, and that are ten
-- minutes old: 2,048 at most, so that its cost is bounded.
CREATE FUNCTION {schema}.forget_2() RETURNS void LANGUAGE sql VOLATILE AS $$
    DELETE FROM {schema}.commits WHERE seq IN (
        SELECT o.seq FROM (
            SELECT c.seq, c.at FROM {schema}.commits c
             WHERE c.seq < (SELECT y.seq FROM {schema}.commits y ORDER BY y.seq DESC OFFSET 4096 LIMIT 1)
             ORDER BY c.seq LIMIT 2048
        ) o WHERE o.at < clock_timestamp() - interval '10 minutes'
    )
$$;
