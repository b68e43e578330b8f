-- The best that one statement for each reservation can do.
\set event random(1, 20)
\set seat 2 * random(0, 29999)
WITH r AS (SELECT nextval('peer_reservation_id_seq') AS id),
    s AS (UPDATE peer_seat SET reservation_id = r.id FROM r
        WHERE event = :event AND seat IN (:seat, :seat + 1) AND reservation_id IS NULL
        RETURNING r.id AS id, seat),
    w AS (INSERT INTO peer_reservation (id, event, buyer, seats) OVERRIDING SYSTEM VALUE
        SELECT id, :event, :client_id, ARRAY[:seat, :seat + 1] FROM s WHERE seat = :seat)
INSERT INTO peer_fact (event, payload)
    SELECT :event, decode(repeat('00', 137), 'hex') FROM s WHERE seat = :seat;
