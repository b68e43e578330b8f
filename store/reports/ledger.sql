-- Books that must agree, each question in one statement and so as of one moment: which reservation
-- owns which seat, by claims and by live reservations; money, by reservations, payments and
-- postings (function event_money); and the postings, which are written with a payment's fact.
-- States are numbered in actors/event/event.h and actors/payment/payment.h.
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
    'postings', (SELECT count(*) FROM posting p WHERE p.event_id = $1::uuid),
    'postings_without_fact', (
        SELECT count(*) FROM posting p
        LEFT JOIN fact f ON f.actor = p.actor AND f.seq = p.seq AND f.kind BETWEEN 6 AND 11
        WHERE p.event_id = $1::uuid AND f.seq IS NULL),
    'money', (
        SELECT json_agg(json_build_object(
            'currency', m.currency,
            'sold_minor', m.sold_minor,
            'captured_minor', m.captured_minor,
            'refunded_minor', m.refunded_minor,
            'retained_minor', m.retained_minor,
            'undecided_minor', m.undecided_minor,
            'unbalanced_minor', m.unbalanced_minor
        ) ORDER BY m.currency)
        FROM event_money($1::uuid) AS m)
)::text
