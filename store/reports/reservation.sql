-- By the event's tag in the id ($2), so that it is one look-up by key. States are numbered in
-- actors/event/event.h, actors/payment/payment.h and actors/ticket/ticket.h.
SELECT json_build_object(
    'id', r.id::text,
    'event_id', e.id::text,
    'event', e.name,
    'plan', encode(e.plan_hash, 'hex'),
    'state', (ARRAY['held', 'confirmed', 'expired', 'cancelled', 'refunded'])[r.state],
    'buyer_id', r.buyer_id::text,
    'created_at', to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'expires_at', to_char(r.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'total_minor', r.total_minor,
    'currency', e.currency,
    'seats', r.seats,
    'price_minor', r.price_minor,
    'claimed_seats', (SELECT count(*) FROM unnest(r.seats) AS taken(seat)
                      JOIN seat_claim c ON c.seat_key = (e.tag << 16 | taken.seat)
                        AND c.reservation_id = r.id),
    'payments', (
        SELECT coalesce(json_agg(json_build_object(
            'id', p.id::text,
            'state', (ARRAY['created', 'open', 'processing', 'declined', 'cancelled', 'captured',
                            'confirmed', 'refund_due', 'refunding', 'refunded',
                            'refund_failed'])[p.state],
            'amount_minor', p.amount_minor,
            'captured_minor', p.captured_minor,
            'refunded_minor', p.refunded_minor,
            'currency', p.currency,
            'intent_id', p.intent_id,
            'refund_id', p.refund_id
        ) ORDER BY p.id), '[]')
        FROM payment p WHERE p.event_id = e.id AND p.reservation_id = r.id),
    'tickets', (
        SELECT coalesce(json_agg(json_build_object(
            'id', t.id::text,
            'seat', t.seat,
            'state', (ARRAY['valid', 'revoked', 'used'])[t.state],
            'issued_at', to_char(t.issued_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
        ) ORDER BY t.seat), '[]')
        FROM ticket t WHERE t.event_id = e.id AND t.reservation_id = r.id)
)::text
FROM event e
JOIN reservation r ON r.event_id = e.id AND r.id = $1::uuid
WHERE e.tag = $2::bigint
