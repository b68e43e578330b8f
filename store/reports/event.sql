-- Status in the numbers of schemas/seat.h, reservation states in those of actors/event/event.h.
SELECT json_build_object(
    'id', e.id::text,
    'name', e.name,
    'category', e.category,
    'description', e.description,
    'production', (SELECT p.name FROM production p WHERE p.id = e.production_id),
    'venue', v.name,
    'venue_id', v.id::text,
    'city', v.city,
    'time_zone', v.time_zone,
    'status', CASE WHEN e.status = 1 AND e.sale_starts_at <= clock_timestamp() THEN 'on_sale'
        ELSE (ARRAY['scheduled', 'on_sale', 'paused', 'closed', 'cancelled'])[e.status] END,
    'starts_at', to_char(e.starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'sale_starts_at', to_char(e.sale_starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'hold_seconds', e.hold_seconds,
    'plan', encode(e.plan_hash, 'hex'),
    'currency', e.currency,
    'prices', (
        SELECT coalesce(json_agg(json_build_object('category', category,
                                                   'price_minor', price_minor)
                                 ORDER BY category), '[]')
        FROM event_price WHERE event_id = e.id),
    'fee_bp', e.fee_bp,
    'tax_bp', e.tax_bp,
    'refunds', (
        SELECT coalesce(json_agg(json_build_object('before_seconds', s.before,
                                                   'percent', s.percent) ORDER BY s.place), '[]')
        FROM unnest(e.refund_before_seconds, e.refund_percent) WITH ORDINALITY
            AS s(before, percent, place)),
    'seats', e.seats,
    'held', taken.held,
    'sold', taken.sold,
    'facts', coalesce(l.last_seq, 0),
    'epoch', coalesce(l.epoch, 0),
    'holder', (SELECT h.name FROM host h WHERE h.id = l.holder),
    'holder_id', l.holder
)::text
FROM event e
JOIN venue v ON v.id = e.venue_id
LEFT JOIN actor_lease l ON l.actor = e.id
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE r.state = 1) AS held, count(*) FILTER (WHERE r.state = 2) AS sold
    FROM claimed_seat c
    JOIN reservation r ON r.event_id = c.event_id AND r.id = c.reservation_id
    WHERE c.event_id = e.id) AS taken
WHERE e.id = $1::uuid
