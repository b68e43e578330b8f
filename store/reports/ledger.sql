-- Two books that must agree, each question in one statement and so as of one moment: which
-- reservation owns which seat, by claims and by live reservations; and money, where a payment is
-- undecided from its capture until its reservation has it or its refund is done. States are
-- numbered in actors/event/event.h and actors/payment/payment.h.
SELECT json_build_object(
    'claims_without_reservation', (
        SELECT count(*) FROM claimed_seat c
        LEFT JOIN reservation r ON r.event_id = c.event_id AND r.id = c.reservation_id
            AND r.state IN (1, 2) AND c.seat = ANY (r.seats)
        WHERE c.event_id = $1::uuid AND r.id IS NULL),
    'seats_without_claim', (
        SELECT count(*) FROM (
            SELECT r.id, unnest(r.seats) FROM reservation r
            WHERE r.event_id = $1::uuid AND r.state IN (1, 2)
            EXCEPT
            SELECT c.reservation_id, c.seat FROM claimed_seat c
            WHERE c.event_id = $1::uuid) AS unclaimed),
    'sold_minor', (
        SELECT coalesce(sum(r.total_minor), 0)::bigint FROM reservation r
        WHERE r.event_id = $1::uuid AND r.state = 2),
    'captured_minor', coalesce(money.captured, 0)::bigint,
    'refunded_minor', coalesce(money.refunded, 0)::bigint,
    'undecided_minor', coalesce(money.undecided, 0)::bigint,
    'currency', (SELECT currency FROM event WHERE id = $1::uuid)
)::text
FROM (
    SELECT sum(p.captured_minor) AS captured, sum(p.refunded_minor) AS refunded,
        sum(p.captured_minor - p.refunded_minor) FILTER (
            WHERE p.state IN (6, 8, 9, 11)
              AND (r.state IS DISTINCT FROM 2 OR r.payment_id IS DISTINCT FROM p.id)) AS undecided
    FROM payment p
    LEFT JOIN reservation r ON r.event_id = p.event_id AND r.id = p.reservation_id
    WHERE p.event_id = $1::uuid) AS money
