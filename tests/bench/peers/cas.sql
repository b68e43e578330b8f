-- Compare and swap: read the version outside, write where it still is the same. A pair always
-- changes together, so one version speaks for both.
\set event random(1, 20)
\set seat 2 * random(0, 29999)
SELECT version AS seen, (reservation_id IS NULL)::integer AS free FROM peer_seat
    WHERE event = :event AND seat = :seat \gset
\if :free = 1
WITH r AS (SELECT nextval('peer_reservation_id_seq') AS id),
    s AS (UPDATE peer_seat SET version = version + 1, reservation_id = r.id FROM r
        WHERE event = :event AND seat IN (:seat, :seat + 1) AND version = :seen
        RETURNING r.id AS id, seat),
    w AS (INSERT INTO peer_reservation (id, event, buyer, seats) OVERRIDING SYSTEM VALUE
        SELECT id, :event, :client_id, ARRAY[:seat, :seat + 1] FROM s WHERE seat = :seat)
INSERT INTO peer_fact (event, payload)
    SELECT :event, decode(repeat('00', 137), 'hex') FROM s WHERE seat = :seat;
\endif
