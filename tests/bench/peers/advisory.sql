-- An advisory lock for the pair of seats instead of row locks.
\set event random(1, 20)
\set seat 2 * random(0, 29999)
BEGIN;
SELECT count(*) FILTER (WHERE reservation_id IS NULL) AS free FROM peer_seat,
    pg_advisory_xact_lock(:event, :seat) WHERE event = :event AND seat IN (:seat, :seat + 1) \gset
\if :free = 2
INSERT INTO peer_reservation (event, buyer, seats) VALUES (:event, :client_id,
    ARRAY[:seat, :seat + 1]) RETURNING id \gset
UPDATE peer_seat SET reservation_id = :id WHERE event = :event AND seat IN (:seat, :seat + 1);
INSERT INTO peer_fact (event, payload) VALUES (:event, decode(repeat('00', 137), 'hex'));
\endif
COMMIT;
