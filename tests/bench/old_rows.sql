-- Sales of the past, for a benchmark that wants full tables: psql -v rows=5000000 -f old_rows.sql.
-- Finished events of 60,000 seats with 20,000 confirmed reservations of two seats, their claims, a
-- fact and a lease each, made 40 to 400 days ago. Give rows in multiples of 20,000.
-- One transaction that writes in the order of the keys and builds the indexes at the end; whoever
-- reads meanwhile waits. The events are for size only: their tags are no hashes of their ids and
-- their facts no chain, so nobody should wake them or verify their ledgers.
\set ON_ERROR_STOP on
\if :{?rows}
\else
    \set rows 1000000
\endif
\timing on

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL synchronous_commit = off;
SET LOCAL maintenance_work_mem = '512MB';
SET LOCAL max_parallel_maintenance_workers = 2;

CREATE TEMPORARY TABLE old_event ON COMMIT DROP AS
SELECT (lpad(to_hex(began_ms), 12, '0') || '70008' || substr(md5(n::text), 1, 15))::uuid AS id,
    tag, began_ms, to_timestamp(began_ms / 1000.0) AS began_at
FROM (
    SELECT n, ((n * 2654435761) & 4294967295)::bigint AS tag,
        (1000 * (extract(epoch FROM now())
                 - 86400 * (40 + 360.0 * (1 - n * 20000.0 / :rows))))::bigint AS began_ms
    FROM generate_series(1, :rows / 20000) AS n) AS numbered;
DELETE FROM old_event o USING event e WHERE e.tag = o.tag OR e.id = o.id; -- of an earlier call

INSERT INTO currency (code, exponent) VALUES ('EUR', 2) ON CONFLICT DO NOTHING;
INSERT INTO organizer (id, name) VALUES ('00000000-0000-7000-8000-00000000000a', 'Past')
ON CONFLICT DO NOTHING;
INSERT INTO venue (id, organizer_id, name, city, country, time_zone)
VALUES ('00000000-0000-7000-8000-00000000000b', '00000000-0000-7000-8000-00000000000a', 'Past',
    'Berlin', 'DE', 'Europe/Berlin')
ON CONFLICT DO NOTHING;
INSERT INTO plan (hash, name, seats, layout, packed)
VALUES (decode(repeat('0b', 32), 'hex'), 'Past', 60000, '', '') ON CONFLICT DO NOTHING;
INSERT INTO event (id, tag, organizer_id, venue_id, name, category, currency, status, starts_at,
    sale_starts_at, plan_hash, seats, price_min_minor, price_max_minor)
SELECT id, tag, '00000000-0000-7000-8000-00000000000a', '00000000-0000-7000-8000-00000000000b',
    'Past ' || tag, 'music', 'EUR', 4, began_at + interval '30 days', began_at,
    decode(repeat('0b', 32), 'hex'), 60000, 4500, 4500
FROM old_event;
INSERT INTO actor_lease (actor, kind, slot, epoch, last_seq, claimed, active_at)
SELECT id, 1, tag >> 20, 1, 20000, 40000, began_at + interval '30 days' FROM old_event;

ALTER TABLE reservation DROP CONSTRAINT reservation_pkey;
ALTER TABLE seat_claim DROP CONSTRAINT seat_claim_pkey;
ALTER TABLE fact DROP CONSTRAINT fact_pkey;

-- A reservation's id as the edge makes it: time, slot, the rest of the tag, 42 random bits.
CREATE FUNCTION pg_temp.old_id(ms bigint, tag bigint, random42 bigint) RETURNS uuid
LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex(ms), 12, '0') || '7' || lpad(to_hex(tag >> 20), 3, '0')
        || to_hex(8 | (tag >> 18 & 3))
        || lpad(to_hex((tag & 262143) << 42 | random42), 15, '0'))::uuid
$$;
CREATE TEMPORARY VIEW old_sale AS
SELECT e.id AS event_id, e.tag, n, to_timestamp((e.began_ms + n * 30) / 1000.0) AS at,
    pg_temp.old_id(e.began_ms + n * 30, e.tag,
                   hashint8extended(e.tag << 16 | n, 0) & 4398046511103) AS id
FROM (SELECT *, 20000 AS sold FROM old_event ORDER BY began_ms OFFSET 0) e,
    generate_series(1, e.sold) AS n; -- one event after the other

INSERT INTO reservation (event_id, id, buyer_id, state, key_hash, body_hash, seats, price_minor,
    total_minor, created_at, expires_at, payment_id, checkout_key, checkout_body)
SELECT event_id, id, id, 2, uuid_send(id), uuid_send(id), ARRAY[2 * n, 2 * n + 1]::integer[],
    '{4500,4500}', 9000, at, at + interval '10 minutes', id, uuid_send(id), uuid_send(id)
FROM old_sale;
INSERT INTO seat_claim (seat_key, reservation_id)
SELECT unnest(ARRAY[tag << 16 | 2 * n, tag << 16 | 2 * n + 1]), id FROM old_sale;
INSERT INTO fact (actor, seq, at, kind, payload, hash)
SELECT event_id, n, at, 10, uuid_send(id) || decode(repeat('00', 106), 'hex'),
    decode(repeat('00', 32), 'hex')
FROM old_sale;

ALTER TABLE reservation ADD CONSTRAINT reservation_pkey PRIMARY KEY (event_id, id);
ALTER TABLE seat_claim ADD CONSTRAINT seat_claim_pkey PRIMARY KEY (seat_key);
ALTER TABLE fact ADD CONSTRAINT fact_pkey PRIMARY KEY (actor, seq);
COMMIT;
ANALYZE event, actor_lease, reservation, seat_claim, fact;
