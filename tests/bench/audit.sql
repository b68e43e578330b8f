-- Counts what must not be in the rows of the events in the table `loaded`; the books of a single
-- event are `cavea ledger verify`'s. 0 when all is well.
WITH r AS MATERIALIZED (SELECT r.event_id, r.id, r.state, buyer_id, key_hash, cardinality(seats)
        AS seats FROM reservation r JOIN loaded l ON l.id = r.event_id WHERE state IN (1, 2)),
    p AS (SELECT event_id, reservation_id, count(*) FILTER (WHERE state = 7) AS confirmed
        FROM payment JOIN loaded l ON l.id = event_id GROUP BY 1, 2),
    t AS (SELECT event_id, reservation_id, count(*) FILTER (WHERE state IN (1, 3)) AS tickets
        FROM ticket JOIN loaded l ON l.id = event_id GROUP BY 1, 2)
SELECT
    (SELECT count(*) FROM r LEFT JOIN p ON p.event_id = r.event_id AND p.reservation_id = r.id
        WHERE r.state = 2 AND p.confirmed IS DISTINCT FROM 1) -- sold without its payment
    + (SELECT count(*) FROM r LEFT JOIN t ON t.event_id = r.event_id AND t.reservation_id = r.id
        WHERE r.state = 2 AND t.tickets IS DISTINCT FROM r.seats) -- sold without tickets
    + (SELECT count(*) FROM (SELECT FROM r GROUP BY event_id, buyer_id, key_hash
        HAVING count(*) > 1) twice); -- two reservations of one Idempotency-Key
