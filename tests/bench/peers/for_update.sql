-- The textbook: take the rows, look, write.
\set event random(1, 20)
\set seat 2 * random(0, 29999)
BEGIN;
SELECT count(*) AS free FROM (SELECT FROM peer_seat WHERE event = :event
    AND seat IN (:seat, :seat + 1) AND reservation_id IS NULL FOR UPDATE) s \gset
\if :free = 2
INSERT INTO peer_reservation (event, buyer, seats) VALUES (:event, :client_id,
    ARRAY[:seat, :seat + 1]) RETURNING id \gset
UPDATE peer_seat SET reservation_id = :id WHERE event = :event AND seat IN (:seat, :seat + 1);
INSERT INTO peer_fact (event, payload) VALUES (:event, decode(repeat('00', 137), 'hex'));
\endif
COMMIT;
